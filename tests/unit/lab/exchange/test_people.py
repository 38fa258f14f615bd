"""Contacts: in folders, in public folders of old and new servers, in the directory."""

from __future__ import annotations

import base64

import pytest
from lab.exchange.contacts import Card
from lab.exchange.xml import M, T
from lxml import etree

from tests.unit.lab.exchange.desk import ANNA, IDS, SERVICE, Desk, desk, value
from tests.unit.lab.exchange.test_faults import POX, SOAP, discover

ROOT = '<t:DistinguishedFolderId Id="publicfoldersroot"/>'
FIELDS = (
    '<t:FieldURI FieldURI="contacts:DisplayName"/><t:FieldURI FieldURI="contacts:CompanyName"/>'
    '<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="EmailAddress1"/>'
    '<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="BusinessPhone"/>'
)
PAGED = (
    '<m:IndexedPageItemView MaxEntriesReturned="{size}" Offset="{offset}" BasePoint="Beginning"/>'
)


def book(named: str = "2016", *, public: bool = True) -> Desk:
    """Return a desk whose organization has customers and, below them, suppliers."""
    one = desk(named)
    organization = one.server.organization
    if public:
        customers = organization.public_folder("Customers & more")
        suppliers = organization.public_folder("Suppliers", customers)
        tree = organization.public_folders()
        cards = (("Carla Cole", "Cole GmbH", "+49 30 1"), ("Bo Berg", "Berg AB", "+46 8 2"))
        for name, company, phone in cards:
            given, _, family = name.partition(" ")
            tree.add_card(
                Card(name, given, family, company, emails=(f"{given}@x.test",),
                     phones={"BusinessPhone": phone, "MobilePhone": "0171"}),
                customers.name,
            )  # fmt: skip
        tree.add_card(Card("Sven Supply", "Sven", "Supply"), suppliers.name)
        one.headers = {"x-publicfoldermailbox": tree.address}
    return one


def folders(one: Desk, parent: str = ROOT, traversal: str = "Shallow") -> etree._Element:
    return one.ask(
        f'<m:FindFolder Traversal="{traversal}"><m:FolderShape>{IDS}<t:AdditionalProperties>'
        '<t:FieldURI FieldURI="folder:DisplayName"/><t:FieldURI FieldURI="folder:FolderClass"/>'
        '<t:ExtendedFieldURI PropertyTag="0x6698" PropertyType="Binary"/>'
        "</t:AdditionalProperties></m:FolderShape>"
        f"<m:ParentFolderIds>{parent}</m:ParentFolderIds></m:FindFolder>"
    )


def first_folder(found: etree._Element) -> str:
    node = found.find(f".//{T}FolderId")
    assert node is not None
    return f'<t:FolderId Id="{node.get("Id")}"/>'


def cards(one: Desk, folder: str, view: str, restriction: str = "", fields: str = FIELDS) -> str:
    return (
        f'<m:FindItem Traversal="Shallow"><m:ItemShape>{IDS}<t:AdditionalProperties>{fields}'
        f"</t:AdditionalProperties></m:ItemShape>{view}{restriction}"
        f"<m:ParentFolderIds>{folder}</m:ParentFolderIds></m:FindItem>"
    )


def names(found: etree._Element) -> list[str]:
    return [node.text or "" for node in found.iter(T + "DisplayName")]


@pytest.mark.parametrize("named", ["2007 SP1", "2010", "2016", "SE"])
def test_public_folders_are_walked_folder_by_folder(named: str) -> None:
    one = book(named)
    top = folders(one)
    assert names(top) == ["Customers & more"]
    below = first_folder(top)
    assert names(folders(one, below)) == ["Suppliers"]
    assert value(folders(one, traversal="Deep"), "ResponseCode") == "ErrorInvalidOperation"
    found = one.ask(cards(one, below, PAGED.format(size=9, offset=0)))
    assert names(found) == ["Carla Cole", "Bo Berg"]
    entries = [(node.get("Key"), node.text) for node in found.iter(T + "Entry")]
    assert entries[:2] == [("EmailAddress1", "Carla@x.test"), ("BusinessPhone", "+49 30 1")]


def test_a_contacts_view_goes_by_name_from_a_name_on() -> None:
    one = book()
    folder = first_folder(folders(one))
    assert names(one.ask(cards(one, folder, '<m:ContactsView MaxEntriesReturned="9"/>'))) == [
        "Bo Berg", "Carla Cole"
    ]  # fmt: skip
    late = '<m:ContactsView MaxEntriesReturned="9" InitialName="C"/>'
    assert names(one.ask(cards(one, folder, late))) == ["Carla Cole"]
    page = one.ask(cards(one, folder, '<m:ContactsView MaxEntriesReturned="1"/>'))
    assert next(page.iter(M + "RootFolder")).get("IncludesLastItemInRange") == "false"


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ('<t:FieldURI FieldURI="contacts:CompanyName"/>', "berg", ["Bo Berg"]),
        ('<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="BusinessPhone"/>', "30",
         ["Carla Cole"]),
        ('<t:FieldURI FieldURI="contacts:DisplayName"/>', "nobody", []),
    ],
)  # fmt: skip
def test_contacts_are_found_by_what_a_field_contains(
    path: str, text: str, found: list[str]
) -> None:
    one = book()
    wanted = (
        '<m:Restriction><t:Contains ContainmentMode="Substring" ContainmentComparison="IgnoreCase">'
        f'{path}<t:Constant Value="{text}"/></t:Contains></m:Restriction>'
    )
    folder = first_folder(folders(one))
    request = cards(one, folder, PAGED.format(size=9, offset=0), wanted)
    assert names(one.ask(request)) == found


def test_a_page_tells_where_the_next_begins() -> None:
    one = book()
    folder = first_folder(folders(one))
    root = next(one.ask(cards(one, folder, PAGED.format(size=1, offset=0))).iter(M + "RootFolder"))
    assert (root.get("IndexedPagingOffset"), root.get("IncludesLastItemInRange")) == ("1", "false")
    assert names(one.ask(cards(one, folder, PAGED.format(size=1, offset=1)))) == ["Bo Berg"]


def test_a_contact_is_got_by_its_id() -> None:
    one = book()
    page = one.ask(cards(one, first_folder(folders(one)), PAGED.format(size=1, offset=0)))
    node = page.find(f".//{T}ItemId")
    assert node is not None
    found = one.ask(
        "<m:GetItem><m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>"
        f'<m:ItemIds><t:ItemId Id="{node.get("Id")}"/></m:ItemIds></m:GetItem>'
    )
    assert (value(found, "GivenName"), value(found, "Surname")) == ("Carla", "Cole")
    assert len(list(found.iter(T + "Entry"))) == 3


def test_since_2013_a_request_has_to_name_the_mailbox_of_the_tree() -> None:
    one = book("2016")
    for headers, code in (
        ({}, "ErrorPublicFolderMailboxDiscoveryFailed"),
        ({"x-publicfoldermailbox": ANNA}, "ErrorPublicFolderOperationFailed"),
    ):
        one.headers = headers
        assert value(folders(one), "ResponseCode") == code
    guid = one.server.organization.public_folders().guid
    one.headers = {"x-publicfoldermailbox": f"{guid}@example.test"}
    assert value(folders(one), "ResponseCode") == "NoError"
    old = book("2010")
    old.headers = {}
    assert value(folders(old), "ResponseCode") == "NoError"


def test_contents_may_lie_in_another_mailbox_which_the_folder_names() -> None:
    one = book("2016")
    organization = one.server.organization
    home = organization.move_contents(organization.public_folders().own["#101"], "contents2")
    found = folders(one)
    told = base64.b64decode(value(found, "Value")).decode().rstrip("\0")
    assert told == home.guid
    request = cards(one, first_folder(found), PAGED.format(size=9, offset=0))
    assert one.codes(request) == ["ErrorPublicFolderOperationFailed"]
    one.headers = {"x-publicfoldermailbox": home.address}
    assert one.codes(request) == ["NoError"]


def test_autodiscover_names_the_mailbox_of_the_tree() -> None:
    one = book("2016")
    pox = discover(one, POX.format(address=ANNA)).body
    assert b"<SmtpAddress>publicfolders@example.test</SmtpAddress>" in pox
    soap = discover(one, SOAP, "autodiscover.svc").body
    assert b"<Value>publicfolders@example.test</Value>" in soap


def test_where_there_are_no_public_folders_that_is_said() -> None:
    assert (
        value(folders(book(public=False)), "ResponseCode") == "ErrorNoPublicFolderServerAvailable"
    )


def test_an_old_schema_knows_no_newer_kinds_of_numbers() -> None:
    one = book("2010")
    field = '<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="IPPhone"/>'
    folder = first_folder(folders(one))
    assert one.fault(cards(one, folder, PAGED.format(size=1, offset=0), fields=field)) == (
        "ErrorSchemaValidation"
    )


def people(text: str, size: int = 10, offset: int = 0) -> str:
    fields = "".join(
        f'<t:FieldURI FieldURI="persona:{name}"/>'
        for name in ("DisplayName", "CompanyName", "EmailAddress", "BusinessPhoneNumbers")
    )
    query = f"<m:QueryString>{text}</m:QueryString>" if text else ""
    return (
        f"<m:FindPeople><m:PersonaShape>{IDS}<t:AdditionalProperties>{fields}"
        f"</t:AdditionalProperties></m:PersonaShape>{PAGED.format(size=size, offset=offset)}"
        '<m:ParentFolderId><t:DistinguishedFolderId Id="directory"/></m:ParentFolderId>'
        f"{query}</m:FindPeople>"
    )


def test_people_are_found_by_the_beginning_of_a_name_or_address() -> None:
    one = desk("2016")
    one.anna.phone = "+49 30 77"
    one.server.organization.directory.append(
        Card("Otto Out", "Otto", "Out", "Elsewhere", emails=("otto@else.test",), office="4.01",
             phones={"BusinessPhone": "1", "MobilePhone": "2", "BusinessFax": "3"})
    )  # fmt: skip
    found = one.ask(people("ann"))
    assert names(found) == ["Anna Berg"]
    assert [node.text for node in found.iter(T + "Number")] == ["+49 30 77"]
    assert names(one.ask(people("otto@"))) == ["Otto Out"]
    assert names(one.ask(people("", size=2))) == ["Anna Berg", "Bea Alm"]
    rest = one.ask(people("", size=2, offset=2))
    assert names(rest) == ["Otto Out", "Service account"]
    assert value(rest, "TotalNumberOfPeopleInView") == "4"


def test_everything_of_a_persona_is_valid() -> None:
    one = desk("2016")
    one.server.organization.directory.append(
        Card("Otto Out", "Otto", "Out", "Elsewhere", "Sales", "Head", "4.01", ("otto@else.test",),
             {"BusinessPhone": "1", "BusinessPhone2": "4", "MobilePhone": "2", "BusinessFax": "3",
              "HomePhone": "5", "AssistantPhone": "6"})
    )  # fmt: skip
    found = one.ask(people("otto").replace("IdOnly", "Default"))
    assert sorted(node.text or "" for node in found.iter(T + "Number")) == list("123456")


def test_there_are_no_people_before_2013() -> None:
    assert desk("2010 SP2").fault(people("ann")) == "ErrorSchemaValidation"


def resolve(text: str, scope: str = "ActiveDirectory") -> str:
    return (
        f'<m:ResolveNames ReturnFullContactData="true" SearchScope="{scope}">'
        f"<m:UnresolvedEntry>{text}</m:UnresolvedEntry></m:ResolveNames>"
    )


def test_a_resolved_name_comes_with_all_that_is_known() -> None:
    one = desk()
    one.anna.card = Card(
        "Anna Berg", "Anna", "Berg", "Acme", "Sales", "Head of sales", "2.17", (ANNA,),
        {"BusinessPhone": "+49 30 77", "MobilePhone": "0171"},
    )  # fmt: skip
    found = one.ask(resolve("berg"))
    told = {name: value(found, name) for name in ("Department", "JobTitle", "OfficeLocation")}
    assert told == {"Department": "Sales", "JobTitle": "Head of sales", "OfficeLocation": "2.17"}
    entries = {node.get("Key"): node.text for node in found.iter(T + "Entry")}
    assert entries == {
        "EmailAddress1": f"SMTP:{ANNA}", "BusinessPhone": "+49 30 77", "MobilePhone": "0171"
    }  # fmt: skip
    assert value(found, "ContactSource") == "ActiveDirectory"


def test_own_contacts_are_resolved_where_the_scope_says_so() -> None:
    one = desk()
    one.anna.add_card(Card("Annika Own", "Annika", "Own", emails=("annika@x.test",)))
    assert one.codes(resolve("annika")) == ["ErrorNameResolutionNoResults"]
    found = one.ask(resolve("ann", "ContactsActiveDirectory"))
    assert names(found) == ["Annika Own", "Anna Berg"]
    assert value(found, "ResponseCode") == "ErrorNameResolutionMultipleResults"
    assert value(one.ask(resolve("annika", "Contacts")), "ContactSource") == "Store"


def test_an_account_without_a_mailbox_resolves_nobody() -> None:
    one = desk()
    one.server.organization.add_account("bare", "secret", impersonates=None)
    one.user, one.impersonate = ("bare", SERVICE[1]), ""
    assert one.codes(resolve("anna")) == ["ErrorNameResolutionNoMailbox"]

"""A book finds contacts as people type, and numbers in whatever form they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.directory.book import Book, words
from kalends.directory.contract import Contact, ContactNumber
from kalends.directory.numbers import Numbers
from kalends.errors import UserError
from kalends.model.organization import Numbering

NUMBERS = Numbers(
    Numbering(
        country="SE",
        outside_prefix="0",
        extensions=("1000-1999",),
        did={"+468123000-+468123999": "1000-1999"},
    )
)


def one(name: str, *numbers: str, **keys: str) -> Contact:
    told = tuple(NUMBERS.numbered("desk", number) for number in numbers)
    return Contact(name, name, "pf", numbers=told, **keys)  # type: ignore[arg-type]  # texts only


BOOK = Book(
    [
        one("Åsa Öberg", "08-123 456 78", company="Bergs Bageri"),
        one("Jan Berg", "070-174 06 35", company="Nord & Co"),
        one("Łukasz Groß", "+48 22 123 45 67", company="Nord & Co", department="Sales"),
        one("Växeln", "1001", title="Reception"),
        one("Bad Number", "call me"),
    ]
)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("berg", ["Jan Berg", "Åsa Öberg"]),  # a name before a company
        ("ber bag", ["Åsa Öberg"]),
        ("asa", ["Åsa Öberg"]),
        ("ÖBERG", ["Åsa Öberg"]),
        ("lukasz gross", ["Łukasz Groß"]),
        ("nord", ["Jan Berg", "Łukasz Groß"]),
        ("sales nord", ["Łukasz Groß"]),
        ("erg", []),  # the middle of a word is not its beginning
        ("", []),
        ("  - , ", []),
        ("5678", ["Åsa Öberg"]),
        ("456 78", ["Åsa Öberg"]),
        ("08-123 456 78", ["Åsa Öberg"]),
        ("0701740635", ["Jan Berg"]),
        ("123 45 67", ["Łukasz Groß"]),
        ("1001", ["Växeln"]),
    ],
)
def test_contacts_are_found_as_people_type(text: str, names: list[str]) -> None:
    assert [found.name for found in BOOK.search(text)] == names


@pytest.mark.parametrize(
    ("number", "names"),
    [
        ("+46812345678", ["Åsa Öberg"]),
        ("0046812345678", ["Åsa Öberg"]),
        ("0 08-123 456 78", ["Åsa Öberg"]),  # with the outside prefix
        ("1001", ["Växeln"]),
        ("+468123001", ["Växeln"]),  # the DID number of the same telephone
        ("+46812345679", []),
    ],
)
def test_a_number_tells_whose_it_is_in_any_form(number: str, names: list[str]) -> None:
    found = [contact for form in NUMBERS.alike(number) for contact in BOOK.lookup(form)]
    assert [contact.name for contact in found] == names


def test_what_is_no_number_is_said_to_be_none() -> None:
    with pytest.raises(UserError, match="no telephone number"):
        NUMBERS.alike("call me")
    assert NUMBERS.numbered("desk", "call me") == ContactNumber("call me", "desk", None)


def test_no_more_are_told_than_asked_for() -> None:
    book = Book(one(f"Berg {number}") for number in range(100))
    assert len(book.search("berg", 7)) == 7
    assert len(book) == 100


@given(
    st.lists(st.text("abåöøß -&", min_size=1, max_size=12), max_size=20),
    st.text("abåöß ", max_size=4),
)
def test_a_book_finds_what_looking_at_everybody_finds(names: list[str], text: str) -> None:
    book = Book(Contact(str(place), name, "pf") for place, name in enumerate(names))
    wanted = words(text)
    slow = {
        str(place)
        for place, name in enumerate(names)
        if wanted and all(any(w.startswith(one) for w in words(name)) for one in wanted)
    }
    assert {found.id for found in book.search(text, 100)} == slow

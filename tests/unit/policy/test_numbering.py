"""POLICY section 6: numbers in one form; emergency and premium numbers are never targets."""

from __future__ import annotations

import pytest

from kalends.model.organization import Numbering
from kalends.policy.numbering import ForwardTargets, NumberPlan, NumberRefused, parse_range

SWEDEN = NumberPlan(
    Numbering(
        country="SE",
        outside_prefix="0",
        extensions=("1000-1999", "77"),
        did={"+468123000-+468123999": "1000-1999"},
    )
)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("+46 8 123 456 78", "+46812345678"),
        ("08-123 456 78", "+46812345678"),
        ("+46 (0)8 123 456 78", "+46812345678"),
        ("0046812345678", "+46812345678"),
        ("0 08-123 456 78", "+46812345678"),
        ("000 46 8 123 456 78", "+46812345678"),
        ("070-174 06 05", "+46701740605"),
        ("+1 212 736 5000", "+12127365000"),
        ("1001", "1001"),
        (" 1 001 ", "1001"),
        ("77", "77"),
        ("112", "112"),
    ],
)
def test_however_it_is_written_a_number_has_one_form(written: str, plain: str) -> None:
    assert SWEDEN.canonical(written) == plain


@pytest.mark.parametrize(
    "text", ["", "anna", "2001", "+46", "1001;ext=2", "08\n123", "*21*1#", "+"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(NumberRefused):
        SWEDEN.canonical(text)


@pytest.mark.parametrize(
    "number",
    ["112", "0112", "911", "999", "+46 900 123 45 67", "0900-123 45 67", "0 0900-123 45 67",
     "+1 900 555 0100", "+44 909 879 0000", "118118"],
)  # fmt: skip
def test_emergency_and_premium_numbers_are_never_targets(number: str) -> None:
    with pytest.raises(NumberRefused):
        SWEDEN.target(number)


@pytest.mark.parametrize("country", ["SE", "DE", "GB", "US", "FR", None])
@pytest.mark.parametrize("number", ["112", "911"])
def test_emergency_numbers_are_known_whatever_the_country(country: str | None, number: str) -> None:
    with pytest.raises(NumberRefused):
        NumberPlan(Numbering(country=country)).target(number)


def test_an_extension_of_the_house_is_a_target_even_where_it_looks_like_another() -> None:
    assert NumberPlan(Numbering(country="SE", extensions=("100-199",))).target("118") == "118"


@pytest.mark.parametrize(
    ("country", "number"), [("SE", "112"), ("DE", "110"), (None, "112"), ("US", "911")]
)
def test_an_emergency_number_is_no_target_though_it_lies_in_a_range_of_extensions(
    country: str | None, number: str
) -> None:
    house = NumberPlan(Numbering(country=country, extensions=("100-199", "900-999")))
    with pytest.raises(NumberRefused, match="emergency"):
        house.target(number)
    assert house.target("121") == "121"


def test_without_ranges_short_numbers_are_extensions() -> None:
    plain = NumberPlan(Numbering(country="SE"))
    assert plain.canonical("4711") == "4711"
    assert NumberPlan(Numbering()).canonical("1001") == "1001"


def test_direct_numbers_lead_to_extensions_and_back() -> None:
    assert SWEDEN.extension_of("+468123001") == "1001"
    assert SWEDEN.did_of("1999") == "+468123999"
    assert SWEDEN.extension_of("+468124001") is None
    assert SWEDEN.did_of("77") is None


def test_leading_zeros_of_an_extension_are_kept() -> None:
    plan = NumberPlan(Numbering(did={"+468123000-+468123099": "0000-0099"}))
    assert plan.extension_of("+468123007") == "0007"


@pytest.mark.parametrize("text", ["", "a-b", "10-9", "1-22", "1-", "-5"])
def test_a_range_goes_from_low_to_high_in_equal_length(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_range(text)


class TestForwardTargets:
    def test_only_listed_numbers_are_allowed_in_any_spelling(self) -> None:
        targets = ForwardTargets(SWEDEN, ("08-123 456 78", "1001"))
        assert targets.allowed("+46812345678") == "+46812345678"
        assert targets.allowed("1001") == "1001"
        assert targets.allowed("1002") is None
        assert targets.allowed("+46701740605") is None

    def test_a_direct_number_is_its_extension(self) -> None:
        targets = ForwardTargets(SWEDEN, ("1001",))
        assert targets.allowed("08-12 30 01") == "+468123001"
        assert targets.allowed("08-12 30 02") is None

    def test_a_star_opens_ordinary_numbers_only(self) -> None:
        targets = ForwardTargets(SWEDEN, ("*",))
        assert targets.allowed("+1 212 736 5000") == "+12127365000"
        assert targets.allowed("112") is None

    @pytest.mark.parametrize(
        ("text", "number", "rest"),
        [
            ("1001 jour", "1001", "jour"),
            ("08-123 456 78 jour", "+46812345678", "jour"),
            ("08-123 456 78 2 dagar", "+46812345678", "2 dagar"),
            ("1001", "1001", ""),
            ("1002 jour", None, "jour"),
            ("jour", None, "jour"),
            ("112", None, ""),
            ("1001" * 20, None, ""),
        ],
    )
    def test_the_number_in_front_of_a_text(self, text: str, number: str | None, rest: str) -> None:
        targets = ForwardTargets(SWEDEN, ("08-123 456 78", "1001"))
        assert targets.leading(text) == (number, rest)

    def test_a_premium_number_is_not_shortened_to_an_ordinary_one(self) -> None:
        targets = ForwardTargets(SWEDEN, ("*",))
        assert targets.leading("0900 123 45 67 x")[0] is None
        assert targets.leading("090012345678901234567890123456789012 x")[0] is None

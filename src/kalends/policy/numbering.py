"""Numbers as an organization writes them, and the one form they are compared in. POLICY section 6.

Place in the flow: *settings → number plan → profiles, forward marks, call targets*. The one form
is E.164 (``+46812345678``), or the digits of an extension. Emergency, premium and the like are
never targets (POLICY section 7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, shortnumberinfo

from kalends.errors import UserError
from kalends.model.organization import Numbering

_DIALLED: Final = re.compile(r"^\+?[0-9][0-9 ()./-]*$")
_SPACING: Final = re.compile(r"[ ()./-]")
_COSTLY: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})


class NumberRefused(UserError):
    """The text is no number here, or none that calls may be sent to."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers of one length from ``first`` to ``last``, both included."""

    first: str
    last: str

    def __contains__(self, number: str) -> bool:
        return len(number) == len(self.first) and self.first <= number <= self.last

    def __len__(self) -> int:
        return int(self.last.lstrip("+")) - int(self.first.lstrip("+")) + 1

    def place(self, number: str) -> int:
        """Return how many numbers of the range stand before this one."""
        return int(number.lstrip("+")) - int(self.first.lstrip("+"))

    def at(self, place: int) -> str:
        """Return the number at a place; leading zeros and the plus are kept."""
        sign = "+" if self.first.startswith("+") else ""
        digits = self.first.lstrip("+")
        return f"{sign}{int(digits) + place:0{len(digits)}d}"


def parse_range(text: str) -> Range:
    """Read ``1000-1999``, or a single number; raises ``ValueError`` saying what is wrong."""
    first, dash, last = (part.strip() for part in text.partition("-"))
    last = last if dash else first
    if not re.fullmatch(r"\+?[0-9]+", first) or not re.fullmatch(r"\+?[0-9]+", last):
        raise ValueError(f"{text!r} is no range of numbers")
    if len(first) != len(last) or first > last:
        raise ValueError(f"{text!r} must go from a lower to a higher number of the same length")
    return Range(first, last)


class NumberPlan:
    """Reads numbers by ``[organizations.numbering]``."""

    def __init__(self, numbering: Numbering) -> None:
        self.country = numbering.country
        self.outside_prefix = numbering.outside_prefix
        self.extensions = tuple(parse_range(text) for text in numbering.extensions)
        self.dids = tuple(
            (parse_range(did), parse_range(extensions)) for did, extensions in numbering.did.items()
        )

    def canonical(self, number: str) -> str:
        """Return E.164 or the extension's digits; a DID number stays a DID number.

        Raises ``NumberRefused`` where the text is neither.
        """
        if not _DIALLED.match(number.strip()):
            raise NumberRefused(f"{number!r} is no telephone number: write +46812345678 or 1001")
        digits = _SPACING.sub("", number.strip().replace("(0)", ""))
        if self.is_extension(digits):
            return digits
        for candidate in self._readings(digits):
            if candidate is not None and phonenumbers.is_valid_number(candidate):
                return phonenumbers.format_number(candidate, PhoneNumberFormat.E164)
        if self._short(digits):
            return digits
        raise NumberRefused(
            f"{number!r} is no valid number here: write it with + and country code, set "
            "numbering.country, or add its range to numbering.extensions"
        )

    def target(self, number: str) -> str:
        """Return the one form of a number that calls may be sent to.

        Raises ``NumberRefused`` for emergency, premium and shared-cost numbers too.
        """
        plain = self.canonical(number)
        if self.is_extension(plain) and not self._calls_for_help(plain):
            return plain
        if self._emergency(plain):
            raise NumberRefused(f"{number!r} is an emergency number: calls are never sent there")
        if self._costly(plain):
            raise NumberRefused(f"{number!r} is a premium number: calls are never sent there")
        return plain

    def is_extension(self, digits: str) -> bool:
        """Tell whether the digits are an extension: in a range, or short where there are none."""
        if self.extensions:
            return any(digits in extensions for extensions in self.extensions)
        short = digits.isdigit() and 2 <= len(digits) <= 6
        return short and not self._emergency(digits) and not self._costly(digits)

    def extension_of(self, number: str) -> str | None:
        """Return the extension behind a DID number, or None."""
        for did, extensions in self.dids:
            if number in did:
                return extensions.at(did.place(number))
        return None

    def did_of(self, extension: str) -> str | None:
        """Return the DID number of an extension, or None."""
        for did, extensions in self.dids:
            if extension in extensions:
                return did.at(extensions.place(extension))
        return None

    def _readings(self, digits: str) -> Iterable[PhoneNumber | None]:
        """Yield what the digits may mean: as written, then behind the outside prefix."""
        prefix = self.outside_prefix
        yield self._parsed(digits)
        if digits.startswith("00"):
            yield self._parsed(f"+{digits[2:]}")
        if prefix and digits.startswith(prefix):
            rest = digits[len(prefix) :]
            yield self._parsed(rest)
            if rest.startswith("00"):
                yield self._parsed(f"+{rest[2:]}")

    def _parsed(self, digits: str) -> PhoneNumber | None:
        try:
            return phonenumbers.parse(digits, self.country)
        except phonenumbers.NumberParseException:
            return None

    def _short(self, digits: str) -> bool:
        """Tell whether it is a public short number (112, 118118) of the country."""
        if self.country is None or not digits.isdigit():
            return False
        parsed = self._parsed(digits)
        return parsed is not None and bool(shortnumberinfo.is_valid_short_number(parsed))

    def _calls_for_help(self, extension: str) -> bool:
        """Tell whether an extension of the house is exactly what people dial for help here."""
        if extension in _HELP or self.country is None:
            return extension in _HELP
        return bool(shortnumberinfo.is_emergency_number(extension, self.country))

    def _emergency(self, digits: str) -> bool:
        # 112 and 911 reach help nearly everywhere, whatever the country is said to be.
        bare = self._without_prefix(digits)
        if {digits, bare} & _EMERGENCY_ANYWHERE:
            return True
        country = self.country
        return country is not None and any(
            bool(shortnumberinfo.connects_to_emergency_number(number, country))
            for number in (digits, bare)
            if number.isdigit()
        )

    def _costly(self, digits: str) -> bool:
        parsed = self._parsed(digits)
        if parsed is None:
            return False
        if phonenumbers.number_type(parsed) in _COSTLY:
            return True
        if not digits.isdigit() or self.country is None:
            return False
        cost = shortnumberinfo.expected_cost_for_region(parsed, self.country)
        return bool(cost == shortnumberinfo.ShortNumberCost.PREMIUM_RATE)

    def _without_prefix(self, digits: str) -> str:
        prefix = self.outside_prefix
        return digits[len(prefix) :] if prefix and digits.startswith(prefix) else digits


_HELP: Final = frozenset({"112", "911"})
"""Every mobile telephone connects these to help; a switchboard is likely to."""
_EMERGENCY_ANYWHERE: Final = frozenset({"112", "911", "999", "000", "110", "118", "119", "113"})


class ForwardTargets:
    """Where a forward mark may lead: the listed numbers, or every ordinary one (``*``)."""

    def __init__(self, plan: NumberPlan, listed: Iterable[str]) -> None:
        self.plan = plan
        numbers = tuple(listed)
        self.open = "*" in numbers
        self.listed: frozenset[str] = frozenset(
            plan.target(number) for number in numbers if number != "*"
        )

    def allowed(self, number: str) -> str | None:
        """Return the number's one form where a mark may lead to it, else None."""
        try:
            plain = self.plan.target(number)
        except NumberRefused:
            return None
        return plain if self.open or self._is_listed(plain) else None

    def _is_listed(self, plain: str) -> bool:
        if plain in self.listed:
            return True
        # 1001 and its DID are the same telephone.
        other = self.plan.extension_of(plain) or self.plan.did_of(plain)
        return other is not None and other in self.listed

    def leading(self, text: str) -> tuple[str | None, str]:
        """Split ``08-123 45 67 standby`` into an allowed number (or None) and the rest.

        People write spaces in numbers, so the whole run of digits is tried, then shorter ones.
        A shorter one must be listed, ``*`` or not: the beginning of a premium number may well be
        somebody's ordinary one.
        """
        found = _LEADING.match(text)
        if found is None:
            return None, text
        run = found[0]
        ends = [index for index, sign in enumerate(run) if sign == " "]
        for end in (len(run), *reversed(ends)):
            number = self.allowed(run[:end].rstrip(" ./-("))
            if number is not None and (end == len(run) or self._is_listed(number)):
                return number, text[end:].strip()
        first = text.split(maxsplit=1)
        return None, first[1] if len(first) > 1 else ""


_LEADING: Final = re.compile(r"\+?[0-9][0-9 ()./-]{0,30}")


def did_problem(did: Mapping[str, str]) -> str | None:
    """Return what is wrong with a DID table, or None."""
    for outside, inside in did.items():
        try:
            if len(parse_range(outside)) != len(parse_range(inside)):
                return f"{outside!r} and {inside!r} hold different counts of numbers."
        except ValueError as error:
            return f"{error}."
    return None

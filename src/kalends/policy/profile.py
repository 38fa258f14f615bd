"""Profiles: what view, texts, sinks and lists need of a person. POLICY sections 5 and 6.

Place in the flow: *settings + record → profile → stored beside the presence*. Here the stage is
inherited, numbers are brought into their one form, and preferences are cut to what the
organization permits.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from kalends.model.organization import Disclosure, Numbering, OrganizationSettings
from kalends.model.person import Number, PersonRecord
from kalends.model.profile import Profile
from kalends.model.vocabulary import Audience, Level, Stage
from kalends.policy.checks import own_target
from kalends.policy.compile import language_of, permitted
from kalends.policy.numbering import ForwardTargets, NumberPlan, NumberRefused

OTHERS: Final = tuple(audience for audience in Audience if audience is not Audience.SELF)
"""The audiences a person may tell less."""


def profile(settings: OrganizationSettings, record: PersonRecord) -> Profile:
    """Return the person's profile. Numbers that cannot be read stay as written."""
    numbers = numbers_of(settings, record)
    own = permitted(settings, record)
    return Profile(
        person=record.id,
        name=record.name,
        language=language_of(settings, record),
        timezone=record.timezone or settings.timezone,
        department=record.department or "",
        extension=extension_of(settings, record, numbers),
        sip=record.sip or "",
        jid=record.jid or "",
        email=record.emails[0] if record.emails else "",
        stage=stage_of(settings, record),
        protected=record.protected,
        kind=str(record.kind),
        given_name=record.given_name or "",
        family_name=record.family_name or "",
        title=record.title or "",
        mobile=_first(numbers, "mobile"),
        voicemail=_first(numbers, "voicemail"),
        delegates=record.delegates,
        substitute=record.substitute or "",
        disclosure=_disclosure(settings.disclosure, own.disclosure),
        forward=_forward(settings, own.forward),
        skills=record.skills,
        left=record.left,
        write_back=bool(own.write_back),
    )


def stage_of(settings: OrganizationSettings, record: PersonRecord) -> Stage:
    """Return the effective stage: the person's, else the department's, else the organization's.

    A leaver is read and told no more.
    """
    if record.left:
        return Stage.OFF
    if record.stage is not None:
        return record.stage
    for department in settings.departments:
        if department.id == record.department and department.stage is not None:
            return department.stage
    return settings.stage


def numbers_of(settings: OrganizationSettings, record: PersonRecord) -> tuple[Number, ...]:
    """Return all numbers of a person in their one form, ``extension``, ``mobile``, ``voicemail``
    among them, in the person's order."""
    written = list(record.numbers)
    shorthand = (
        (record.extension, "desk"),
        (record.mobile, "mobile"),
        (record.voicemail, "voicemail"),
    )
    written += [
        Number.model_validate({"number": number, "kind": kind})
        for number, kind in shorthand
        if number
    ]
    if not written:
        return ()
    plan = _plan_of(settings)
    unique: dict[tuple[str, str], Number] = {}
    for each in sorted(written, key=lambda number: number.order):
        plain = each.model_copy(update={"number": _canonical(plan, each.number)})
        unique.setdefault((plain.number, plain.kind), plain)
    return tuple(unique.values())


def extension_of(
    settings: OrganizationSettings, record: PersonRecord, numbers: tuple[Number, ...]
) -> str:
    """Return the person's extension: as recorded, or behind the DID of a desk number.

    ``numbers``: theirs, in their one form.
    """
    if record.extension:
        return record.extension
    plan = _plan_of(settings)
    for number in numbers:
        if number.kind in ("desk", "softphone", "dect"):
            found = plan.extension_of(number.number)
            if found is not None:
                return found
            if plan.is_extension(number.number):
                return number.number
    return ""


def _plan_of(settings: OrganizationSettings) -> NumberPlan:
    return _plan(settings.numbering.model_dump_json())


@lru_cache(maxsize=64)
def _plan(numbering: str) -> NumberPlan:
    return NumberPlan(Numbering.model_validate_json(numbering))


def _canonical(plan: NumberPlan, number: str) -> str:
    try:
        return plan.canonical(number)
    except NumberRefused:
        return number.strip()


def _first(numbers: tuple[Number, ...], kind: str) -> str:
    return next((number.number for number in numbers if number.kind == kind), "")


def most_told(limits: Disclosure, audience: Audience) -> Level:
    """Return the most an audience is ever told of anybody; outside never a reason."""
    configured: Level = getattr(limits, audience)
    outside = audience is Audience.OUTSIDE and configured.rank > Level.TIMES.rank
    return Level.TIMES if outside else configured


def _disclosure(limits: Disclosure, own: dict[str, Level]) -> dict[str, Level]:
    """Return the person's own levels, none above the organization's."""
    bounded: dict[str, Level] = {}
    for audience in OTHERS:
        level = own.get(audience)
        if level is not None:
            limit = most_told(limits, audience)
            bounded[audience] = level if level.rank <= limit.rank else limit
    return bounded


def _forward(settings: OrganizationSettings, own: dict[str, str]) -> dict[str, str]:
    """Return the person's forwards that lead to a kind of number or to a listed one."""
    if not own:
        return {}
    targets = ForwardTargets(_plan_of(settings), settings.forward_numbers)
    return {activity: target for activity, target in own.items() if own_target(target, targets)}

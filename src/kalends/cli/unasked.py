"""What ``kalends check`` sees without asking any server: languages, addresses, secrets, sign-ins.

Place: the first steps of ``check``, before sources are opened. None of this keeps Kalends from
starting: one person's typing error must not stop everybody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kalends.calendars.contract import Step
from kalends.cli.output import counted
from kalends.config import Configuration
from kalends.errors import Problem
from kalends.model.organization import OrganizationDocument, SourceSpec
from kalends.model.person import PersonRecord
from kalends.model.vocabulary import Stage
from kalends.net import kerberos
from kalends.policy.packs import PACKS, pack_language
from kalends.policy.profile import stage_of

_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_SECRETS = ("password_env", "secret_env")


def refused(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return a configuration's mistakes as steps that failed, for programs."""
    return [
        {"organization": "", "source": "", "what": "configuration", "ok": False,
         "subject": problem.where, "detail": f"{problem.key}: {problem.what}",
         "remedy": problem.remedy, "absent": False}
        for problem in problems
    ]  # fmt: skip


def summary(configuration: Configuration) -> str:
    """Return how much the file describes."""
    people = sum(len(organization.people) for organization in configuration.organizations)
    organizations = counted(len(configuration.organizations), "organization")
    return f"{organizations}, {counted(people, 'person', 'people')}"


def unasked(configuration: Configuration, *, secrets: bool) -> Iterator[tuple[str, str, Step]]:
    """Yield (organization, source, step): warnings that are fine, and what needs attention.

    ``secrets``: whether Kalends would take its secrets from this environment.
    """
    if not configuration.organizations:
        told, remedy = "describes no organization", "Add [[organizations]]; see: kalends init"
        yield "", "", Step("organizations", "none", False, told, remedy)
    for organization in configuration.organizations:
        for step in _organization(organization):
            yield organization.id, "", step
        for source in organization.sources:
            for warning in (_old_tls(source), _no_kerberos(source)):
                if warning:
                    yield organization.id, source.id, warning
    if secrets:
        yield from _secrets(configuration)


def _secrets(configuration: Configuration) -> Iterator[tuple[str, str, Step]]:
    server = configuration.server
    yield from _told("", "", server.mail.model_dump() if server.mail else {})
    yield from _told("", "", {"secret_env": server.alarm_webhook_secret_env})
    for organization in configuration.organizations:
        for source in organization.sources:
            yield from _told(organization.id, source.id, source.options)
        for sink in organization.sinks:
            yield from _told(organization.id, sink.id, sink.options)
        for directory in organization.directories:
            yield from _told(organization.id, directory.id, directory.options)


def _told(
    organization: str, endpoint: str, options: Mapping[str, Any]
) -> Iterator[tuple[str, str, Step]]:
    if missing := without_secret(options):
        yield organization, endpoint, missing


def _organization(organization: OrganizationDocument) -> Iterator[Step]:
    if not organization.people and not organization.people_file:
        told = "no people yet: they come from the file, people_file or the API"
        yield Step("people", organization.id, True, told)
    if organization.people and not organization.sources:
        told = "no sources yet: everybody follows what is set by hand, and work hours"
        yield Step("sources", organization.id, True, told)
    yield from _tongues("organization", organization.id, organization.language)
    for person in organization.people:
        yield from _person(person, organization)


def _person(person: PersonRecord, organization: OrganizationDocument) -> Iterator[Step]:
    """Yield what is wrong where a person's calendar can never be found, or is found by nonsense."""
    read = stage_of(organization, person) is not Stage.OFF and organization.sources
    if read and person.calendars is None and not person.emails:
        remedy = 'Add emails, or calendars = [...], or calendars = "none".'
        yield Step("person", person.id, False, "has neither address nor calendars", remedy)
    for address in person.emails:
        if not _ADDRESS.fullmatch(address):
            remedy = "Write it as anna@acme.example, or take it out."
            yield Step("person", person.id, False, f"{address!r} is no mail address", remedy)
    yield from _tongues("person", person.id, person.language)


def _tongues(what: str, subject: str, language: str | None) -> Iterator[Step]:
    if language is not None and pack_language(language) not in PACKS:
        told = f"language {language!r} is none Kalends speaks; English is used"
        yield Step(what, subject, False, told, f"Choose one of {', '.join(PACKS)}.")


def without_secret(options: Mapping[str, Any]) -> Step | None:
    """Return what is wrong where the place that should hold a secret holds none."""
    for name in (options.get(key) for key in _SECRETS):
        if isinstance(name, str) and not os.environ.get(name):
            remedy = f"Set it where this command and kalends serve run: export {name}=…"
            return Step("secret", name, False, "the environment variable is not set", remedy)
    return None


def _old_tls(spec: SourceSpec) -> Step | None:
    """Return a warning where a source may speak TLS that protects little by itself."""
    oldest = spec.options.get("tls_minimum")
    if oldest not in ("1.0", "1.1"):
        return None
    told = f"down to TLS {oldest}: only the pinned certificate protects it; better a TLS proxy"
    return Step("TLS", "warning", True, told)


def _no_kerberos(spec: SourceSpec) -> Step | None:
    """Return what follows where a source may sign in by Kerberos and the extra is not here."""
    if spec.options.get("auth") != "negotiate" or kerberos.installed():
        return None
    if spec.options.get("keytab_file"):
        error = kerberos.no_extra()
        return Step("Kerberos", spec.id, False, str(error), error.remedy)
    told = f"not installed, so that negotiate means NTLM; for Kerberos: {kerberos.INSTALL}"
    return Step("Kerberos", "warning", True, told)

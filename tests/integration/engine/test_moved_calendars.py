"""Calendars found by e-mail are found again where they moved, and nobody is freed meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.bad_input.site import (
    HOUR,
    Site,
    configuration,
    everybody_busy,
    nobody_was_freed,
    told,
)
from tests.unit.wire.icalendar.samples import calendar


def found_by_email(site: Site, **near: Any) -> dict[str, Any]:
    """Return the organization with nobody's calendar named, all in one source."""
    whole = configuration(site)
    people = [{**one, "calendars": None} for one in whole["people"][:2]]
    source, far = whole["sources"]
    return {
        **whole, "sources": [{**source, **near}, far], "people": [*people, whole["people"][2]],
    }  # fmt: skip


async def located(site: Site, url: str, name: str = "anna") -> None:
    """Wait until a person's calendar is read at an address."""

    async def there() -> bool:
        rows = [row for row in await site.rows(name) if row.key.source == "near"]
        return [row.url for row in rows if row.health == "ok"] == [url]

    await site.until(there, f"{name}'s calendar is read at {url}")


def furnish(site: Site) -> None:
    """Let the far server have everybody's calendars, too, each with one meeting more."""
    for name in ("anna", "bo"):
        site.far.dav.tree.add_user(name, "own", f"{name}@acme.example")
        one = site.far.dav.tree.add_calendar(f"/calendars/{name}/new/", name, "svc")
        one.put("now.ics", calendar(site.meeting("now")))
        one.put("late.ics", calendar(site.meeting("late", begins=4 * HOUR, ends=5 * HOUR)))


def test_a_source_whose_address_changes_is_looked_through_anew(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        furnish(site)
        await site.apply(found_by_email(site))
        since = await everybody_busy(site)
        await located(site, f"{site.near.dav.origin}/calendars/anna/daily/")
        await site.apply(found_by_email(site, url=site.far.url))
        for name in ("anna", "bo"):
            await located(site, f"{site.far.dav.origin}/calendars/{name}/new/", name)
        assert [row.bookings for row in await site.rows("bo") if row.key.source == "near"] == [2]
        before = len(site.near.seen)
        until = site.loop.time() + 120

        async def passed() -> bool:
            return site.loop.time() > until

        await site.until(passed, "two minutes")
        assert site.near.seen[before:] == []  # nobody asks there any more
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_calendar_that_moved_on_its_server_is_found_again(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(found_by_email(site))
        since = await everybody_busy(site)
        tree = site.near.dav.tree
        old = tree.calendars.pop("/calendars/anna/daily/")
        moved = tree.add_calendar("/calendars/anna/moved/", "anna", "svc")
        moved.put("now.ics", old.objects["now.ics"])
        await located(site, f"{site.near.dav.origin}/calendars/anna/moved/")
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_second_calendar_that_is_deleted_is_let_go_of(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        tree = site.near.dav.tree
        second = tree.add_calendar("/calendars/anna/second/", "anna", "svc")
        second.put("late.ics", calendar(site.meeting("late", begins=4 * HOUR, ends=5 * HOUR)))
        await site.apply(found_by_email(site))
        since = await everybody_busy(site)

        async def both() -> bool:
            rows = [row for row in await site.rows() if row.key.source == "near"]
            return [row.health for row in rows] == ["ok", "ok"]

        await site.until(both, "both are read")
        del tree.calendars["/calendars/anna/second/"]
        await located(site, f"{site.near.dav.origin}/calendars/anna/daily/")
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_calendar_that_is_nowhere_any_more_stays_as_known_and_is_told(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await site.apply(found_by_email(site))
        since = await everybody_busy(site)
        del site.near.dav.tree.calendars["/calendars/anna/daily/"]

        async def missed() -> bool:
            rows = [row for row in await site.rows() if row.key.source == "near"]
            return [row.health for row in rows] == ["not-found"]

        await site.until(missed, "it is told")
        assert await site.shows() == ("busy", "meeting")
        nobody_was_freed(site, since)

    told(story, tmp_path)


def test_a_check_tells_whom_another_source_knows_from_whom_none_knows(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        whole = found_by_email(site)
        zoe = {"id": "zoe", "name": "Zoe", "emails": ["zoe@acme.example"]}
        await site.apply({**whole, "people": [whole["people"][0], zoe]})

        async def settled() -> bool:
            rows = [*await site.rows("anna"), *await site.rows("zoe")]
            return [row.health for row in rows] == ["absent", "ok", "absent", "absent"]

        await site.until(settled, "everybody was looked for everywhere")

        async def of(source: str, who: str) -> tuple[bool, bool]:
            last = [one for one in await site.check(source) if one["subject"] == f"{who}/default"]
            return last[-1]["ok"], last[-1]["absent"]

        assert await of("near", "anna") == (True, False)
        assert await of("far", "anna") == (True, True)
        assert await of("near", "zoe") == await of("far", "zoe") == (False, False)

    told(story, tmp_path)

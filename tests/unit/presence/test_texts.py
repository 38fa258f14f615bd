"""The words of a presence: short, line, sentence; days and clocks of twelve languages."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalends.model.vocabulary import Availability
from kalends.presence.texts import SHORT, phrases_for, texts_for
from kalends.presence.words import TONGUES, tongue

from .build import AVAILABLE, AWAY, BUSY, a_lens, anna, m

LANGUAGES = ["sv", "en", "de", "nb", "da", "fi", "nl", "fr", "es", "it", "pl", "pt"]


def at(day: int, hour: int, minute: int = 0, month: int = 3) -> int:
    """Return a local time of Stockholm in March 2026, before summer time, in UTC seconds."""
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp()) - 3600


def say(
    language: str, back: int | None, label: str = "Möte", predicate: str = " P"
) -> tuple[str, ...]:
    return phrases_for(label, predicate, back, language, "Europe/Stockholm", at(2, 9))


def test_a_swedish_meeting_reads_as_the_reference_says() -> None:
    texts = texts_for(
        anna(), a_lens(), availability=BUSY, activity="meeting", back=at(2, 14, 30), now=at(2, 9)
    )
    assert texts.short == "Möte -14:30"
    assert texts.line == "Möte, tillbaka 14:30"
    assert texts.sentence == "Anna Berg är i möte och är tillbaka klockan 14.30."


def test_all_twelve_languages_are_there() -> None:
    assert sorted(TONGUES) == sorted(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "tail"),
    [
        ("sv", " P och är tillbaka på måndag klockan 08.00."),
        ("en", " P and will be back on Monday at 08:00."),
        ("de", " P und ist am Montag um 08:00 Uhr zurück."),
        ("nb", " P og er tilbake på mandag klokken 08.00."),
        ("da", " P og er tilbage på mandag klokken 08.00."),
        ("fi", " P ja palaa maanantaina klo 8.00."),
        ("nl", " P en is maandag om 08:00 uur terug."),
        ("fr", " P et sera de retour lundi à 8 h."),
        ("es", " P y volverá el lunes a las 8:00."),
        ("it", " P e torna lunedì alle 8:00."),
        ("pl", " P i wraca w poniedziałek o 8:00."),
        ("pt", " P e volta na segunda-feira às 8:00."),
    ],
)
def test_another_day_is_named(language: str, tail: str) -> None:
    friday = at(6, 15)
    words = phrases_for("X", " P", at(9, 8), language, "Europe/Stockholm", friday)
    assert words.tail == tail


def test_a_line_names_the_day_too() -> None:
    assert say("sv", at(6, 8))[1] == "Möte, tillbaka fredag 08:00"
    assert say("sv", at(6, 8))[0] == "Möte -fre 08:00"


def test_midnight_needs_no_time() -> None:
    assert say("en", at(6, 0), "Leave") == (
        "Leave -Fri",
        "Leave, back Friday",
        " P and will be back on Friday.",
    )


def test_beyond_a_week_the_date_is_told() -> None:
    assert say("sv", at(9, 8))[1] == "Möte, tillbaka 9 mars"
    assert say("en", at(9, 8))[2] == " P and will be back on 9 March."
    assert say("sv", at(8, 8))[1] == "Möte, tillbaka söndag 08:00"


@pytest.mark.parametrize(
    ("language", "day", "phrase"),
    [
        ("fr", 1, "le 1er avril"),
        ("it", 8, "l'8 aprile"),
        ("it", 2, "il 2 aprile"),
        ("de", 3, "am 3. April"),
    ],
)
def test_dates_take_the_article_of_their_language(language: str, day: int, phrase: str) -> None:
    assert phrase in say(language, at(day, 12, month=4))[2]


@pytest.mark.parametrize(
    ("language", "phrase"), [("es", "a la 1:30"), ("it", "all'1:30"), ("pt", "à 1:30")]
)
def test_one_o_clock_takes_the_singular(language: str, phrase: str) -> None:
    assert phrase in say(language, at(3, 1, 30))[2]


def test_times_are_local_on_both_sides_of_summer_time() -> None:
    before, after = (int(datetime(2026, 3, d, 12, tzinfo=UTC).timestamp()) for d in (28, 29))
    said = [phrases_for("X", "", at_, "en", "Europe/Stockholm", at_)[0] for at_ in (before, after)]
    assert said == ["X -13:00", "X -14:00"]


def test_who_is_available_is_not_said_to_come_back() -> None:
    texts = texts_for(
        anna(), a_lens(), availability=AVAILABLE, activity=None, back=at(2, 12), now=at(2, 9)
    )
    assert texts.sentence == "Anna Berg är tillgänglig."


def test_without_a_reason_the_words_are_those_of_the_availability() -> None:
    texts = texts_for(anna(), a_lens(), availability=AWAY, activity=None, back=None, now=m(0))
    assert texts.line == "Borta"
    assert texts.sentence == "Anna Berg är inte på plats."


def test_an_activity_without_a_spoken_form_is_named() -> None:
    texts = texts_for(anna(), a_lens(), availability=BUSY, activity="yoga", back=None, now=m(0))
    assert texts.sentence == "Anna Berg: Yoga."
    texts = texts_for(
        anna(), a_lens(), availability=BUSY, activity="yoga", back=at(2, 12), now=at(2, 9)
    )
    assert texts.sentence == "Anna Berg: Yoga, tillbaka 12:00."


def test_the_readers_language_goes_before_the_persons() -> None:
    texts = texts_for(
        anna(), a_lens(), availability=BUSY, activity="meeting", back=None, now=m(0), language="en"
    )
    assert texts.sentence == "Anna Berg is in a meeting."


def test_a_regional_tag_is_read_as_its_language_and_an_unknown_one_as_english() -> None:
    assert tongue("de-AT") is tongue("de")
    assert tongue("tlh") is tongue("en")


def test_a_zone_that_means_nothing_reads_as_utc() -> None:
    words = phrases_for("X", "", at(2, 12), "en", "Nowhere/At-all", at(2, 9))
    assert words.short == "X -11:00"


@given(
    st.sampled_from(LANGUAGES),
    st.text(min_size=1, max_size=60),
    st.none() | st.integers(at(2, 9), at(2, 9) + 400 * 86_400),
    st.sampled_from(["UTC", "Europe/Stockholm", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_the_short_form_fits_a_phones_display(
    language: str, label: str, back: int | None, zone: str
) -> None:
    words = phrases_for(label, " P", back, language, zone, at(2, 9))
    assert len(words.short) <= SHORT
    assert words.tail.startswith(" P")
    assert words.line.startswith(label)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_every_availability(language: str) -> None:
    words = tongue(language)
    said = [words.availability[availability] for availability in Availability]
    said += [words.absent, words.undisclosed]
    assert len({label for label, _ in said}) == len(said)
    assert all(label and predicate for label, predicate in said)
    assert all(len(label) <= SHORT for label, _ in said)
    assert len(words.spoken_days) == len(words.line_days) == len(words.short_days) == 7

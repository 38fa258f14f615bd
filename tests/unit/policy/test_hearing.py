"""Short cuts of hearing a text say what the long way says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalends.model.rules import RuleSpec
from kalends.policy.fold import _folded, fold
from kalends.policy.index import TextIndex
from kalends.policy.judge import one_line
from kalends.policy.matching import compile_rule
from kalends.policy.subject import first_word, subject_of

MATCHES: list[dict[str, Any]] = [
    {"code": "m"},
    {"code": ["möte", "ß"]},
    {"code": "m", "category": "Resa"},
    {"category": ["resa ", "RÖD"]},
    {"subject": "plan"},
    {"subject": ["lunch & learn", "home office"]},
    {"subject": "---"},
    {"subject": "plan", "word": "anna"},
    {"word": "anna"},
    {"word": ["on call", "Büro", "re-union"]},
    {"pattern": "a+n"},
    {"pattern": "plan", "category": "resa"},
    {"show_as": "busy"},
    {},
]
RULES = [
    (compile_rule(spec, f"rule-{place}"), spec.match)
    for place, spec in enumerate(RuleSpec.model_validate({"match": match}) for match in MATCHES)
]
WORDS = ("m", "m:", "möte:", "ss;", "plan", "Plan,", "lunch", "&", "learn", "home", "office",
         "home-office", "---", "anna", "on", "call", "buero", "BÜRO", "re-union", "aaan",
         "x")  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join),
    st.lists(st.sampled_from(["Resa", "röd", " Röd", "Blå"]), max_size=2).map(tuple),
)
def test_the_index_finds_what_asking_every_rule_finds(
    text: str, categories: tuple[str, ...]
) -> None:
    subject = subject_of(text)
    asked = [rule.key for rule, _ in RULES if rule.reads and rule.reads(subject, categories)]
    assert TextIndex(RULES).spoken(subject, categories) == tuple(asked)


def test_every_character_is_folded_as_ever() -> None:
    for code in range(0x3000):
        assert fold(chr(code)) == _folded(chr(code)), hex(code)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(max_codepoint=0x17F), max_size=12))
def test_text_with_accents_is_folded_as_letter_by_letter(text: str) -> None:
    assert fold(text) == _folded(text)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab1ä'-_ .:&\t\n\u00a0"), max_size=10))
def test_the_first_word_ends_where_a_word_ends(text: str) -> None:
    word, end = first_word(text)
    assert text[end - len(word) : end] == word
    before = text[: end - len(word)]
    assert not any(sign.isalnum() for sign in before)
    if word:
        rest = text[end:]
        assert not rest[:1].isalnum()
        assert not (rest[:1] in ("'", "-") and rest[1:2].isalnum())


@pytest.mark.parametrize(
    ("written", "told"),
    [("Budget", "Budget"), (" a \t b\n", "a b"), ("a\u00a0b\x00c\u202ed", "a b c d"), ("", "")],
)
def test_a_note_is_one_line_without_control_characters(written: str, told: str) -> None:
    assert one_line(written) == told
    assert len(one_line("x" * 300)) == 255

"""Every mistake can name its line."""

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kalends.config.lines import Lines

TEXT = '''\
# a comment with [brackets] and key = 1
[server]
http = "127.0.0.1:8080"

[[organizations]]
id = "acme"        # not [a] table
marks = { leave_out = "#", hide = "[" }
domains = [
    "a.example",   # ]
    "b.example",
]

[[organizations.people]]
id = "anna"
calendars = [
    { source = "dav" },
    { source = "ics", url = "x" },
]

[[organizations.people]]
id = "bo"
note = """
[[organizations]]
id = "not a key"
"""
"quoted key" = 1

[[organizations]]
id = "second"
[organizations.work_hours]
mon = ["08:00-12:00"]
[[organizations.people]]
id = "cecilia"
'''


def test_keys_of_tables_and_of_the_nth_array_entry_are_found() -> None:
    lines = Lines(TEXT)
    assert lines.of(("server", "http")) == 3
    assert lines.of(("organizations", 0, "id")) == 6
    assert lines.of(("organizations", 0, "people", 1, "id")) == 21
    assert lines.of(("organizations", 1, "id")) == 29
    assert lines.of(("organizations", 1, "people", 0, "id")) == 33
    assert lines.of(("organizations", 1, "work_hours", "mon")) == 31


def test_inside_an_inline_value_the_nearest_line_is_told() -> None:
    lines = Lines(TEXT)
    assert lines.of(("organizations", 0, "marks", "hide")) == 7
    assert lines.of(("organizations", 0, "people", 0, "calendars", 1, "url")) == 17
    assert lines.of(("organizations", 0, "people", 1, "quoted key")) == 26


def test_a_missing_key_answers_with_its_table() -> None:
    assert Lines(TEXT).of(("organizations", 1, "people", 0, "name")) == 32


def test_what_looks_like_a_table_inside_a_text_is_not_one() -> None:
    assert tomllib.loads(TEXT)["organizations"][1]["id"] == "second"
    assert Lines(TEXT).of(("organizations", 1)) == 28


_words = st.text("abc[]={}#'\\ \n\"", max_size=8)


@given(st.lists(st.tuples(st.sampled_from("xyz"), _words), min_size=1, max_size=6))
def test_strings_never_confuse_the_scanner(entries: list[tuple[str, str]]) -> None:
    import json

    blocks = [f"[[t]]\n{key} = {json.dumps(value)}\n" for key, value in entries]
    data: dict[str, Any] = tomllib.loads("".join(blocks))
    lines = Lines("".join(blocks))
    for index, (key, _) in enumerate(entries):
        assert key in data["t"][index]
        assert lines.of(("t", index, key)) == 2 * index + 2

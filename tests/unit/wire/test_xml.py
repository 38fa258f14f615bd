"""XML from strangers."""

import pytest

from kalends.errors import BadAnswer, TooLarge
from kalends.wire.xml import parse

BILLION_LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<x>&c;</x>"""
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'


@pytest.mark.parametrize(
    "body",
    [
        BILLION_LAUGHS,
        OUTSIDE,
        OUTSIDE.decode().replace('<?xml version="1.0"?>', "").encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>',
        b"<x>" * 300 + b"</x>" * 300,
        b"<x" + b" a='1'" * 3,
        b"<multistatus xmlns='DAV:'><response>",
        b"",
        b"  \r\n",
        b"{}",
        b"<!doctype HTML><html></html>",
        b"\xef\xbb\xbf<HTML><body>Sign in</body></HTML>",
        b"<x>\xff\xfe</x>",
    ],
)
def test_what_is_hostile_or_broken_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse(body)


def test_a_bound_is_checked_before_anything_is_parsed() -> None:
    with pytest.raises(TooLarge):
        parse(b"<" * 1000, max_bytes=999)


def test_comments_and_instructions_are_left_out() -> None:
    root = parse(b"<?xml version='1.0'?><!-- a --><x><?y z?><!-- b -->text</x>")
    assert (root.tag, root.text, len(root)) == ("x", "text", 0)

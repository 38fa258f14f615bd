"""XML from strangers, read with every door shut (threat 7; DEPENDENCIES).

No DTD, hence no entities and nothing fetched; no ``huge_tree``, so libxml2 keeps its own bounds
(256 levels, 10 MB in one text node); a byte cap before anything is parsed.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from kalends.errors import BadAnswer, TooLarge

MAX_BYTES: Final = 50 << 20
MAX_ELEMENTS: Final = 2_000_000
_PAGES: Final = (b"<!doctype html", b"<html")


def is_page(body: bytes) -> bool:
    """Tell whether an answer is a web page: somebody is to sign in, or a proxy says no."""
    return body[:500].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES)


def parse(body: bytes, *, max_bytes: int = MAX_BYTES) -> etree._Element:
    """Return the root. Raises ``TooLarge``, or ``BadAnswer`` on HTML, a DTD, broken XML."""
    if len(body) > max_bytes:
        raise TooLarge(f"the answer is larger than {max_bytes} bytes")
    if not body[:500].lstrip(b"\xef\xbb\xbf \t\r\n"):
        raise BadAnswer("the answer is empty where XML is due")
    if is_page(body):
        raise BadAnswer("the answer is a web page, not XML: a sign-in page perhaps")
    # One parser each: lxml's parsers keep state and an error log.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadAnswer("the answer is not well-formed XML (cut off, or no XML at all)") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadAnswer("the answer carries a document type, which is refused")
    return root

"""Microsoft's schemas, where the public sample files are here; what we send must validate."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from lxml import etree

from kalends.model.http import Request
from tests.fixtures_dir import FIXTURES

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
# types.xsd imports the W3C's file for xml:lang alone.
XML_IMPORT = b'<xs:import namespace="http://www.w3.org/XML/1998/namespace"/>'
XML_XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
 targetNamespace="http://www.w3.org/XML/1998/namespace">
 <xs:attribute name="lang" type="xs:language"/>
</xs:schema>"""


@cache
def schema() -> etree.XMLSchema:
    """Return the compiled messages schema; skips the test where the files are not here."""
    if FIXTURES is None or not (FIXTURES / "ews-schemas" / "messages.xsd").is_file():
        pytest.skip("Microsoft's EWS schemas are not here (KALENDS_FIXTURES)")
    with TemporaryDirectory() as place:
        for name in ("types.xsd", "messages.xsd"):
            text = (FIXTURES / "ews-schemas" / name).read_bytes()
            local = text.replace(XML_IMPORT, XML_IMPORT[:-2] + b' schemaLocation="xml.xsd"/>')
            (Path(place) / name).write_bytes(local)
        (Path(place) / "xml.xsd").write_bytes(XML_XSD)
        return etree.XMLSchema(file=str(Path(place) / "messages.xsd"))


def content(request: Request) -> etree._Element:
    """Return the operation in the body of a request."""
    return next(iter(etree.fromstring(request.body).iterfind(f"{SOAP}Body/*")))


def problems(request: Request) -> list[str]:
    """Return what the schema says against a request: its body, and its headers one by one."""
    known = schema()
    envelope = etree.fromstring(request.body)
    parts = [content(request), *envelope.iterfind(f"{SOAP}Header/*")]
    found: list[str] = []
    for part in parts:
        alone = etree.fromstring(etree.tostring(part))
        if not known.validate(alone):
            found.append(str(known.error_log))
    return found

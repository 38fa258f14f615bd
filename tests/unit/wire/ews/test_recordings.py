"""Real answers of Exchange 2019, and the samples of the documentation: parsed or clearly refused.

The samples are no model: most carry wrong namespaces, some are no envelopes. What counts is that
each ends in values or in an error of ours, never in a crash.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from kalends.errors import BadAnswer, KalendsError
from kalends.model.http import Response
from kalends.wire.ews.soap import messages, parse_xml, read
from tests.fixtures_dir import FIXTURES
from tests.unit.wire.ews.every_answer import PARSERS, operation_of


def _files(folder: str, pattern: str) -> list[Path]:
    return sorted((FIXTURES / folder).rglob(pattern)) if FIXTURES is not None else []


RECORDINGS = _files("ews-recordings-ex2019", "*.json")
SAMPLES = _files("ews-docs-examples", "*.response.xml") + _files("ews-misc", "*.xml")
needs_recordings = pytest.mark.skipif(not RECORDINGS, reason="the recordings are not here")
needs_samples = pytest.mark.skipif(not SAMPLES, reason="the documentation's samples are not here")


def _recorded(path: Path) -> list[Response]:
    answers: list[Any] = json.loads(path.read_text())
    return [
        Response(
            answer["statusCode"],
            {name.lower(): ", ".join(values) for name, values in answer["headers"].items()},
            answer["body"].encode(),
        )
        for answer in answers
    ]


@needs_recordings
@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_every_recording_is_read(path: Path) -> None:
    for response in _recorded(path):
        found = read(response)
        assert found.server is not None
        assert found.server.newest.label == "Exchange2013_SP1"
        operation = operation_of(found.content)
        assert operation != "Fault"
        told = list(messages(found, operation + "Response"))
        assert told
        parser = PARSERS.get(operation)
        if parser is None or "Groups" in response.body.decode():
            continue
        if all(message.kind == "Success" for message in told):
            parser(response)
        elif operation == "DeleteItem":
            assert parser(response) is False  # gone already
        else:
            with pytest.raises(KalendsError):
                parser(response)


@needs_samples
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_of_the_documentation_is_read_or_clearly_refused(path: Path) -> None:
    body = path.read_bytes()
    response = Response(200, {"content-type": "text/xml"}, body)
    try:
        operation = operation_of(read(response).content)
    except BadAnswer as error:
        assert str(error)
        _is_really_wrong(body)
        return
    except KalendsError as error:
        assert "Error" in str(error)
        return
    parser = PARSERS.get(operation)
    if parser is not None:
        try:
            parser(response)
        except KalendsError as error:
            assert str(error)


def _is_really_wrong(body: bytes) -> None:
    """Assert that a refused sample is not a good envelope."""
    try:
        root = parse_xml(body)
    except BadAnswer:
        return
    good = "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
    content = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Body/*")
    assert (
        root.tag != good
        or content is None
        or "exchange/services/2006/messages" not in str(etree.QName(content).namespace)
        or str(etree.QName(content).namespace).startswith("https")
    )

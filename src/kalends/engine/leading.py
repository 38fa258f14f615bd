"""Where a sink leads and what is told there, as one value that can be kept and compared.

Place in the flow: ``wiring`` hands it to the store whenever a sink is opened. A cursor made with
another one does not count: whoever receives now is told everybody's present (ADR 0053).
"""

from __future__ import annotations

import hashlib
from typing import cast

from kalends.endpoints.kind import kind
from kalends.engine.opening import Opened
from kalends.sinks.contract import PresenceSink


def leads_to(opened: Opened) -> bytes:
    """Return a digest of a sink's kind, audience and options, but those of manner.

    What stands at its default is no part of it: a new option of a new version tells nobody anew.
    """
    found, sink = kind(opened.spec.kind), cast("PresenceSink", opened.thing)
    options = opened.options.model_dump(mode="json", exclude_defaults=True, exclude={*found.manner})
    written = repr((found.name, sink.audience.value, sorted(options.items())))
    return hashlib.blake2b(written.encode(), digest_size=16).digest()

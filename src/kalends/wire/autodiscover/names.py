"""Namespaces. They begin with ``http://``, whatever some pages print."""

from __future__ import annotations

from typing import Final

POX_REQUEST_URI: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
)
POX_RESPONSE_URI: Final = (
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)
POX_ERROR_URI: Final = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
AUTODISCOVER_URI: Final = "http://schemas.microsoft.com/exchange/2010/Autodiscover"
ADDRESSING_URI: Final = "http://www.w3.org/2005/08/addressing"

REQUEST: Final = f"{{{POX_REQUEST_URI}}}"
RESPONSE: Final = f"{{{POX_RESPONSE_URI}}}"
ERROR: Final = f"{{{POX_ERROR_URI}}}"
A: Final = f"{{{AUTODISCOVER_URI}}}"
WSA: Final = f"{{{ADDRESSING_URI}}}"

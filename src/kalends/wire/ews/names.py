"""Namespaces in lxml's notation. They begin with ``http://``, whatever some pages print."""

from __future__ import annotations

from typing import Final

SOAP_URI: Final = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES_URI: Final = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES_URI: Final = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS_URI: Final = "http://schemas.microsoft.com/exchange/services/2006/errors"

SOAP: Final = f"{{{SOAP_URI}}}"
M: Final = f"{{{MESSAGES_URI}}}"
T: Final = f"{{{TYPES_URI}}}"
E: Final = f"{{{ERRORS_URI}}}"

NSMAP: Final = {"s": SOAP_URI, "m": MESSAGES_URI, "t": TYPES_URI}
"""Prefixes of our requests."""

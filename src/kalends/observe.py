"""Logs and metrics: stable event names plus ids, never a subject, an attendee, a body, a token.

``log = observe.logger(__name__)`` then ``log.info("calendar.read", organization=…, source=…)``.
Only the fields of ``ALLOWED`` reach a log line; anything else is replaced by ``…`` so that a
careless call cannot leak (threat 18). Exceptions are logged by type and our own message only.
What libraries log reaches the same lines as ``library.warned``, without their words.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, cast

from kalends.errors import KalendsError

_RICH: Final = sys.modules.get("rich")
if _RICH is None:  # structlog takes it along for tracebacks, which are never shown here: 10 MB
    sys.modules["rich"] = cast(Any, None)

import structlog  # noqa: E402 - see above

if _RICH is None:
    del sys.modules["rich"]

ALLOWED: Final = frozenset(
    {
        "event", "level", "module", "timestamp", "process", "organization", "source", "sink",
        "person", "calendar", "endpoint", "kind", "code", "status", "count", "skipped", "seconds",
        "lag", "attempt", "retry_in", "revision", "shard", "epoch", "pid", "signal", "exit_code",
        "version", "schema", "address", "port", "error", "error_type", "where", "stage", "lane",
        "bytes", "limit", "credential", "step", "reason", "host", "path", "method", "route",
        "request_id", "role", "delivery", "alarm", "name", "restarts", "days",
    }
)  # fmt: skip


def _only_allowed(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    return {key: value if key in ALLOWED else "…" for key, value in event.items()}


def _errors(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else (sys.exc_info()[1] if info else None)
    if error is not None:
        event["error_type"] = type(error).__name__
        if isinstance(error, KalendsError):
            event["error"] = str(error)
        else:  # a stranger's message may carry anything: tell only where it happened
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            if trace is not None:
                event["where"] = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}"
    return event


class _Libraries(logging.Handler):
    """Tells that a library warned, whose and where; its words, and a stranger's traceback, may
    carry anything (asyncio writes whole tasks, uvicorn what an exception says)."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        error = record.exc_info[1] if record.exc_info else None
        fields = {"exc_info": error} if error else {"where": f"{record.funcName}:{record.lineno}"}
        tell = logger(record.name)
        (tell.error if record.levelno >= logging.ERROR else tell.warning)(
            "library.warned", **fields
        )


_LIBRARIES: Final = _Libraries(logging.WARNING)


def configure(level: str = "info", *, json: bool = True) -> None:
    """Set up logging for a process: JSON lines on standard error, or colours for people."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    logging.getLogger().addHandler(_LIBRARIES)  # once, however often this is called
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _errors,
            _only_allowed,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, level.upper(), logging.INFO)
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        # Not cached: a logger used before this call must follow it, whatever ran first.
        cache_logger_on_first_use=False,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of a module."""
    return cast("structlog.typing.FilteringBoundLogger", structlog.get_logger(module=name))

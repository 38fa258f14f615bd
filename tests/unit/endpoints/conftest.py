"""One TLS context for all these tests: loading the system's authorities takes 40 ms each time,
and nothing here travels over a socket."""

from tests.contract.calendars.conftest import one_tls_context

__all__ = ["one_tls_context"]

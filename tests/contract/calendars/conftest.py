"""One TLS context for all these tests: loading the system's authorities takes 40 ms each time,
and nothing here travels over a socket."""

import pytest

from kalends.net import client, tls

_CONTEXT = tls.context(tls.TlsOptions(None, (), None, lambda: 0.0))


@pytest.fixture(autouse=True)
def one_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "context", lambda _options: _CONTEXT)

"""SIP as sans-IO: bytes and moments in, bytes, events and the next deadline out.

How the parts lie on each other, lowest first (RFC 3261 section 5 draws the same layers)::

    message       one message: bounded reading, checked writing          RFC 3261 section 7
    framing       messages out of a stream, by Content-Length            RFC 3261 section 18.3
    transactions  retransmission, time-out, matching of answers          RFC 3261 section 17.1.2
    digest        answers to 401 and 407                                 RFC 3261 22, RFC 8760
    publication   what one PUBLISH dialogue does next                    RFC 3903
    publisher     many publications at once: window, rate, sign-in gate

The shell with the sockets is ``kalends.endpoints.sip``. ``transactions`` knows clients only as
yet; a server's transactions (J, G, H timers) take their place beside them, over the same
``Flow``, ``message`` and ``framing``.

Vocabulary: a *flow* is one socket's path to one peer; a *transaction* is one request and its
answers; the *branch* in the topmost Via names it; an *ETag* names one publication's state at the
server (the "entity-tag" of RFC 3903).

Moments are seconds of whatever clock the caller uses throughout, monotonic in the shell.
"""

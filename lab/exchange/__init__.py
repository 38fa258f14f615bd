"""An Exchange in memory that speaks EWS and Autodiscover, and misbehaves on command.

Written from Microsoft's schemas, its documentation and recorded answers of a real Exchange 2019,
apart from the product, so that both cannot share a misreading; exchangelib and DavMail, clients
nobody here wrote, are held against it in ``tests/acceptance/exchange``.

An ``Organization`` holds what servers share: mailboxes with calendars, accounts with rights,
subscriptions. An ``ExchangeServer`` of one ``Version`` answers requests to it as values
(``handle(Ask) -> Reply``, tests call it in process); ``serve`` puts it on a loopback port;
``faults`` lists what it can do wrong; ``seed`` fills an organization from plain values, ``crowd``
with tens of thousands of mailboxes. ``python -m lab.exchange`` runs it as a process of its own,
which ``control`` commands and which counts what it was asked (``counters``).

Vocabulary: an *account* signs in; the *actor* is the mailbox it acts as (its own, or the one it
impersonates); a *master* is a recurring appointment, of which a view shows *occurrences*, some
of them *exceptions*.
"""

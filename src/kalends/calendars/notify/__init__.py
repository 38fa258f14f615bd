"""How Exchange tells us that a mailbox changed: streams, pulls, callbacks, or not at all.

Place in the flow: *source → planner → driver → endpoint*, and back as hints. The source registers a
mailbox after each successful read and forgets it with its calendar; what comes out are hints, and
the sync driver reads the window. Nothing told here is believed beyond "look".

*Theory of operation.* ``planner`` is a state machine without input or output: what happened goes
in with the time it happened, what to do comes out as ``actions``, and it names its next deadline.
``driver`` obeys: one task for each open stream, a few for requests in flight, none per mailbox.

Three rules keep news from being lost:

1. A new subscription is followed by a look at its mailbox: what changed before it is found.
2. A stream is replaced while it still works: the next one is asked for, then the old one is read
   to its end. A stream that breaks, falls silent or is refused leaves a *gap*; once the next one
   says OK, every mailbox of the group is looked at.
3. A subscription that is gone is made anew without its old watermark, which is rule 1 again.

Whatever still slips through (a server that says OK and delivers nothing) is found by the poll,
which tells us so: ``doubts`` then makes the subscription anew, and pulls where streams are of no
use, as behind a proxy that gathers what it passes on. Of so many that a poll may be hours away,
``glances`` at their busy times find whom to read before. On the same round automatic replies are
looked at as senders see them (``replies``), and asked of some owners in turn (``settings``).

Vocabulary: a *site* is what mailboxes must share to stand in one *group* (of up to 200, read
by one *line*, an open stream); the *anchor* is the mailbox by whose server the group lives; a
*route* is how requests reach that server; a *verdict* is what an error means here; a mailbox
that *rests* is only polled until it is tried again.

Specification: ``docs/adr/0026``; Microsoft's pages on affinity and throttling of EWS.
"""

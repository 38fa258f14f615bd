"""Exchange mailboxes as a source of bookings, from 2007 SP1 to Subscription Edition.

Place in the flow: *mailbox → window → bookings*. ``source`` is the contract's face; ``ways`` finds
how a mailbox may be read (as its owner, as a delegate, by busy times alone) and looks again when it
is refused; ``reading`` does one read; ``view`` fetches a window; ``busy`` reads busy times;
``together`` those of many by one request; ``asides`` work hours and automatic replies; ``series``
expands what a server leaves unexpanded; ``texts`` fetches descriptions; ``cursor`` is what is kept
between reads; ``rights`` says how each version of Exchange is told to let us in.

What a read costs: nothing new, one request; a change, two; the whole window, two. Work hours are
asked once a day, of a hundred mailboxes by one request, and automatic replies every quarter of an
hour, one request each (of very many beside glances: ``notify.settings``, and by a read when they
are or look otherwise); neither by a read that has something else to ask.
"""

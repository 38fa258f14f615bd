"""The shell around Exchange: one endpoint, one budget, for calendars, directory and write-back.

Place in the flow: *source → endpoint → guarded client*. ``endpoint`` holds a conversation with one
mailbox; ``known`` is what it has learned about mailboxes and servers, ``discovery`` finds their
servers, ``reactions`` is the reaction table of ``wire.ews.errors`` as deeds, ``options`` what a
source may say. The codecs are ``wire.ews`` and ``wire.autodiscover``.

Vocabulary: an *operation* is how one thing is asked and its answer read; a *budget* is what a
server throttles as one (here: everything a source's account asks); *access* is the way in which a
mailbox may be read.
"""

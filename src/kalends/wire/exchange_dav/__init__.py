"""Exchange 2003/2007 WebDAV as a sans-IO codec: what OWA's own pages once asked the store.

One subject per file: ``folders`` (localized names), ``search`` (the expansion query) and
``appointment`` (its rows), ``subscribe`` (POLL), ``freebusy``, ``contacts`` (public folders),
``forms`` (forms-based sign-on). Requests are values, answers are parsed or refused; which is asked
when is the source's business (``calendars.exchange_webdav``).

Vocabulary: a *row* is one ``DAV:response`` of a 207; a *master* is a series itself, of which an
expansion query shows *instances* and *exceptions*.
"""

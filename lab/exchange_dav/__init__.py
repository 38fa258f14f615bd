"""Exchange 2003 and 2007 over WebDAV, in memory, with the mailboxes of ``lab.exchange``.

Written from Microsoft's documentation of the store (PROPFIND, SEARCH, SUBSCRIBE, POLL), recorded
answers of a real Exchange 2003, and what OWA's sign-on is known to do, apart from the product.

A ``DavExchange`` stands before an ``Organization`` (mailboxes, accounts, rights, the clock) and
answers requests as values (``handle(Ask) -> Reply``); ``serve`` puts it on a loopback port;
``faults`` lists what it can do wrong. Folder names are in each mailbox's language; series are
expanded where a query bounds ``dtstart`` and ``dtend``; every query is really evaluated (``sql``).
"""

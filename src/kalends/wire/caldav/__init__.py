"""CalDAV (RFC 4791, 6578, 6764; WebDAV RFC 4918, ACL RFC 3744) as a sans-IO codec.

``build`` makes requests, ``answers`` reads what comes back; neither opens a connection. ``hrefs``
settles when two addresses are the same. What a server is asked, and in which order, is the
source's business (``calendars.caldav``).
"""

"""The units of work, each written once for both databases.

A unit is a generator (``statements.Unit``): it yields ``Call``s and is sent their rows, all within
one transaction. It decides, the driver acts; neither knows the other. One module per subject:

``documents`` and ``people`` (what administrators write), ``calendars`` (what sources read),
``due`` (the due index and the batch), ``reading`` (presences for readers), ``sinks``,
``access`` (credentials, principals, audit, leases), ``retention`` (purge).
"""

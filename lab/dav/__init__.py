"""A small CalDAV server in memory that misbehaves on command.

Written from the RFCs (4791, 6578, 3744, 6764) apart from the product, so that both cannot share a
misreading. ``server`` answers requests as values (tests call it in process); ``serve`` puts it on
a loopback port; ``faults`` lists what it can do wrong.

Layout: ``/principals/<user>/``, ``/calendars/<user>/<name>/<object>.ics``, ``/feeds/<name>.ics``.
A user's home also lists what others share with him, as real servers do.
"""

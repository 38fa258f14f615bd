"""Values: what a booking, a person, a presence *is*. Imports nothing of ours but ``errors``.

Two families live here:

- *hot values* (``booking``, ``presence``): frozen ``msgspec`` structs in UTC seconds, packed as
  arrays, because a morning burst moves 100,000 of them in a second;
- *documents* (``vocabulary``, ``rules``, ``person``, ``organization``): frozen pydantic models,
  because people write them, in a file or through the API, and want to be told of every mistake.

Moments are UTC seconds inside and aware datetimes at public boundaries (``times``); intervals
are half-open; an all-day booking stays dates until a zone is supplied.
"""

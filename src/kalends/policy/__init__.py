"""Rules, packs, marks, precedence → timeline. Pure: values in, values out.

Place in the flow: *bookings → policy → timeline*. What a booking means is decided here and only
here; POLICY sections 1 to 3 are the specification.
"""

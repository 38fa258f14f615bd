"""The one guarded HTTP client: everything that leaves over HTTP leaves here.

Sign-in, pins, limits, redirects, address vetting, throttle and breaker in one place, so that no
source or sink can forget one of them. ``contract`` is what others use.
"""

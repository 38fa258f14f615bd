"""Kalends: calendar-driven presence and call referral for any switchboard.

Start with ``ARCHITECTURE.md``; every package ("room") opens with its place in the flow.
"""

__version__ = "0.1.0"

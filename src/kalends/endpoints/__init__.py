"""Shells around outside systems: sockets, sign-in, budgets, health. Other rooms open none.

``kind`` says how a kind (caldav, ics, webhook, sip-publish …) declares itself.
"""

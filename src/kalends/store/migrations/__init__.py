"""Migrations: one script per change of the schema, both databases in each.

A script is never changed once released. ``tables`` tells the present; a test shows that all
scripts together lead to it.
"""

"""Whom the committer works for."""

PEOPLE = [f"p{number:02}" for number in range(20)]

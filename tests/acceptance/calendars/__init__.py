"""Kalends reads calendars of real servers: Radicale and Xandikos, each in its own process."""

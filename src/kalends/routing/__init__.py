"""What happens to a call: decide, announcements, fronts (comes with telephony)."""

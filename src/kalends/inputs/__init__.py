"""Line state and feature codes (adapters come with telephony)."""

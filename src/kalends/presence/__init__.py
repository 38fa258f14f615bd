"""Timeline, manual presence, hold, line state and the moment → presence → view. Pure.

``evaluate`` composes, ``advance`` visits boundaries in order, ``view`` is the only disclosure
point, ``explain`` tells why.
"""

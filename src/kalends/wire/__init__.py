"""Protocols as sans-IO codecs: bytes in, values out. Imports only model."""

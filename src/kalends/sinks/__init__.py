"""Sinks: the ``PresenceSink`` contract and one module per kind.

Place in the flow: *view → sinks*. The pumps (``engine``) decide when; a sink renders a view and
delivers it. A sink accepts only a view: it cannot tell more than its audience may know.
"""

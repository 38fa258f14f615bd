"""The paths under ``/api/v1``, one module per subject. They read, decide who may, and answer."""

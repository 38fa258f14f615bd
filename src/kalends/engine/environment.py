"""Secrets that an operator keeps outside the configuration: in the environment or in a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def environment_secret(options: Mapping[str, Any], field: str) -> str | None:
    """Return a secret by ``<field>_env`` or ``<field>_file``, None where neither gives one.

    Read anew every time, so that a rotated secret needs no restart.
    """
    variable = options.get(f"{field}_env")
    if variable and os.environ.get(str(variable)):
        return os.environ[str(variable)]
    path = options.get(f"{field}_file")
    if path:
        try:
            return Path(str(path)).read_text(encoding="utf-8").strip() or None
        except OSError:
            return None
    return None

"""Hatch's build hook: a wheel carries the built console; an editable install does not need it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface[Any]):
    """Builds the console before a wheel is made, unless it is there."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run ``tools/build_console.py`` for a real wheel."""
        del build_data
        root = Path(self.root)
        if version == "editable" or (root / "src/kalends/web/console/index.html").exists():
            return
        subprocess.run([sys.executable, str(root / "tools/build_console.py")], check=True)

"""What may be chosen of the demo: said by its help, so loaded with every command and kept light."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VERSIONS: Final = ("2007_SP1", "2010", "2010_SP2", "2013", "2016", "2019", "SE")
"""Of Exchange, that the demo emulates."""

DIRECTORIES: Final = {"caldav": Path("var/demo"), "exchange": Path("var/demo-exchange")}
"""Where a demo keeps its files unless told otherwise: a place for each kind of calendar server."""

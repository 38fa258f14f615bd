"""Where the public sample files lie (schemas, calendars of other projects); None: not here.

They are no part of this repository: tests that need them skip with a reason where they are not.
"""

import os
from pathlib import Path

_CANDIDATES = (
    os.environ.get("KALENDS_FIXTURES", ""),
    str(Path(__file__).parents[2] / "shared" / "fixtures"),
)

FIXTURES: Path | None = next(
    (Path(found) for found in _CANDIDATES if found and Path(found).is_dir()), None
)

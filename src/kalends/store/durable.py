"""Names that survive a power cut. Place: under keys, backups and restores.

``fsync`` of a file puts its bytes on the disk; that it exists, or took another's name, is the
directory's business, and the directory has to be synced for it (open(2), fsync(2)).
"""

from __future__ import annotations

import os
from pathlib import Path


def settle_names(directory: Path) -> None:
    """Put on disk which files a directory holds, and under which names."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

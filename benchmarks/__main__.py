"""``make bench``: run every benchmark in a process of its own, one after the other.

``python -m benchmarks NAME …`` runs only those. Each prints its figures with their limit or peer of
the same run; nothing here fails a build.
"""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

_NO_BENCHMARK = {"crowd", "exchange_engine", "figure", "__main__"}


def main(wanted: list[str]) -> int:
    """Run the benchmarks; return how many could not be run."""
    found = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])]
    names = wanted or [name for name in found if name not in _NO_BENCHMARK]
    failed = 0
    for name in names:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{name}"]).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

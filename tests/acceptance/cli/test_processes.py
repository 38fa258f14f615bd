"""The command line as its own process, as somebody at a terminal meets it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

pytestmark = pytest.mark.slow


def kalends(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kalends", *words],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
        env=os.environ | {"COLUMNS": "80"} | environment,
    )  # fmt: skip


def written(folder: Path, port: int, source: str = "") -> str:
    path = folder / "kalends.toml"
    path.write_text(
        f'[server]\ndatabase = "sqlite:///k.db"\nhttp = "127.0.0.1:{port}"\n'
        f'[[organizations]]\nid = "acme"\nname = "Acme AB"\n{source}'
    )
    return str(path)


SOURCE = """\
[[organizations.sources]]
id = "dav"
kind = "caldav"
url = "http://127.0.0.1:1/"
username = "svc"
password_env = "KALENDS_TEST_PASSWORD"
"""


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = kalends("serve", "-c", written(tmp_path, port))
    assert found.returncode == 2
    assert f"port {port}" in found.stderr
    assert "Traceback" not in found.stderr
    assert not (tmp_path / "k.db").exists()


def test_a_password_that_is_not_set_is_told_by_its_variable(tmp_path: Path) -> None:
    found = kalends("check", "--json", "-c", written(tmp_path, 8080, SOURCE))
    bad = [step for step in json.loads(found.stdout) if not step["ok"]]
    assert found.returncode == 1
    assert [step["subject"] for step in bad] == ["KALENDS_TEST_PASSWORD"]


def test_a_server_that_is_down_is_told_with_the_step_that_failed(tmp_path: Path) -> None:
    config = written(tmp_path, 8080, SOURCE)
    found = kalends("check", "--json", "-c", config, KALENDS_TEST_PASSWORD="x")
    bad = [step for step in json.loads(found.stdout) if not step["ok"]]
    assert (found.returncode, [step["what"] for step in bad]) == (1, ["port"])


def test_a_token_is_made_before_kalends_ever_ran(tmp_path: Path) -> None:
    config = written(tmp_path, 8080)
    made = kalends("token", "create", "intranet", "--role", "admin", "-c", config)
    assert made.returncode == 0
    assert made.stdout.split()[-1].startswith("kal_")
    as_json = kalends("token", "create", "two", "--json", "-c", config)
    assert json.loads(as_json.stdout)["secret"].startswith("kal_")

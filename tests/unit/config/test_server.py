"""``[server]``: what it takes, where files then lie."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from kalends.config import ServerOptions


@pytest.mark.parametrize(
    ("http", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("kalends.acme.example:65535", ("kalends.acme.example", 65535)),
    ],
)
def test_an_address_to_listen_on_has_host_and_port(http: str, address: tuple[str, int]) -> None:
    assert ServerOptions(http=http).http_address() == address


@pytest.mark.parametrize(
    "http",
    ["8080", ":8080", "127.0.0.1", "127.0.0.1:http", "[::1]:65536", "https://0.0.0.0:443"],
)
def test_an_address_without_host_or_real_port_is_refused_with_an_example(http: str) -> None:
    with pytest.raises(ValidationError, match=r"127\.0\.0\.1:8080"):
        ServerOptions(http=http)


@pytest.mark.parametrize("wrong", ["/var/kalends.db", "sqlite://kalends.db", "mysql://a:b@host/k"])
def test_what_is_no_database_is_refused_with_examples_and_without_its_password(wrong: str) -> None:
    with pytest.raises(ValidationError, match=r"sqlite:///var/kalends\.db") as refused:
        ServerOptions(database=wrong)
    assert "a:b" not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("key", ["allowed_networks", "trusted_proxies", "metrics_networks"])
def test_a_network_that_is_none_is_refused_with_an_example(key: str) -> None:
    with pytest.raises(ValidationError, match=r"10\.0\.0\.0/8"):
        ServerOptions.model_validate({key: ["10.0.0.0/40"]})


def test_a_network_written_with_host_bits_is_taken_as_the_network() -> None:
    assert ServerOptions(allowed_networks=("10.1.2.3/8",)).allowed_networks == ("10.0.0.0/8",)


def test_relative_paths_begin_at_the_configuration_file(tmp_path: Path) -> None:
    options = ServerOptions(database="sqlite:///var/k.db", key_file="k.key", run_directory="run")
    found = options.resolved(tmp_path)
    assert found.database == f"sqlite:///{tmp_path}/var/k.db"
    assert found.key_path() == tmp_path / "k.key"
    assert found.socket_path() == tmp_path / "run" / "kalends.sock"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    options = ServerOptions(database="sqlite:////srv/kalends/k.db").resolved(tmp_path)
    assert options.directory() == Path("/srv/kalends")


def test_key_and_socket_lie_beside_an_sqlite_database_unless_said_otherwise(tmp_path: Path) -> None:
    options = ServerOptions(database="sqlite:///var/k.db").resolved(tmp_path)
    assert options.key_path() == tmp_path / "var" / "kalends.key"
    assert options.socket_path() == tmp_path / "var" / "kalends.sock"


def test_a_postgresql_address_is_left_as_it_is(tmp_path: Path) -> None:
    address = "postgresql://kalends@db.acme.example/kalends"
    assert ServerOptions(database=address).resolved(tmp_path).database == address


@pytest.mark.parametrize(("key", "value"), [("workers", 0), ("workers", 65), ("public_url", "x")])
def test_values_out_of_range_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        ServerOptions.model_validate({key: value})


def test_mail_without_receivers_is_refused() -> None:
    with pytest.raises(ValidationError, match="to"):
        ServerOptions.model_validate({"mail": {"host": "m", "sender": "k@acme.example", "to": []}})

"""A real Kamailio with its presence modules, configured by the test, on free loopback ports."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.patience import PATIENCE
from tests.ports import free_port

MODULES = next(iter(Path("/usr/lib").glob("*/kamailio/modules")), None)


def need_kamailio(*modules: str) -> None:
    """Skip, saying what is missing."""
    if shutil.which("kamailio") is None or MODULES is None:
        pytest.skip("kamailio is not installed (make packages)")
    for module in ("presence", "presence_xml", *modules):
        if not (MODULES / f"{module}.so").exists():
            pytest.skip(f"kamailio's module {module} is not installed (make packages)")


@dataclass
class Kamailio:
    """Start it with ``with``; ``restart`` makes it forget everything (memory mode)."""

    folder: Path
    password: str | None = None
    """Asks PUBLISH for a digest sign-in with this password, whatever the user name."""
    algorithm: str = "MD5"
    least_expires: int = 0
    """Answers 423 below."""
    max_expires: int = 3600
    tls: Authority | None = None
    port: int = 0
    tls_port: int = 0
    udp_only: bool = False

    def __enter__(self) -> Kamailio:
        need_kamailio(*(["tls"] if self.tls else []), *(["auth"] if self.password else []))
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.tls_port = next(port for port in iter(free_port, 0) if port != self.port)
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restart(self) -> None:
        self.stop()
        self._start()

    def stop(self) -> None:
        """Kill it with all its processes: on a gentle end some outlive the first one."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def _start(self) -> None:
        config = self.folder / "kamailio.cfg"
        config.write_text(self._configuration())
        folder = str(self.folder)
        command = ["kamailio", "-DD", "-E", "-f", str(config), "-w", folder, "-Y", folder]
        command += ["-P", f"{folder}/pid", "-m", "64", "-M", "8"]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + PATIENCE
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", self.port))
            probe.settimeout(0.1)
            while time.monotonic() < end and self._process.poll() is None:
                with contextlib.suppress(OSError):
                    probe.send(_options(self.port, probe.getsockname()[1]))
                    if probe.recv(4096).startswith(b"SIP/2.0 404"):
                        return
        raise AssertionError(f"Kamailio did not start:\n{self.log()[-3000:]}")

    def _configuration(self) -> str:
        listen = [f"listen=udp:127.0.0.1:{self.port}"]
        if not self.udp_only:
            listen.append(f"listen=tcp:127.0.0.1:{self.port}")
        if self.tls:
            listen += ["enable_tls=yes", f"listen=tls:127.0.0.1:{self.tls_port}"]
        return "\n".join(
            [
                "#!KAMAILIO",
                "debug=1\nlog_stderror=yes\nfork=yes\nchildren=2\ntcp_children=2\nauto_aliases=no",
                *listen,
                f'mpath="{MODULES}/"',
                *(f'loadmodule "{name}.so"' for name in _LOADED),
                *(['loadmodule "tls.so"'] if self.tls else []),
                'modparam("presence", "publ_cache", 2)\nmodparam("presence", "subs_db_mode", 0)',
                f'modparam("presence", "server_address", "sip:127.0.0.1:{self.port}")',
                f'modparam("presence", "max_expires", {self.max_expires})',
                'modparam("presence_xml", "force_active", 1)',
                f'modparam("auth", "algorithm", "{self.algorithm}")',
                *(self._tls_parameters()),
                "request_route {",
                '  if (!is_method("PUBLISH|SUBSCRIBE")) { sl_send_reply("404", "Nobody"); exit; }',
                *self._sign_in(),
                *self._least(),
                '  xlog("L_ERR", "took $rm by $proto for $ru\\n");',
                "  if (!t_newtran()) { sl_reply_error(); exit; }",
                '  if (is_method("PUBLISH")) handle_publish(); else handle_subscribe();',
                "  t_release();",
                "}\n",
            ]
        )

    def _tls_parameters(self) -> list[str]:
        if self.tls is None:
            return []
        return [
            'modparam("tls", "tls_method", "TLSv1.2+")',  # 5.6 would speak 1.0 only
            f'modparam("tls", "certificate", "{self.tls.certificate_file}")',
            f'modparam("tls", "private_key", "{self.tls.key_file}")',
        ]

    def _sign_in(self) -> list[str]:
        if self.password is None:
            return []
        return [
            '  if (is_method("PUBLISH")) {',
            f'    if (!pv_www_authenticate("acme.example", "{self.password}", "0")) {{',
            '      if (is_present_hf("Authorization")) xlog("L_ERR", "refused a sign-in\\n");',
            '      www_challenge("acme.example", "1"); exit;',
            "    }",
            "  }",
        ]

    def _least(self) -> list[str]:
        if not self.least_expires:
            return []
        return [
            f'  if (is_method("PUBLISH") && $(hdr(Expires){{s.int}}) < {self.least_expires}'
            ' && $hdr(Expires) != "0") {',
            f'    append_to_reply("Min-Expires: {self.least_expires}\\r\\n");',
            '    sl_send_reply("423", "Interval Too Brief"); exit;',
            "  }",
        ]


_LOADED = (
    "kex", "tm", "sl", "pv", "rr", "textops", "siputils", "xlog", "auth", "presence",
    "presence_xml",
)  # fmt: skip


def _options(port: int, own: int) -> bytes:
    return (
        f"OPTIONS sip:127.0.0.1:{port} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKready{time.monotonic_ns()}\r\n"
        "From: <sip:test@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: ready\r\n"
        "CSeq: 1 OPTIONS\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n"
    ).encode()


@dataclass(frozen=True)
class Authority:
    """A self-signed certificate for 127.0.0.1, made for one test."""

    certificate_file: Path
    key_file: Path
    sha256: str

    @classmethod
    def make(cls, folder: Path) -> Authority:
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "presence.acme.example")])
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                critical=False,
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(
            folder / "certificate.pem",
            folder / "key.pem",
            certificate.fingerprint(hashes.SHA256()).hex(),
        )
        made.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        made.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made

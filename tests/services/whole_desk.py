"""A whole desk as real processes, in a folder and on ports of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


def until(claim: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until `claim` holds; fail with `what` when it never does."""
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def children_of(pid: int) -> list[int]:
    """Direct children, by the kernel's word."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def tree_of(pid: int) -> list[int]:
    return [pid, *(below for child in children_of(pid) for below in tree_of(child))]


@dataclass
class Place:
    """Where a desk runs: its environment, and what has been started in it."""

    folder: Path
    environ: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return Path(self.environ["DATA_DIR"])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.environ['PORT']}"

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        command = [sys.executable, "-m", "router.cli", *arguments]
        return subprocess.run(
            command,
            cwd=PROJECT,
            env={**self.environ, **environ},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        """One command that goes on; its output is in `output()`."""
        with self.log.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "router.cli", *arguments],
                cwd=PROJECT,
                env={**self.environ, **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                text=True,
            )
        self.started.append(process)
        return process

    @property
    def log(self) -> Path:
        return self.folder / "output"

    def output(self) -> str:
        return self.log.read_text()

    def up(self) -> subprocess.Popen[str]:
        """The whole desk, ready."""
        before = self.output().count("is ready.") if self.log.exists() else 0
        desk = self.start("up")
        until(lambda: desk.poll() is not None or self.output().count("is ready.") > before, "the desk is ready")
        assert desk.poll() is None, self.output()
        return desk

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

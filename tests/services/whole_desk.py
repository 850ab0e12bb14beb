"""A whole desk as real processes, in a folder and on ports of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from router.cli import main

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


def _be_command(arguments: list[str], environ: dict[str, str], told: Path, complained: Path) -> NoReturn:
    code = 70
    try:
        os.environ.clear()
        os.environ.update(environ)
        os.chdir(PROJECT)
        for number, path in ((1, told), (2, complained)):
            os.dup2(os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), number)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        main(arguments)
    except SystemExit as ending:
        code = int(ending.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test sees it on standard error
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


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

    def ask(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """The same in a fork of this process, which has the code loaded already: a tenth of the time."""
        told, complained = self.folder / "told", self.folder / "complained"
        with warnings.catch_warnings():
            # The child runs one command and leaves; a thread of the test runner that it lost is none of its business.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _be_command(list(arguments), {**self.environ, **environ}, told, complained)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return subprocess.CompletedProcess(list(arguments), status, told.read_text(), complained.read_text())

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

"""A whole desk as real processes, in a folder and on ports of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from services.whole_desk import PROJECT, Place, free_ports, tree_of

from router.processes import alive


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    port, live, smtp = free_ports(3)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(PROJECT),
        "PORT": str(port),
        "LIVE_PORT": str(live),
        "SMTP_LISTEN": f"127.0.0.1:{smtp}",
        "DATA_DIR": str(tmp_path / "data"),
    }
    made = Place(tmp_path, environ)
    yield made
    pids = [pid for process in made.started if process.poll() is None for pid in tree_of(process.pid)]
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in made.started:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
    for pid in filter(alive, pids):
        os.kill(pid, signal.SIGKILL)

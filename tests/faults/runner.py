"""Lives of a desk, ended where a test says: started by tests/services/lives.py, which talks to it line by line.

The code is loaded once; each life is a fork that opens the database, the files and the mail servers for itself, and
knows nothing of the lives before it. Nothing in the product is replaced: `App.reach` is called at each named point of a
message's path, and what happens there is this file's business.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.rounds import Folder, one_round

from router import config, context, db

# What a life would load at its first mail, loaded before it begins.
READY = ("channels.email.parse", "channels.email.compose", "channels.email.imap", "holidays.countries.china")


@dataclass
class Trap:
    """Ends or stops this process when it comes to `point` for the `passes`-th time."""

    point: str
    passes: int
    blow: signal.Signals
    seen: Path

    def __post_init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, point: str) -> None:
        self.counts[point] += 1
        held = " in a transaction" if db.in_transaction() else ""
        with self.seen.open("a") as file:
            file.write(f"{point}{held}\n")
        if point == self.point and self.counts[point] == self.passes:
            os.kill(os.getpid(), self.blow)


def live(order: dict[str, Any]) -> None:
    """One life: record, drain, sweep, send and reconcile, each round four minutes after the one before."""
    app = context.build(config.load(order["environ"]), redis_url="")
    app.reach = Trap(order["point"], order["passes"], signal.Signals(order["blow"]), Path(order["seen"]))
    now = datetime.fromisoformat(order["now"])
    folder = order.get("folder")
    source = Folder(Path(folder), lambda: now) if folder else app.channel("support").puller()
    for _ in range(order["rounds"]):
        one_round(app, source, now)
        now += timedelta(minutes=order["step"])
    source.close()


def begin(order: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        live(order)
        code = 0
    finally:
        # Nothing of the parent may run in here: no handler, no finaliser, no second answer on its line.
        if code:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)


def wait(pid: int) -> dict[str, Any]:
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        return {"how": "stopped"}
    if os.WIFSIGNALED(status):
        return {"how": "killed"}
    return {"how": "ended" if os.WEXITSTATUS(status) == 0 else "failed"}


def main() -> None:
    for name in READY:
        importlib.import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "begin":
            answer: dict[str, Any] = {"pid": begin(order)}
        elif order["do"] == "go_on":
            os.kill(order["pid"], signal.SIGCONT)
            answer = {}
        else:
            answer = wait(order["pid"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

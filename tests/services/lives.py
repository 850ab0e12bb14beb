"""A desk that lives and dies: mails are put into its source, lives of it are begun, and their histories are compared."""

from __future__ import annotations

import ast
import itertools
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.letters import NOON, letter
from services.sink import Taken
from sqlmodel import col, select

from router.context import App
from router.models import Direction, Inbound, InboundState, Message, SendState, Ticket

PROJECT = Path(__file__).resolve().parents[2]
RUNNER = PROJECT / "tests" / "faults" / "runner.py"


class Runner:
    """The process in which lives are forked."""

    def __init__(self, log: Path) -> None:
        self.log = log
        path = os.pathsep.join([str(PROJECT), str(PROJECT / "tests")])
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )

    def ask(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the runner is gone: {self.log.read_text()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


@contextmanager
def runner(folder: Path) -> Iterator[Runner]:
    running = Runner(folder / "lives.log")
    try:
        yield running
    finally:
        running.stop()


@dataclass
class World:
    """One desk, the mails that were sent to it, and what ended each of its lives.

    `put` hands a mail to the source under a name; `ledger` is what has left, by the outside's own word."""

    app: App
    runner: Runner
    environ: dict[str, str]
    put: Callable[[str, bytes], None]
    ledger: Callable[[], list[Taken]]
    folder: Path | None = None
    now: datetime = NOON
    sent: dict[str, list[str]] = field(default_factory=dict)
    losses: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _arrivals: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lives: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def strangers(self, count: int) -> None:
        """Mails that have nothing to do with each other."""
        for number in itertools.islice(self._numbers, count):
            self.arrives(self._id(number), self._letter(number, "My payment failed."))

    def mails(self) -> None:
        """Four arrivals: two customers, a reply of an earlier customer, and one of the mails a second time."""
        one, two = next(self._numbers), next(self._numbers)
        first = self._letter(one, "My payment failed.")
        self.arrives(self._id(one), first)
        self.arrives(self._id(two), self._letter(two, "充值失败，银行卡已经扣款，但是余额没有到账。" * 20))
        if one > 2:
            again = f"again-{one}@example.net"
            raw = self._letter(one, "Any news?", answers=self._id(one - 2), sender=one - 2, message_id=again)
            self.arrives(again, raw)
        self.arrives(self._id(one), first)

    def another_of(self, sender: int) -> tuple[str, bytes]:
        """A new matter of a customer who is known: its Message-ID and the mail, which has not arrived yet."""
        number = next(self._numbers)
        return self._id(number), self._letter(number, "And another thing.", sender=sender)

    def arrives(self, message_id: str, raw: bytes) -> None:
        """One arrival at the source. The same mail may arrive more than once."""
        name = f"{next(self._arrivals):05d}"
        self.sent.setdefault(message_id, []).append(name)
        self.put(name, raw)

    def _letter(self, number: int, text: str, answers: str = "", sender: int = 0, message_id: str = "") -> bytes:
        who = sender or number
        return letter(
            f"{text} ({number})",
            sender=f"Customer {who} <c{who}@mail-{who}.example.com>",
            message_id=message_id or self._id(number),
            answers=answers,
            at=self.now,
        )

    @staticmethod
    def _id(number: int) -> str:
        return f"mail-{number}@mail-{number}.example.com"

    def begin(self, point: str = "", passes: int = 1, blow: signal.Signals = signal.SIGKILL, **more: Any) -> Life:
        seen = self.runner.log.with_name(f"seen-{self.app.config.data_dir.parent.parent.name}-{next(self._lives)}")
        seen.touch()
        order = {
            "environ": self.environ,
            "folder": str(self.folder) if self.folder else None,
            "now": self.now.isoformat(),
            "rounds": 1,
            "step": 4,
            "point": point,
            "passes": passes,
            "blow": int(blow),
            "seen": str(seen),
            **more,
        }
        return Life(self.runner, self.runner.ask(do="begin", **order)["pid"], seen)

    def recover(self) -> None:
        """A start some minutes later, undisturbed, until leases and pauses of the dead are over."""
        self.now += timedelta(minutes=5)
        life = self.begin(rounds=4)
        assert life.wait() == "ended", life.trouble()
        self.now += timedelta(minutes=20)

    def first_mails(self) -> list[str]:
        """The Message-IDs of all that are no replies."""
        return [message_id for message_id in self.sent if not message_id.startswith("again")]

    def check(self) -> None:
        """The histories agree: what was sent to the desk, what it keeps, and what it sent."""
        with self.app.db.read() as session:
            inbound = list(session.exec(select(Inbound)))
            messages = list(session.exec(select(Message)))
            tickets = list(session.exec(select(Ticket)))
        self._check_items(inbound, messages)
        self._check_tickets(tickets, messages)
        self._check_acknowledgements(tickets, [m for m in messages if m.automatic])

    def _check_items(self, inbound: list[Inbound], messages: list[Message]) -> None:
        arrived = sum(len(names) for names in self.sent.values())
        assert len(inbound) == arrived, "each arrival is recorded exactly once"
        assert not [i.reason for i in inbound if i.state not in (InboundState.ACCEPTED, InboundState.DUPLICATE)]
        stored = Counter(m.external_ref for m in messages if m.direction is Direction.IN)
        assert stored == Counter(list(self.sent)), "each mail is exactly one message"
        endings = Counter((i.message_id, i.state) for i in inbound)
        by_ref = {m.external_ref: m.id for m in messages}
        for message_id, names in self.sent.items():
            assert endings[by_ref[message_id], InboundState.ACCEPTED] == 1
            assert endings[by_ref[message_id], InboundState.DUPLICATE] == len(names) - 1

    def _check_tickets(self, tickets: list[Ticket], messages: list[Message]) -> None:
        assert len(tickets) == len(self.first_mails()), "each first mail is one ticket, and each reply joined one"
        held = Counter(m.ticket_id for m in messages if m.direction is Direction.IN)
        assert {t.id: t.message_count for t in tickets} == held

    def _check_acknowledgements(self, tickets: list[Ticket], acks: list[Message]) -> None:
        assert sorted(a.ticket_id for a in acks) == sorted(t.id for t in tickets if t.id), "one each"
        ledger = self.ledger()
        by_id = Counter(t.message_id for t in ledger)
        assert not [ref for ref, times in by_id.items() if times > 1], "none has left twice"
        assert Counter(t.recipient for t in ledger) <= Counter(a.recipient for a in acks), "under no other id either"
        ours = {a.external_ref: a.send_state for a in acks}
        assert len(ours) == len(acks), "each has its own Message-ID"
        assert set(by_id) <= set(ours)
        assert set(ours.values()) <= {SendState.SENT, SendState.UNKNOWN}, "nothing is left waiting"
        for ref, state in ours.items():
            assert state is SendState.UNKNOWN or ref in by_id, "what is called sent was taken"
        assert sum(state is SendState.UNKNOWN for state in ours.values()) <= self.losses


@dataclass
class Life:
    runner: Runner
    pid: int
    seen: Path

    def wait(self) -> str:
        """How it ended: killed, stopped, ended or failed."""
        how: str = self.runner.ask(do="wait", pid=self.pid)["how"]
        return how

    def ended(self) -> bool:
        """Whether it is over; `wait` has still to ask how."""
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    def go_on(self) -> None:
        self.runner.ask(do="go_on", pid=self.pid)

    def points(self) -> list[str]:
        """The points that it came to, in order; those within a transaction say so."""
        return self.seen.read_text().splitlines()

    def trouble(self) -> str:
        return self.runner.log.read_text()[-4000:]


def waiting(app: App) -> int:
    """How many items and letters are still on their way."""
    with app.db.read() as session:
        items = session.exec(select(Inbound.id).where(col(Inbound.state) == InboundState.RECORDED)).all()
        letters = session.exec(
            select(Message.id).where(col(Message.send_state).in_([SendState.QUEUED, SendState.SENDING]))
        ).all()
    return len(items) + len(letters)


def named_points() -> list[str]:
    """Every `reach("…")` in the source, in the order of files and lines: a new one cannot be forgotten here."""
    found: list[str] = []
    for path in sorted(p for room in ("router", "channels", "web", "rules") for p in (PROJECT / room).rglob("*.py")):
        found += _points_in(path)
    return found


def _points_in(path: Path) -> list[str]:
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "reach"
    ]
    for call in calls:
        assert isinstance(call.args[0], ast.Constant), f"{path}:{call.lineno}: name the point in plain words"
    return [call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)]

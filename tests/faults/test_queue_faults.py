"""The queue is wiped, or gone for a while: it was only a bell. Real Valkey, real worker processes, a real mail server."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from services.lives import World, waiting
from services.sink import Sink
from services.whole_desk import PROJECT, Place, tree_of, until
from sqlmodel import select, update

from channels.base import RawItem
from router import intake, valkey
from router.bells import Bell
from router.context import App, utc_now
from router.models import Clock, Event, EventKind
from router.processes import alive

ROLES = (("worker", "ingest"), ("worker", "send"), ("worker", "clocks"), ("beat",))


class Queue:
    """A Valkey that a test may wipe, stop and start again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = valkey.start(folder)
        self.url = self.server.url

    def client(self) -> Redis:
        return Redis.from_url(self.url)

    def wipe(self) -> None:
        with self.client() as client:
            client.flushall()

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = valkey.start(self.folder)


class Processes:
    """The desk's own processes, started anew when they end, as every process manager does."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.running = {role: place.start("run", *role) for role in ROLES}

    def keep(self) -> None:
        for role, process in self.running.items():
            if process.poll() is not None:
                self.running[role] = self.place.start("run", *role)

    def until(self, claim: Callable[[], object], what: str) -> None:
        def kept() -> object:
            self.keep()
            return claim()

        try:
            until(kept, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.place.output()[-3000:]}") from error

    def stop(self) -> None:
        pids = [pid for process in self.running.values() if process.poll() is None for pid in tree_of(process.pid)]
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for pid in filter(alive, pids):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    queue = Queue(tmp_path / "queue")
    yield queue
    queue.stop()


@pytest.fixture
def app(make_desk: Callable[..., App], queue: Queue, mail_sink: Sink, account_with_smtp: Callable[..., str]) -> App:
    return make_desk(redis_url=queue.url, toml=account_with_smtp(mail_sink.port))


@pytest.fixture
def world(app: App, runner, mail_sink: Sink) -> World:
    """Mails are recorded at once, as the listener does, and ring the bell."""

    def put(name: str, raw: bytes) -> None:
        now = utc_now()
        intake.record(app, "support", [RawItem(name, raw, now, {"rcpt_to": ["support@localhost"]})], now)

    return World(app, runner, {}, put, mail_sink.ledger, now=utc_now())


@pytest.fixture
def processes(app: App, queue: Queue, environ, tmp_path: Path) -> Iterator[Processes]:
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(PROJECT), "REDIS_URL": queue.url}
    running = Processes(Place(tmp_path, given | environ(app)))
    try:
        yield running
    finally:
        running.stop()


def everything_is_done(world: World) -> bool:
    return waiting(world.app) == 0 and len(world.ledger()) >= len(world.first_mails())


def test_a_queue_that_is_wiped_again_and_again_loses_nothing_and_doubles_nothing(world, queue, processes, mail_sink):
    for round_ in range(1, 7):
        for _ in range(3):
            world.mails()
        queue.wipe()
        processes.until(lambda enough=round_ * 2: len(mail_sink.mails) >= enough, "work goes on between the wipes")
        queue.wipe()
    processes.until(lambda: everything_is_done(world), "every mail is on a ticket and acknowledged")
    world.check()


def test_while_the_queue_is_away_mail_clocks_and_answers_go_on_and_nothing_is_doubled_when_it_is_back(
    world, queue, processes, mail_sink
):
    world.mails()
    processes.until(lambda: len(mail_sink.mails) == 2, "the desk works")
    queue.stop()
    assert not world.app.bells.ring(Bell.INGEST), "the queue is away"
    world.mails()
    world.mails()
    processes.until(lambda: len(mail_sink.mails) == 6, "acknowledgements leave while the queue is away")
    due_at = utc_now() + timedelta(seconds=1)
    with world.app.db.begin() as session:
        session.execute(update(Clock).where(Clock.ticket_id == 1).values(due_at=due_at))
    processes.until(lambda: breaches(world.app), "the breach is an event while the queue is away")
    [breach] = breaches(world.app)
    assert due_at < breach.at <= due_at + timedelta(seconds=5)
    world.mails()
    queue.start()
    world.mails()
    processes.until(lambda: everything_is_done(world), "what came meanwhile is done, and what came after")
    processes.until(lambda: bell_is_answered(queue), "the workers listen again")
    assert len(breaches(world.app)) == 1
    world.check()


def bell_is_answered(queue: Queue) -> bool:
    """The mark of a bell that waits is gone when a worker has begun its job."""
    with queue.client() as client:
        return not client.exists("switchboard:bell:ingest") and client.llen("rq:queue:ingest") == 0


def breaches(app: App) -> list[Event]:
    with app.db.read() as session:
        return list(session.exec(select(Event).where(Event.kind == EventKind.BREACHED)))

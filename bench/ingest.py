"""What one mail costs from raw bytes to a decided ticket with its acknowledgement queued.

    python -m bench.ingest [--mails 5000] [--full-desk 50000] [--database sqlite|postgresql|both] [--profile]

The whole job is measured: record, claim, parse, thread, rules, clock, acknowledgement queued, on disk; one mail a commit
and fifty a commit, on an empty desk and on one with many tickets. CPU is this process's, and for PostgreSQL also the
server's. The two desks take turns, a chunk each, and beside each figure stands what the standard library's parser alone
took in the same minutes: quote ratios, not mails/s. With --json each figure is one line of JSON.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time

from sqlalchemy import func, select
from sqlmodel import col

from bench.corpus import START, STEP, Mail, corpus
from channels.base import RawItem
from router import accounts, config, context, intake, migrate, rulebooks
from router.context import App
from router.models import Message

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


# Chunks of the two desks take turns, so that a machine that slows down slows both.
CHUNK = 250


@dataclass
class Figure:
    """What one desk reached at one batch size. Milliseconds of CPU a mail; `yardstick` is what the standard library's
    parser alone took for the same mails in the same minutes."""

    database: str
    tickets_before: int
    batch: int
    mails: int = 0
    cpu: float = 0.0
    server: float = 0.0
    wall: float = 0.0
    yardstick: float = 0.0
    replies: int = 0
    threaded: int = 0
    tickets: int = 0
    acknowledged: int = 0

    def told(self) -> dict[str, object]:
        return {
            "database": self.database,
            "tickets_before": self.tickets_before,
            "batch": self.batch,
            "mails": self.mails,
            "cpu_ms": round(self.cpu * 1000 / self.mails, 3),
            "server_ms": round(self.server * 1000 / self.mails, 3),
            "yardstick_ms": round(self.yardstick * 1000 / self.mails, 3),
            "mails_per_second": round(self.mails / self.wall),
            "threaded": f"{self.threaded}/{self.replies}",
            "acknowledged": f"{self.acknowledged}/{self.tickets}",
        }


def main() -> None:
    options = _options()
    for database in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        _measure_database(database, options)


def _measure_database(database: str, options: argparse.Namespace) -> None:
    with ExitStack() as stack:
        desks = {before: stack.enter_context(_desk(database)) for before in (0, options.full_desk)}
        for before, (app, _) in desks.items():
            _feed(app, list(corpus(before, seed=1, replies=0.0)), 50)
        for batch, seed in ((1, 7), (50, 8)):
            figures = {before: Figure(database, before, batch) for before in desks}
            for before, (app, _) in desks.items():
                # What a process does once (compile statements, rules, calendars) is no mail's cost.
                _feed(app, list(corpus(60, seed=99 + batch, start=_start(options, seed, before) - STEP * 9000)), batch)
            _take_turns(desks, figures, batch, seed, options)
            for figure in figures.values():
                _print(figure, options)
            empty, full = (figures[before] for before in desks)
            growth = (full.cpu + full.server) / (empty.cpu + empty.server)
            print(
                f"{database}: growth from 0 to {options.full_desk} tickets, {batch} a commit: {growth:.2f}x", flush=True
            )


def _take_turns(
    desks: dict[int, tuple[App, Callable[[], float]]],
    figures: dict[int, Figure],
    batch: int,
    seed: int,
    options: argparse.Namespace,
) -> None:
    feeds = {before: list(corpus(options.mails, seed=seed, start=_start(options, seed, before))) for before in desks}
    for place in range(0, options.mails, CHUNK):
        for before, (app, server_cpu) in desks.items():
            _measure(figures[before], app, feeds[before][place : place + CHUNK], batch, server_cpu, options)
    for before, (app, _) in desks.items():
        with app.db.read() as session:
            since = feeds[before][0].received_at
            acks = select(func.count()).where(col(Message.automatic), col(Message.created_at) >= since)
            figures[before].acknowledged = session.execute(acks).scalar_one()


def _start(options: argparse.Namespace, seed: int, before: int) -> datetime:
    return START + STEP * (before + seed * 20_000 + options.full_desk)


def _measure(
    figure: Figure,
    app: App,
    mails: list[Mail],
    batch: int,
    server_cpu: Callable[[], float],
    options: argparse.Namespace,
) -> None:
    cpu = process_time()
    for mail in mails:
        message_from_bytes(mail.raw)
    figure.yardstick += process_time() - cpu
    profile = cProfile.Profile() if options.profile else None
    wall, cpu, server = perf_counter(), process_time(), server_cpu()
    if profile:
        profile.enable()
    counts = _feed(app, mails, batch)
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    figure.cpu += process_time() - cpu
    figure.server += server_cpu() - server
    figure.wall += perf_counter() - wall
    figure.mails += len(mails)
    figure.replies += sum(mail.reply for mail in mails)
    figure.threaded += counts.replies
    figure.tickets += counts.tickets


def _feed(app: App, mails: list[Mail], batch: int) -> intake.Counts:
    total = intake.Counts()
    for start in range(0, len(mails), batch):
        some = mails[start : start + batch]
        now = some[-1].received_at
        items = [
            RawItem(sha256(m.raw).hexdigest(), m.raw, m.received_at, {"rcpt_to": ["support@localhost"]}) for m in some
        ]
        intake.record(app, "support", items, now)
        counts = intake.drain_batch(app, lambda now=now: now, batch)  # type: ignore[misc]
        total.tickets += counts.tickets
        total.replies += counts.replies
        total.quarantined += counts.quarantined
    if total.quarantined:
        raise SystemExit(f"{total.quarantined} mails went to quarantine: the corpus or the intake is broken")
    return total


@contextmanager
def _desk(database: str) -> Iterator[tuple[App, Callable[[], float]]]:
    with tempfile.TemporaryDirectory(prefix="sb-bench-") as folder, _database(database, folder) as (url, server_cpu):
        loaded = config.load(
            {"DATA_DIR": folder, "DATABASE_URL": url, "SECRET_KEY": "bench", "SWITCHBOARD_CONFIG": "none"}
        )
        migrate.upgrade(loaded)
        app = context.build(loaded, redis_url="")
        rulebooks.ensure_starter(app.db, START)
        accounts.sync(app, START)
        yield app, server_cpu
        app.db.engine.dispose()


@contextmanager
def _database(kind: str, folder: str) -> Iterator[tuple[str, Callable[[], float]]]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/desk.db", lambda: 0.0
        return
    from services import postgresql

    with postgresql.server() as address, postgresql.database(address, "bench") as url:
        yield url, _postgresql_cpu


def _postgresql_cpu() -> float:
    """Seconds that all servers' processes of this machine have used, those of ended children included."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = (folder / "stat").read_text().partition(") ")
        except OSError:
            continue
        if "(postgres" in name:
            ticks += sum(int(field) for field in rest.split()[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def _print(figure: Figure, options: argparse.Namespace) -> None:
    told = figure.told()
    if options.json:
        print(json.dumps(told), flush=True)
        return
    print(
        f"{told['database']:10} {told['tickets_before']:6} tickets before, {told['batch']:2} a commit: "
        f"{told['cpu_ms']:.3f} ms CPU + {told['server_ms']:.3f} server a mail (yardstick {told['yardstick_ms']:.3f}), "
        f"{told['mails_per_second']} mails/s, threaded {told['threaded']}, acknowledged {told['acknowledged']}",
        flush=True,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--mails", type=int, default=5000)
    parser.add_argument("--full-desk", type=int, default=50_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="print where the time goes (slower)")
    return parser.parse_args()


if __name__ == "__main__":
    main()

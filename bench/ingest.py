"""What one mail costs from raw bytes to a decided ticket with its acknowledgement queued.

    python -m bench.ingest [--mails 5000] [--full-desk 50000] [--database sqlite|postgresql|both] [--profile]

The whole job is measured: record, claim, parse, thread, rules, clock, acknowledgement queued, on disk; one mail a commit
and fifty a commit, on an empty desk and on one with many tickets. CPU is this process's, and for PostgreSQL also the
server's. Quote ratios and CPU, not mails/s: the machine is shared. Each figure prints as one JSON line with --json.
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
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time

from bench.corpus import START, STEP, Mail, corpus
from channels.base import RawItem
from router import accounts, config, context, intake, migrate, rulebooks
from router.context import App

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))


@dataclass
class Figure:
    database: str
    tickets_before: int
    batch: int
    mails: int
    cpu_ms: float
    server_ms: float
    mails_per_second: float
    threaded: str
    acknowledged: int


def main() -> None:
    options = _options()
    for database in ("sqlite", "postgresql") if options.database == "both" else (options.database,):
        _measure_database(database, options)


def _measure_database(database: str, options: argparse.Namespace) -> None:
    figures: dict[tuple[int, int], Figure] = {}
    for before in (0, options.full_desk):
        with _desk(database) as (app, server_cpu):
            if before:
                _feed(app, list(corpus(before, seed=1, replies=0.0)), 50)
            for batch, seed in ((1, 7), (50, 8)):
                mails = list(corpus(options.mails, seed=seed, start=START + STEP * (before + seed * 10_000)))
                figures[before, batch] = figure = _measure(app, mails, batch, database, before, server_cpu, options)
                _print(figure, options)
    for batch in (1, 50):
        empty, full = figures[0, batch], figures[options.full_desk, batch]
        growth = (full.cpu_ms + full.server_ms) / (empty.cpu_ms + empty.server_ms)
        print(f"{database}: growth from 0 to {options.full_desk} tickets, {batch} a commit: {growth:.2f}x", flush=True)


def _measure(
    app: App,
    mails: list[Mail],
    batch: int,
    database: str,
    before: int,
    server_cpu: Callable[[], float],
    options: argparse.Namespace,
) -> Figure:
    # What the process does once (compile statements, rules, calendars) is no mail's cost.
    _feed(app, list(corpus(20, seed=99 + batch, start=mails[0].received_at - timedelta(days=2))), batch)
    profile = cProfile.Profile() if options.profile else None
    wall, cpu, server = perf_counter(), process_time(), server_cpu()
    if profile:
        profile.enable()
    counts = _feed(app, mails, batch)
    if profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    cpu, server, wall = process_time() - cpu, server_cpu() - server, perf_counter() - wall
    replies = sum(mail.reply for mail in mails)
    return Figure(
        database,
        before,
        batch,
        len(mails),
        round(cpu * 1000 / len(mails), 3),
        round(server * 1000 / len(mails), 3),
        round(len(mails) / wall),
        f"{counts.replies}/{replies}",
        counts.tickets,
    )


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
    if options.json:
        print(json.dumps(vars(figure)), flush=True)
        return
    print(
        f"{figure.database:10} {figure.tickets_before:6} tickets before, {figure.batch:2} a commit: "
        f"{figure.cpu_ms:.3f} ms CPU + {figure.server_ms:.3f} server a mail, {figure.mails_per_second} mails/s, "
        f"threaded {figure.threaded}, new tickets {figure.acknowledged}",
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

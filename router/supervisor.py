"""The whole desk from one command: `switchboard up`.

One parent loads the code once and forks every role, so that the memory of the code is paid for once. It holds no thread
and no connection, restarts what dies, and takes everything with it when it goes.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

from channels.registry import open_channel
from router import logs, preflight, roles, valkey
from router.config import Config, split_listen
from router.processes import Errand, fork, kill, session_members

log = logging.getLogger("router.desk")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
# A role that ran this long was well: its next death is a first one.
_WELL_SECONDS = 30.0
_POLITE_SECONDS = 6.0
_READY_SECONDS = 30.0


@dataclass(slots=True)
class Child:
    """One role. `pid` 0: not running; it starts at `due` (monotonic seconds)."""

    role: str
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    due: float = 0.0


def pause_after(deaths: int) -> float:
    """Seconds before a role that died for the nth time in a row starts again."""
    return float(min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2 ** min(deaths - 1, 16)))


def up(config: Config, *, demo: bool = False, say: Callable[[str], None] = print) -> None:
    """Run the desk until SIGINT or SIGTERM. Raises StartError when something stands in the way."""
    _make_folder(config)
    with preflight.only_desk(config):
        if problems := preflight.problems(config):
            raise preflight.StartError(problems)
        logs.setup("desk", config.settings.log_level, config.data_dir)
        desk = Supervisor(config, say)
        try:
            desk.open(demo)
            desk.watch()
        finally:
            desk.close()


class Supervisor:
    """Owns the processes of one desk. Single-threaded; every wait ends early when a signal comes."""

    def __init__(self, config: Config, say: Callable[[str], None]) -> None:
        self.config = config
        self.say = say
        self.children = [Child(role) for role in roles.ROLES]
        self.queue: valkey.Server | None = None
        self.link: str | None = None
        self.stopping = 0
        # Sessions of roles that have died and may have left a job running.
        self.sessions: set[int] = set()
        self._woken, self._waker = os.pipe()
        self._listen_to_signals()

    def open(self, demo: bool) -> None:
        """Queue, database and code, side by side; then every role at its first turn of the watch."""
        # The errand is forked first: neither the queue nor the loaded code is any business of its.
        errand = Errand(lambda: _make_ready(self.config, demo))
        self._start_queue()
        roles.preload(self.config)
        self.link = errand.result(lambda: self.stopping > 0)
        # Out of the collector's reach: it would write to every object, and each child would get a page of its own.
        gc.collect()
        gc.freeze()

    def watch(self) -> None:
        """Keep every role running until told to stop."""
        told, begun = False, time.monotonic()
        while not self.stopping:
            self._reap()
            self._start_due()
            self._watch_queue()
            if not told and (self._answering() or time.monotonic() > begun + _READY_SECONDS):
                told = True
                self._tell()
            self._wait(1.0 if told else 0.05)

    def close(self) -> None:
        """End everything: first politely, then for good. A second signal skips the politeness."""
        roles_alive = [child.pid for child in self.children if child.pid]
        kill(roles_alive, signal.SIGTERM)
        deadline = time.monotonic() + _POLITE_SECONDS
        while self._left() and time.monotonic() < deadline and self.stopping < 2:
            self._reap()
            self._wait(0.05)
        kill(self._left(), signal.SIGKILL)
        while any(child.pid for child in self.children):
            self._reap()
            self._wait(0.02)
        if self.queue:
            self.queue.stop()

    def _left(self) -> list[int]:
        """Every process of ours that lives, with what the roles forked in turn."""
        return session_members(self.sessions | {child.pid for child in self.children if child.pid})

    def _start_due(self) -> None:
        for child in self.children:
            if not child.pid and child.due <= time.monotonic():
                role = child.role
                child.pid = fork(lambda role=role: self._become(role))  # type: ignore[misc]
                child.started = time.monotonic()

    def _become(self, role: str) -> None:
        os.close(self._woken)
        os.close(self._waker)
        roles.run(role, self.config)

    def _reap(self) -> None:
        for child in self.children:
            if child.pid:
                pid, status = os.waitpid(child.pid, os.WNOHANG)
                if pid:
                    self._note_death(child, os.waitstatus_to_exitcode(status))

    def _note_death(self, child: Child, code: int) -> None:
        self.sessions = {sid for sid in self.sessions | {child.pid} if session_members({sid})}
        lived = time.monotonic() - child.started
        child.pid, child.deaths = 0, 1 if lived > _WELL_SECONDS else child.deaths + 1
        pause = pause_after(child.deaths)
        child.due = time.monotonic() + pause
        if not self.stopping:
            how = f"by signal {-code}" if code < 0 else f"with status {code}"
            log.warning("%s ended %s; it starts again in %.1f s", child.role, how, pause)

    def _start_queue(self) -> None:
        if not self.config.settings.redis_url:
            self.queue = valkey.start(self.config.data_dir)

    def _watch_queue(self) -> None:
        if self.queue and not self.queue.running():
            log.warning("queue ended; it starts again")
            self._start_queue()

    def _answering(self) -> bool:
        settings = self.config.settings
        doors = [(settings.host, self.config.live_port)]
        if settings.smtp_listen != "off":
            doors.append(split_listen(settings.smtp_listen))
        return all(_listens(host, port) for host, port in doors if port) and _serves(settings.host, settings.port)

    def _tell(self) -> None:
        if not self._answering():
            log.warning("not everything answers yet; %s may say why", logs.error_log(self.config.data_dir))
        self.say("\n".join(_banner(self.config, self.link)))

    def _listen_to_signals(self) -> None:
        os.set_blocking(self._waker, False)
        os.set_blocking(self._woken, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_stop)
        # `nohup` means: go on without the terminal.
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _note_stop(self, *_: Any) -> None:
        self.stopping += 1

    def _wait(self, seconds: float) -> None:
        if select.select([self._woken], [], [], seconds)[0]:
            os.read(self._woken, 512)


def _make_folder(config: Config) -> None:
    try:
        config.data_dir.mkdir(parents=True, exist_ok=True)
        (config.data_dir / "desk.lock").open("a").close()
    except OSError:
        raise preflight.StartError(preflight.problems(config)) from None


def _make_ready(config: Config, demo: bool) -> str | None:
    """Runs in a child. Returns the first manager's link."""
    from router import start
    from router.context import utc_now
    from router.intake.drain import release_claims

    app = start.prepare(config, utc_now())
    if app.db.is_sqlite:
        # The data folder is ours alone: what a killed worker had claimed need not wait for its lease to end.
        release_claims(app)
    link = start.first_link(app, utc_now())
    if demo:
        print("Loading the sample desk", end="", flush=True)  # noqa: T201 - seen while the rest starts
        added = start.load_sample(app, utc_now(), _dots)
        print(f" {added} new messages.", flush=True)  # noqa: T201
    return link


def _dots(done: int, of: int) -> None:
    if done % max(1, of // 20) == 0:
        print(".", end="", flush=True)  # noqa: T201


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def _serves(host: str, port: int) -> bool:
    """The pages answer, not only their socket: it listens before the process behind it is there."""
    connection = HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _banner(config: Config, link: str | None) -> list[str]:
    lines = ["", f"{config.desk_name} is ready.", f"  Pages     {config.base_url}"]
    if config.settings.smtp_listen != "off":
        takes = ", ".join(sorted(account.address for account in config.mail_accounts))
        lines.append(
            f"  Mail in   {config.settings.smtp_listen} (SMTP) for {takes or 'nobody: no email account is set'}"
        )
    if not all(open_channel(account, config.desk).delivers for account in config.accounts):
        lines.append(f"  Mail out  kept in {config.outbox_dir}, since no outgoing server is set")
    if link:
        lines.append(f"  Sign in   {link}  (once, within 72 hours, for the first manager)")
    return [*lines, "  Stop      Ctrl-C", ""]

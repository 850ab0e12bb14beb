"""The `mail` process: listens for mail by SMTP and LMTP, and tends each mailbox with a thread of its own.

All that arrives goes through `record` before anybody outside is told so. Several of these processes may run: a lease
keeps two of them off one mailbox, and the cursor is stored only by the one that holds it.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from channels.base import ChannelError, Json, Puller, RawItem
from channels.email.listener import MailListener
from channels.email.settings import EmailSettings
from router import accounts, backoff, intake
from router.config import ConfigError, split_listen
from router.context import App, utc_now

log = logging.getLogger(__name__)

LEASE_SECONDS = 60
RENEW_SECONDS = 20.0
# While another process has the mailbox.
LEASE_HELD_REST = 10.0
STOP_SECONDS = 4.0


def run(app: App, stop: threading.Event) -> None:
    """Until `stop`; then listeners and lines are closed within five seconds. ConfigError when an address is taken."""
    owner = f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
    listeners = start_listeners(app)
    tenders = _tenders(app, owner, stop)
    threads = [threading.Thread(target=t.run, name=f"tend-{t.name}", daemon=True) for t in tenders]
    threads.append(threading.Thread(target=_renew_leases, args=(tenders, stop), name="leases", daemon=True))
    for thread in threads:
        thread.start()
    log.info("mail process started", extra={"listeners": len(listeners), "mailboxes": len(tenders)})
    stop.wait()
    for tender in tenders:
        tender.puller.close()
    for listener in listeners:
        listener.stop()
    deadline = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def start_listeners(app: App) -> list[MailListener]:
    """The listeners that the settings ask for, listening."""
    settings = app.config.settings
    wanted = [("SMTP_LISTEN", settings.smtp_listen, False), ("LMTP_LISTEN", settings.lmtp_listen, True)]
    return [_listen(app, name, where, lmtp=lmtp) for name, where, lmtp in wanted if where != "off"]


def _listen(app: App, setting: str, where: str, *, lmtp: bool) -> MailListener:
    host, port = split_listen(where)

    def account_of(address: str) -> str | None:
        account = app.config.account_for(address)
        return account.name if account in app.config.mail_accounts and account else None

    def record(account: str, item: RawItem) -> None:
        intake.record(app, account, [item], utc_now())

    limit = app.config.settings.max_mail_bytes
    listener = MailListener(host, port, accepts=account_of, record=record, lmtp=lmtp, max_bytes=limit)
    try:
        listener.start()
    except OSError as error:
        problem = f"{setting}: {where} cannot be listened on ({error.strerror}). Choose another port, or 'off'."
        raise ConfigError([problem]) from error
    return listener


def _tenders(app: App, owner: str, stop: threading.Event) -> list[Tender]:
    mailboxes = [a for a in app.config.accounts if isinstance(a.settings, EmailSettings) and a.settings.imap]
    pullers = ((a, app.channel(a.name).puller()) for a in mailboxes)
    return [Tender(app, a.name, p, owner, stop, poll_seconds=a.settings.imap.poll_seconds) for a, p in pullers if p]


class Tender:
    """One mailbox, one thread: lease, poll, record, settle, wait, and rest after failures."""

    def __init__(
        self,
        app: App,
        name: str,
        puller: Puller,
        owner: str,
        stop: threading.Event,
        *,
        poll_seconds: float = 60.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.app, self.name, self.puller, self.owner = app, name, puller, owner
        self.stop, self.now = stop, now
        self.holds_lease = False
        self.poll_seconds = poll_seconds
        self._failures = self._refusals = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.stop.wait(self._turn())
        self.puller.close()
        if self.holds_lease:
            self._quietly("release the lease", lambda: accounts.release_lease(self.app, self.name, self.owner))

    def renew(self) -> None:
        """Called from another thread, so that neither a long fetch nor a long wait loses the lease."""
        if self.holds_lease:
            self._quietly("renew the lease", self._lease)

    def _turn(self) -> float:
        """Tend the mailbox until something goes wrong; how long to rest then."""
        try:
            self._tend(self._lease())
        except accounts.LeaseHeld:
            return LEASE_HELD_REST
        except accounts.LeaseLost:
            log.warning("another process took the mailbox over", extra={"account": self.name})
            self.holds_lease = False
            return LEASE_HELD_REST
        except ChannelError as error:
            return self._rest(str(error), permanent=error.permanent, retry_after=error.retry_after)
        except Exception as error:
            # The database or the disk, most likely: nothing was stored, the cursor stands, the mail is on the server.
            log.exception("mail could not be taken", extra={"account": self.name})
            return self._rest(f"Mail could not be stored: {type(error).__name__}. It waits on the server.")
        return 0.0

    def _lease(self) -> Json | None:
        try:
            cursor = accounts.take_lease(self.app, self.name, self.owner, self.now(), LEASE_SECONDS)
        except accounts.LeaseHeld:
            self.holds_lease = False
            raise
        self.holds_lease = True
        return cursor

    def _tend(self, cursor: Json | None) -> None:
        """Each round stores what came together with the place behind it; only then the server's copies are tidied."""
        while not self.stop.is_set():
            if not self.holds_lease:
                raise accounts.LeaseLost
            pulled = self.puller.poll(cursor)
            if pulled.notice:
                log.warning("mailbox notice", extra={"account": self.name, "notice": pulled.notice})
            if pulled.items or pulled.cursor != cursor:
                intake.record(
                    self.app, self.name, pulled.items, self.now(), cursor=pulled.cursor, lease_owner=self.owner
                )
            cursor = pulled.cursor
            self.puller.settle(pulled.items)
            self._failures = self._refusals = 0
            if not pulled.more:
                accounts.report(self.app, self.name, self.now())
                self.puller.wait(self.poll_seconds)

    def _rest(self, words: str, *, permanent: bool = False, retry_after: float | None = None) -> float:
        if self.stop.is_set():
            return 0.0
        self._failures += 1
        self._refusals = self._refusals + 1 if permanent else 0
        rest = backoff.rest(self._failures - 1, self._refusals, random.random(), retry_after)  # noqa: S311 - jitter
        until = self.now() + timedelta(seconds=rest.seconds) if rest.pause else None
        log.warning("mailbox cannot be read", extra={"account": self.name, "error": words, "rest": rest.seconds})
        self._quietly("report", lambda: accounts.report(self.app, self.name, self.now(), words, until))
        return rest.seconds

    def _quietly(self, doing: str, do: Callable[[], object]) -> None:
        """What fails here fails again in the next turn, where it counts."""
        try:
            do()
        except accounts.LeaseHeld:
            log.warning("another process took the mailbox over", extra={"account": self.name})
        except Exception:
            log.exception("mailbox upkeep failed", extra={"account": self.name, "doing": doing})


def _renew_leases(tenders: list[Tender], stop: threading.Event) -> None:
    while not stop.wait(RENEW_SECONDS):
        for tender in tenders:
            tender.renew()

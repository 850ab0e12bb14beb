"""Pulling mail from an IMAP mailbox: one line that fetches, one that sits in IDLE, and no trace left on the server.

The order that loses nothing: go into IDLE first, then search, then sleep. Mail that came before IDLE is found by the
search, mail that came after it wakes the sleeper.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from channels.base import AccountConfig, ChannelError, CheckLine, Json, Pulled, RawItem
from channels.email import imap_fetch, imap_login, imap_tidy
from channels.email.imap_cursor import Cursor, from_json, resume
from channels.email.imap_idle import IdleLine
from channels.email.settings import EmailSettings, Imap

log = logging.getLogger(__name__)

# A mail that broke the line, or was refused, this often when fetched alone is passed over into the quarantine.
MAX_TRIES = 5
MAX_IDLE_REST = 300.0


class ImapPuller:
    """base.Puller for one mailbox. It connects by itself, and again after any failure."""

    def __init__(self, account: AccountConfig) -> None:
        settings: EmailSettings = account.settings
        assert settings.imap, "the account has no [imap]"
        self._account = account.name
        self._server: Imap = settings.imap
        self._limit = settings.max_mail_bytes
        self._client: Any = None
        self._idle: IdleLine | None = None
        self._idle_failures = 0
        self._idle_from = 0.0
        self._busy = threading.Lock()
        self._closed = threading.Event()
        self._here: Cursor | None = None
        self._ahead: deque[int] = deque()
        self._careful = 0
        self._tries: Counter[int] = Counter()

    def poll(self, cursor: Json | None) -> Pulled:
        with self._line():
            now = datetime.now(UTC)
            here, notice = self._place(from_json(cursor), now)
            items, here = self._take(here, now)
            self._here = here
            self._careful = max(0, self._careful - 1)
            return Pulled(items, here.to_json(), more=bool(self._ahead), notice=notice)

    def wait(self, seconds: float) -> None:
        """Rules I7 and I8. Trouble with the IDLE line is no trouble with the mailbox: it ends the wait, and the next
        poll tells how the mailbox is."""
        with self._line() as client:
            if time.monotonic() >= self._idle_from and self._may_idle(client) and self._idle_line():
                self._sleep_in_idle(client, seconds)
                return
        rest = self._idle_from - time.monotonic() if self._idle_failures else seconds
        self._closed.wait(max(0.0, min(rest, seconds)))

    def settle(self, items: Sequence[RawItem]) -> None:
        if self._server.after == "nothing" or not items or self._here is None:
            return
        uids = [u for i in items if (u := imap_fetch.uid_of(i.external_id, self._here.uidvalidity)) is not None]
        try:
            with self._line() as client:
                imap_login.open_mailbox(client, self._server.mailbox, readonly=False)
                imap_tidy.tidy(client, self._server, uids)
        except ChannelError as error:
            log.warning("stored mail was not tidied up", extra={"account": self._account, "error": str(error)})

    def close(self) -> None:
        """A thread that is in a poll or a wait comes back at once with ChannelError."""
        self._closed.set()
        for client in (self._client, self._idle and self._idle.client):
            if client is not None:
                imap_login.shut(client)
        if self._busy.acquire(blocking=False):
            try:
                self._drop()
            finally:
                self._busy.release()

    @contextlib.contextmanager
    def _line(self) -> Iterator[Any]:
        """The fetching line, connected. After a ChannelError everything is dropped."""
        with self._busy:
            try:
                self._check_open()
                if self._client is None:
                    self._client = imap_login.dial(self._server)
                    self._check_open()
                yield self._client
            except ChannelError:
                self._drop()
                raise
            finally:
                if self._closed.is_set():
                    self._drop()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise ChannelError("the line was closed by us")

    def _drop(self) -> None:
        client, self._client = self._client, None
        idle, self._idle = self._idle, None
        if client is not None:
            imap_login.hang_up(client)
        if idle is not None:
            idle.hang_up()
        self._ahead.clear()

    def _place(self, cursor: Cursor | None, now: datetime) -> tuple[Cursor, str]:
        """Where to fetch from. The mailbox is opened anew each time (its UIDVALIDITY may have changed), except in the
        middle of what one search has found."""
        if self._ahead and cursor is not None and cursor == self._here:
            return cursor, ""
        readonly = self._server.after == "nothing"
        state = imap_login.open_mailbox(self._client, self._server.mailbox, readonly=readonly)
        uidvalidity, uidnext = int(state.get(b"UIDVALIDITY", 0)), int(state.get(b"UIDNEXT", 0)) or self._uidnext()
        mailbox, first = self._server.mailbox, self._server.first_sync
        here, notice = resume(cursor, mailbox, uidvalidity, uidnext, first, now)
        if notice:
            log.warning("mailbox was built anew", extra={"account": self._account, "mailbox": mailbox})
        self._ahead = deque(imap_fetch.newer(self._client, here.last_uid))
        return here, notice

    def _uidnext(self) -> int:
        """For the few servers that do not say it on opening."""
        return max(imap_fetch.newer(self._client, 0), default=0) + 1

    def _take(self, here: Cursor, now: datetime) -> tuple[list[RawItem], Cursor]:
        """The next batch and the place behind it. After a failure the mails of that batch come one by one, with
        their tries counted, until the one that may have caused it is behind us."""
        size = 1 if self._careful else imap_fetch.BATCH_MAILS
        uids = list(islice(self._ahead, size))
        if not uids:
            return [], here
        try:
            return self._fetched(uids, here, now)
        except ChannelError:
            if self._careful:
                self._tries[uids[0]] += 1
            self._careful = imap_fetch.BATCH_MAILS
            raise

    def _fetched(self, uids: list[int], here: Cursor, now: datetime) -> tuple[list[RawItem], Cursor]:
        if self._tries[uids[0]] >= MAX_TRIES:
            return self._pass_over(uids[0], here, now)
        there = imap_fetch.listed(self._client, uids, now)
        mails = imap_fetch.batch(there, self._limit)
        raw = imap_fetch.bodies(self._client, mails, self._limit) if mails else {}
        last = mails[-1].uid if len(mails) < len(there) else uids[-1]
        items = []
        for mail in mails:
            # Without bytes it was expunged between the listing and now: gone mail is nobody's.
            if mail.uid in raw and not self._skip(mail, here):
                items.append(imap_fetch.item(mail, raw[mail.uid], here, self._limit))
            here = here.at(mail.uid)
        return items, self._behind(last, here)

    def _skip(self, mail: imap_fetch.Listed, here: Cursor) -> bool:
        """Listing anew, with `first_sync = "now"`: what was there before us was never ours."""
        anew = mail.uid <= here.relist_to and self._server.first_sync == "now"
        return anew and here.predates(mail.received_at)

    def _pass_over(self, uid: int, here: Cursor, now: datetime) -> tuple[list[RawItem], Cursor]:
        log.error("a mail cannot be fetched", extra={"account": self._account, "uid": uid})
        return [imap_fetch.unreadable(uid, here, now)], self._behind(uid, here)

    def _behind(self, last: int, here: Cursor) -> Cursor:
        while self._ahead and self._ahead[0] <= last:
            self._tries.pop(self._ahead.popleft(), None)
        return here.at(last)

    def _may_idle(self, client: Any) -> bool:
        with imap_login.faults_as_channel_errors("asking for capabilities"):
            return bool(client.has_capability("IDLE"))

    def _idle_line(self) -> IdleLine | None:
        """The line in IDLE, dialled when there is none; None while that fails (some providers allow one line only)."""
        if self._idle is None:
            try:
                self._idle = IdleLine(self._server)
            except ChannelError as error:
                self._idle_trouble(error)
        self._check_open()
        return self._idle

    def _sleep_in_idle(self, client: Any, seconds: float) -> None:
        assert self._idle
        if self._here is None or imap_fetch.came_meanwhile(client, self._here.last_uid):
            return
        try:
            self._idle.wait(seconds)
            self._idle_failures = 0
        except ChannelError as error:
            self._check_open()
            self._idle_trouble(error)

    def _idle_trouble(self, error: ChannelError) -> None:
        log.info("IDLE ended", extra={"account": self._account, "error": str(error)})
        idle, self._idle = self._idle, None
        if idle is not None:
            idle.hang_up()
        # The first time at once, for lines do break; a server that keeps refusing is asked less and less.
        rest = min(2.0**self._idle_failures, MAX_IDLE_REST) if self._idle_failures else 0.0
        self._idle_from = time.monotonic() + rest
        self._idle_failures = min(self._idle_failures + 1, 9)


def check(account: str, server: Imap) -> CheckLine:
    """Can we log in and open the mailbox? It is opened for reading only."""
    part = f"{account}: IMAP {server.host}:{server.port}"
    try:
        client = imap_login.dial(server)
        try:
            imap_login.open_mailbox(client, server.mailbox, readonly=True)
        finally:
            imap_login.hang_up(client)
    except ChannelError as error:
        mend = "Check host, user and password; many providers want IMAP switched on and an app password."
        return CheckLine(part, False, str(error), mend)
    return CheckLine(part, True, f"logged in as {server.user}, {server.mailbox} can be read")

"""A second line that sits in IDLE (RFC 2177) and only says "something came". It never fetches.

IMAPClient's IDLE has three traps, and each is answered here: an untagged line before the `+` raises (that *is* news), a
closed line reads as "nothing happened" (so nothing, too early, is a closed line), and a cut answer hangs (so the socket
always has a timeout).
"""

from __future__ import annotations

import time
from typing import Any

from channels.base import ChannelError
from channels.email import imap_login
from channels.email.settings import Imap

# The clock of poll(2) and ours may differ by this much.
_EARLY = 0.05


class IdleLine:
    """In IDLE from the moment it exists, or ChannelError."""

    def __init__(self, server: Imap) -> None:
        self._server = server
        self.client = imap_login.dial(server)
        self.news = False
        try:
            imap_login.open_mailbox(self.client, server.mailbox, readonly=True)
            self._enter()
        except BaseException:
            imap_login.hang_up(self.client)
            raise

    def wait(self, seconds: float) -> bool:
        """True as soon as the mailbox has grown, False after `seconds`. ChannelError when the line is dead."""
        deadline = time.monotonic() + seconds
        while not self.news and (left := deadline - time.monotonic()) > 0:
            if time.monotonic() >= self._renew_at:
                self._renew()
            else:
                self._listen(min(left, self._renew_at - time.monotonic()))
        news, self.news = self.news, False
        return news

    def hang_up(self) -> None:
        imap_login.hang_up(self.client)

    def _enter(self) -> None:
        with imap_login.faults_as_channel_errors("going into IDLE"):
            self.client.idle()
        self._renew_at = time.monotonic() + self._server.idle_seconds

    def _renew(self) -> None:
        """Long before the 29 minutes after which servers hang up on the silent."""
        with imap_login.faults_as_channel_errors("renewing IDLE"):
            _, lines = self.client.idle_done()
        self._note(lines)
        self._enter()

    def _listen(self, seconds: float) -> None:
        started = time.monotonic()
        with imap_login.faults_as_channel_errors("waiting in IDLE"):
            lines = self.client.idle_check(timeout=seconds)
        if not lines and time.monotonic() - started < seconds - _EARLY:
            raise ChannelError("the IMAP server closed the line during IDLE")
        self._note(lines)

    def _note(self, lines: list[Any]) -> None:
        """A mailbox that grew is news; flags that people set, and mail that goes away, are not."""
        for line in lines:
            if b"BYE" in line[:1]:
                raise ChannelError("the IMAP server said goodbye during IDLE")
            self.news = self.news or b"EXISTS" in line[1:2]

"""Taking mail by SMTP or LMTP: nothing is promised (250) before `record` has come back.

One thread runs the event loop; `record` runs in a few threads of its own, so a slow disk stalls nobody else's session.
Bounded in connections, recipients, bytes a mail and bytes at once.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels.base import RawItem
from channels.email.conversation import LmtpConversation, SmtpConversation

log = logging.getLogger(__name__)

MAX_RECIPIENTS = 100
RECORDERS = 4
# Mails in the making may hold so many of the largest size together; above that, senders are asked to come back.
FULL_MAILS_AT_ONCE = 4
SILENCE_SECONDS = 300.0
GOODBYE_SECONDS = 3.0


class MailListener:
    """`accepts` names the account of an address, or None for nobody's; `record` returns when the item is on disk, and
    raises when it is not."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        accepts: Callable[[str], str | None],
        record: Callable[[str, RawItem], None],
        lmtp: bool = False,
        max_bytes: int = 50 * 2**20,
        max_connections: int = 50,
    ) -> None:
        self.host, self.port = host, port
        self.max_bytes, self.max_connections = max_bytes, max_connections
        self.conversations: set[Any] = set()
        self.held = 0
        self.recording = 0
        self._accepts, self._record = accepts, record
        self._protocol = LmtpConversation if lmtp else SmtpConversation
        self._hostname = socket.gethostname()
        self._loop = asyncio.new_event_loop()
        self._recorders = ThreadPoolExecutor(RECORDERS, thread_name_prefix="record")
        self._thread = threading.Thread(target=self._run, name=f"listen-{port}", daemon=True)

    def start(self) -> None:
        """Listen from now on; OSError when the address cannot be had. `port` then is the real one."""
        try:
            self._server = self._loop.run_until_complete(
                self._loop.create_server(self._converse, self.host, self.port, backlog=128)
            )
        except BaseException:
            self._recorders.shutdown()
            self._loop.close()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread.start()

    def stop(self) -> None:
        """Take no new mail, let what is being recorded get its answer, then hang up. Twice is the same as once."""
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._wind_down(), self._loop).result(GOODBYE_SECONDS * 2)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(GOODBYE_SECONDS)
        self._recorders.shutdown(wait=False)

    @property
    def full(self) -> bool:
        """No room for the mails that are coming in already."""
        return self.held > FULL_MAILS_AT_ONCE * self.max_bytes

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds its hooks by these names
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        plain = _clean(address)
        account = self._accepts(plain)
        if account is None:
            return "550 5.1.1 There is no such mailbox here"
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients, send the others separately"
        envelope.rcpt_tos.append(plain)
        envelope.rcpt_options.append(account)
        return "250 2.1.5 OK"

    async def handle_exception(self, _error: Exception) -> str:
        log.exception("mail session failed")
        return "451 4.3.0 Something went wrong here, try again later"

    async def take(self, envelope: Any, raw: bytes) -> list[bool]:
        """Record one item an account; for each recipient in order, whether his is on disk."""
        accounts: list[str] = envelope.rcpt_options
        stored: dict[str, bool] = {}
        for account in dict.fromkeys(accounts):
            to = [a for a, whose in zip(envelope.rcpt_tos, accounts, strict=True) if whose == account]
            stored[account] = await self._stored(account, _item(envelope.mail_from, to, raw))
        return [stored[account] for account in accounts]

    async def _stored(self, account: str, item: RawItem) -> bool:
        self.recording += 1
        try:
            await self._loop.run_in_executor(self._recorders, self._record, account, item)
        except Exception:
            log.exception("mail could not be recorded", extra={"account": account})
            return False
        finally:
            self.recording -= 1
        return True

    def _converse(self) -> Any:
        return self._protocol(
            self,
            hostname=self._hostname,
            ident="Switchboard",
            data_size_limit=self.max_bytes,
            enable_SMTPUTF8=True,
            timeout=SILENCE_SECONDS,
            loop=self._loop,
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _wind_down(self) -> None:
        self._server.close()
        until = self._loop.time() + GOODBYE_SECONDS
        while self.recording and self._loop.time() < until:
            await asyncio.sleep(0.02)
        # One more turn, so that the answers are written before the lines go.
        await asyncio.sleep(0.02)
        for conversation in list(self.conversations):
            conversation.hang_up()
        while self.conversations and self._loop.time() < until:
            await asyncio.sleep(0.02)


def _item(mail_from: str | None, to: list[str], raw: bytes) -> RawItem:
    """The id is the content's: a sender who never got our 250 sends the same bytes again, and they are one mail."""
    sender = _clean(mail_from or "").strip("<>")
    envelope = {"mail_from": sender, "rcpt_to": to}
    return RawItem(f"smtp:{sha256(raw).hexdigest()}", raw, datetime.now(UTC), envelope)


def _clean(address: str) -> str:
    """Bytes that are no UTF-8 arrive as lone surrogates, which no database takes."""
    return address.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "")

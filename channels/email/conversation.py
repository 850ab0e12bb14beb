"""One SMTP or LMTP session on top of aiosmtpd: what it leaves out, or answers differently than we promise.

It counts connections, takes lines of any length (real mail has them), keeps the content in one buffer, and gives LMTP its
answer for each recipient (RFC 2033 §4.2).
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

TOO_LARGE = "552 5.3.4 The mail is larger than this desk takes"
NO_ROOM = "452 4.3.1 No room for this mail at the moment, try again later"
NOT_STORED = "451 4.3.0 The mail could not be stored, try again later"
STORED = "250 2.0.0 Recorded"
TOO_MANY = b"421 4.7.0 Too many connections, try again later\r\n"


class SmtpConversation(SMTP):
    """`event_handler` is the listener. All methods run in its event loop."""

    # The stream's buffer for one line; longer lines come in pieces.
    line_length_limit = 64 * 1024
    _refused = False

    def connection_made(self, transport: Any) -> None:
        listener = self.event_handler
        if len(listener.conversations) >= listener.max_connections:
            self._refused = True
            transport.write(TOO_MANY)
            transport.close()
            return
        listener.conversations.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._refused:
            self.event_handler.conversations.discard(self)
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        return None if self._refused else super().eof_received()

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.close()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd finds its commands by these names
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        assert envelope is not None
        if not envelope.rcpt_tos or arg:
            await self.push("501 5.5.4 Syntax: DATA" if arg else "503 5.5.1 Send RCPT first")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = bytearray()
        try:
            trouble = await self._receive(content)
            if trouble:
                await self._answer([trouble] * len(envelope.rcpt_tos))
            else:
                stored = await self.event_handler.take(envelope, bytes(content))
                await self._answer([STORED if good else NOT_STORED for good in stored])
        finally:
            self.event_handler.held -= len(content)
            self.envelope = self._create_envelope()

    async def _receive(self, content: bytearray) -> str:
        """Read up to the lone dot, undoing dot-stuffing (RFC 5321 §4.5.2). Returns the refusal, or empty. Only CRLF ends
        a line: a dot between bare line feeds is text, or one mail could smuggle in a second."""
        trouble, fresh = "", True
        while True:
            line = await self._piece()
            if fresh and line == b".\r\n":
                return trouble
            if not trouble:
                trouble = self._trouble(len(content) + len(line))
            if not trouble:
                kept = line[1:] if fresh and line.startswith(b".") else line
                content += kept
                self.event_handler.held += len(kept)
            fresh = line.endswith(b"\r\n")

    async def _piece(self) -> bytes:
        """A line, or as much of a long one as the buffer holds."""
        try:
            line: bytes = await self._reader.readuntil(b"\r\n")
        except asyncio.LimitOverrunError as error:
            line = await self._reader.read(error.consumed)
        return line

    def _trouble(self, size: int) -> str:
        if size > self.event_handler.max_bytes:
            return TOO_LARGE
        return NO_ROOM if self.event_handler.full else ""

    async def _answer(self, replies: list[str]) -> None:
        """SMTP has one answer for all: the worst."""
        await self.push(max(replies))


class LmtpConversation(SmtpConversation, LMTP):
    """LHLO instead of EHLO, and one answer for each recipient, in their order."""

    async def _answer(self, replies: list[str]) -> None:
        await self.push("\r\n".join(replies))

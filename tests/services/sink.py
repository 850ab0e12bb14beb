"""A mail server that takes everything, and a ledger of what it took: what has really left, by somebody else's word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from services.dovecot import free_port


@dataclass(frozen=True, slots=True)
class Taken:
    """One mail that was taken. `message_id` is without brackets."""

    message_id: str
    recipient: str
    automatic: bool


def taken(raw: bytes) -> Taken:
    mail = message_from_bytes(raw)
    automatic = mail.get("Auto-Submitted", "no") != "no"
    return Taken(mail["Message-ID"].strip("<> \r\n"), mail["To"].rpartition("<")[2].strip("> "), automatic)


@dataclass
class Sink:
    port: int
    mails: list[Taken] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name there
        assert isinstance(envelope.content, bytes)
        self.mails.append(taken(envelope.content))
        return "250 2.0.0 taken"

    def ledger(self) -> list[Taken]:
        return list(self.mails)


@dataclass
class OutboxFolder:
    """The same ledger where mail leaves into a folder."""

    folder: Path

    def ledger(self) -> list[Taken]:
        return [taken(path.read_bytes()) for path in sorted(self.folder.glob("*.eml"))]


@contextmanager
def listening(port: int = 0) -> Iterator[Sink]:
    sink = Sink(port or free_port())
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, ready_timeout=30)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()

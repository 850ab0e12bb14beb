"""Understand: raw bytes become a message with a language. Pure CPU, bounded, and no transaction is open."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import FrameType

from channels.base import Channel, Json, Parsed, ParseError
from router.context import App
from rules.topics.language import detect

CPU_SECONDS = 5.0
# Enough to tell a language, and a bound on what a long mail costs.
_LANGUAGE_SAMPLE = 600


@dataclass(frozen=True, slots=True)
class Item:
    """One claimed raw item."""

    inbound_id: int
    account_id: int
    account: str
    received_at: datetime
    envelope: Json
    raw: bytes
    attempts: int = 1
    released: bool = False


@dataclass(frozen=True, slots=True)
class Understood:
    """`files` are the keys of the attachments' bytes, which are on disk already: no transaction waits for a disk.
    `about` are the ids of our own messages that a delivery report may be about, best first."""

    item: Item
    parsed: Parsed
    language: str
    files: tuple[str, ...] = ()
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why `item` could not be read: a stable word and a sentence for the quarantine page."""

    item: Item
    code: str
    reason: str


class TookTooLong(Exception):
    """Reading one item used up its processor time."""


def understand(app: App, item: Item) -> Understood | Unreadable:
    """Read one item within its bounds: what cannot be read says why. Raises OSError alone, when the file store cannot
    keep an attachment: a full disk is no fault of the message."""
    try:
        with _bounded(CPU_SECONDS):
            channel = app.channel(item.account)
            parsed = channel.parse(item.raw, item.envelope)
            sample = f"{parsed.subject}\n{parsed.new_text}"[:_LANGUAGE_SAMPLE]
            language = detect(sample, fallback="")
        files = tuple(app.files.put(attachment.data) for attachment in parsed.attachments)
        return Understood(item, parsed, language, files, _about(channel, parsed))
    except ParseError as error:
        return Unreadable(item, "unreadable", str(error))
    except TookTooLong:
        return Unreadable(item, "too_slow", f"reading it took more than {CPU_SECONDS:g} seconds")
    except MemoryError:
        return Unreadable(item, "too_large", "reading it took more memory than one message may")
    except KeyError as error:
        return Unreadable(item, "no_account", f"the account {error} is no longer configured")
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in reading one message must not stop the others
        return Unreadable(item, "reader_failed", f"the reader failed: {type(error).__name__}: {error}")


def _about(channel: Channel, parsed: Parsed) -> tuple[str, ...]:
    if parsed.report is None:
        return ()
    by_token = (channel.outgoing_ref(f"{token.ref}.{token.nonce}.{token.mac}") for token in parsed.report.tokens)
    return (*parsed.report.references, *by_token)


@contextmanager
def _bounded(seconds: float) -> Iterator[None]:
    # The virtual timer counts this process's own processor time, so a busy machine quarantines nothing; RQ has the real
    # one. Signals reach only the main thread: elsewhere the worker's own limit remains.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TookTooLong

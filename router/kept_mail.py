"""Mail that left into the outbox folder, for reading it on a page. The files are our own letters; they are only read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KeptMail:
    """`name` is the file's name without `.eml`."""

    name: str
    kept_at: datetime
    size: int
    subject: str
    to: str
    sender: str
    automatic: bool


@dataclass(frozen=True, slots=True)
class OpenedMail:
    mail: KeptMail
    text: str
    html: str
    attachments: tuple[str, ...]
    raw: bytes


def page(folder: Path, *, before: float | None = None, limit: int = 50) -> tuple[list[KeptMail], float | None]:
    """The newest mails kept before that moment, and the moment to go on from; None at the end."""
    dated = sorted(((_modified(path), path) for path in _files(folder)), key=lambda pair: (-pair[0], pair[1].name))
    older = [pair for pair in dated if before is None or pair[0] < before]
    shown = older[:limit]
    return [_headers(path) for _, path in shown], shown[-1][0] if len(older) > limit else None


def get(folder: Path, name: str) -> OpenedMail | None:
    """One mail by its file's name, or None. Only names that the folder lists exist: no path reaches outside it."""
    path = next((path for path in _files(folder) if path.stem == name), None)
    if path is None:
        return None
    raw = path.read_bytes()
    message = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    names = tuple(part.get_filename() or part.get_content_type() for part in message.iter_attachments())
    return OpenedMail(_headers(path), _body(message, "plain"), _body(message, "html"), names, raw)


def _files(folder: Path) -> list[Path]:
    # A leading dot is a letter that is still being written.
    return [path for path in folder.glob("*.eml") if not path.name.startswith(".")] if folder.is_dir() else []


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _headers(path: Path) -> KeptMail:
    with path.open("rb") as file:
        head = BytesHeaderParser(policy=policy.default).parse(file)
    stat = path.stat()
    return KeptMail(
        name=path.stem,
        kept_at=datetime.fromtimestamp(stat.st_mtime, UTC),
        size=stat.st_size,
        subject=str(head.get("Subject", "")),
        to=str(head.get("To", "")),
        sender=str(head.get("From", "")),
        automatic=str(head.get("Auto-Submitted", "no")).strip().lower() != "no",
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""

"""Mails in files: `.eml`, `.mbox`, and folders of them, Maildir included."""

from __future__ import annotations

import mailbox
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

# What mbox writers put before a line of a mail that begins with "From " (the mboxrd form takes one away).
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


def mail_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files to read, each once, in a settled order. A file that is named is taken whatever its name; in folders
    those that look like mail."""
    for path in paths:
        if path.is_dir():
            yield from (found for found in sorted(path.rglob("*")) if _looks_like_mail(found))
        else:
            yield path


def mails_in(path: Path) -> Iterator[bytes]:
    """The raw mails of one file, one at a time. Raises OSError."""
    with path.open("rb") as file:
        is_mbox = file.read(5) == b"From "
    if not is_mbox:
        yield path.read_bytes()
        return
    box = mailbox.mbox(path, create=False)
    try:
        for key in box.iterkeys():
            yield _QUOTED_FROM.sub(rb"\1", box.get_bytes(key))
    finally:
        box.close()


def _looks_like_mail(path: Path) -> bool:
    if not path.is_file() or path.name.startswith("."):
        return False
    return path.suffix.lower() in (".eml", ".mbox") or path.parent.name in ("cur", "new")

"""Mail that leaves into a folder: what is sent while no outgoing server is set, one `.eml` a message."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from pathlib import Path


def path_for(folder: Path, external_ref: str) -> Path:
    """The file of one message: its id where that is a safe file name, else a hash beside what is safe of it."""
    safe = re.sub(r"[^A-Za-z0-9._@+-]", "_", external_ref).lstrip(".")[:120]
    if safe != external_ref:
        safe = f"{safe}-{sha256(external_ref.encode('utf-8', 'replace')).hexdigest()[:16]}"
    return folder / f"{safe}.eml"


def keep(folder: Path, external_ref: str, raw: bytes) -> Path:
    """Write the whole mail under its final name, or nothing; on disk when this returns. Twice is the same as once."""
    folder.mkdir(parents=True, exist_ok=True)
    target = path_for(folder, external_ref)
    draft = folder / f".{target.name}.{os.getpid()}"
    with draft.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    _sync(folder)
    return target


def _sync(folder: Path) -> None:
    """The new name is on disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""The file store: large raw items and attachments, named by what is in them.

A name is the SHA-256 of the bytes, so the same file is kept once and a second write changes nothing.
"""

from __future__ import annotations

import os
import secrets
from hashlib import sha256
from pathlib import Path


class FileStore:
    """A local folder. Every `put` is on disk, with its folder entry, before it returns: rows may name it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes) -> str:
        """Keep `data` and return its key."""
        key = sha256(data).hexdigest()
        path = self._path(key)
        if path.exists():
            return key
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data)
        return key

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises FileNotFoundError when the store has lost them."""
        return self._path(key).read_bytes()

    def path(self, key: str) -> Path:
        """Where the bytes lie, for serving them without reading them into memory."""
        return self._path(key)

    def check(self) -> None:
        """Write, read and remove a small file; raises OSError with the folder's complaint."""
        self.root.mkdir(parents=True, exist_ok=True)
        probe = self.root / f".probe-{secrets.token_hex(4)}"
        write_durably(probe, b"probe")
        probe.unlink()

    def _path(self, key: str) -> Path:
        if not key.isalnum():
            raise FileNotFoundError(key)
        return self.root / key[:2] / key


def write_durably(path: Path, data: bytes) -> None:
    """`path` holds all of `data` or does not exist, whatever dies when: temporary file, sync, rename, sync the folder."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

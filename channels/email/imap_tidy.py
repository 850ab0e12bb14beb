"""What happens to a mail on the server once it is stored: nothing, `\\Seen`, or a move. Idempotent; rule I11."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imapclient import exceptions

from channels.email.imap_login import faults_as_channel_errors
from channels.email.settings import Imap


def tidy(client: Any, server: Imap, uids: Sequence[int]) -> None:
    """The mailbox is open for writing. UIDs that are gone do no harm."""
    if not uids:
        return
    with faults_as_channel_errors("tidying up stored mail"):
        if server.after == "seen":
            client.add_flags(uids, [rb"\Seen"], silent=True)
        elif server.after == "move":
            _with_folder(client, server.move_to, uids)


def _with_folder(client: Any, folder: str, uids: Sequence[int]) -> None:
    """The folder is made when it is missing, once: a server that has it and refuses is told about in the log."""
    try:
        _move(client, folder, uids)
    except exceptions.IMAPClientAbortError:
        raise
    except exceptions.IMAPClientError:
        if client.folder_exists(folder):
            raise
        client.create_folder(folder)
        _move(client, folder, uids)


def _move(client: Any, folder: str, uids: Sequence[int]) -> None:
    """MOVE (RFC 6851), or copy and delete. A bare EXPUNGE would take mail that other people have marked as deleted, so
    without UIDPLUS the mark is all."""
    if client.has_capability("MOVE"):
        client.move(uids, folder)
        return
    client.copy(uids, folder)
    client.add_flags(uids, [rb"\Deleted"], silent=True)
    if client.has_capability("UIDPLUS"):
        client.uid_expunge(uids)

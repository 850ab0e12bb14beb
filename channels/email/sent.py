"""The Sent folder on the IMAP server: a copy of what we sent, keyed by its Message-ID, and a place to look for it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from channels.base import ChannelError
from channels.email import imap_login
from channels.email.settings import EmailSettings

log = logging.getLogger(__name__)


def keep_copy(settings: EmailSettings, external_ref: str, raw: bytes) -> bool:
    """Put `raw` into the Sent folder unless a mail of this id is there. The mail is out: a failure is only logged."""
    if not settings.imap or not settings.smtp or not settings.smtp.sent_folder:
        return False
    folder = settings.smtp.sent_folder
    try:
        with _session(settings) as client:
            if _found(client, folder, external_ref):
                return False
            with imap_login.faults_as_channel_errors(f"keeping a copy in {folder}"):
                client.append(folder, raw, flags=(rb"\Seen",))
    except ChannelError as error:
        log.warning("no copy in the Sent folder", extra={"folder": folder, "error": str(error)})
        return False
    return True


def holds(settings: EmailSettings, external_ref: str) -> bool | None:
    """True when the Sent folder has the mail, else None: absence proves nothing, for the copy comes after sending."""
    if not settings.imap or not settings.smtp:
        return None
    try:
        with _session(settings) as client:
            folder = settings.smtp.sent_folder or client.find_special_folder(rb"\Sent")
            return _found(client, folder, external_ref) or None if folder else None
    except ChannelError as error:
        log.warning("the Sent folder cannot be searched", extra={"error": str(error)})
        return None


@contextlib.contextmanager
def _session(settings: EmailSettings) -> Iterator[Any]:
    assert settings.imap
    client = imap_login.dial(settings.imap)
    try:
        with imap_login.faults_as_channel_errors("looking into the Sent folder"):
            yield client
    finally:
        imap_login.hang_up(client)


def _found(client: Any, folder: str, external_ref: str) -> bool:
    imap_login.open_mailbox(client, folder, readonly=True)
    with imap_login.faults_as_channel_errors(f"searching {folder}"):
        return bool(client.search(["HEADER", "Message-ID", f"<{external_ref}>"]))

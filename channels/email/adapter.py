"""One email account, opened: reads by IMAP, sends by SMTP, and into a folder where no outgoing server is set."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from channels import base
from channels.email import compose, imap, outbox, recipients, sent, smtp
from channels.email.parse import parse
from channels.email.settings import EmailSettings


class EmailChannel:
    """The port for mail. Holds no connection: the puller has its own, and SMTP ones are kept by `smtp`."""

    capabilities = base.Capabilities(max_attachment_bytes=20 * 2**20, html=True, threads=True)

    def __init__(self, account: base.AccountConfig, desk: base.Desk) -> None:
        self.account = account
        self.desk = desk
        self.settings: EmailSettings = account.settings

    @property
    def delivers(self) -> bool:
        return self.settings.smtp is not None

    def outgoing_ref(self, token: str) -> str:
        return compose.outgoing_ref(token, self.account.address)

    def puller(self) -> imap.ImapPuller | None:
        return imap.ImapPuller(self.account) if self.settings.imap else None

    def parse(self, raw: bytes, envelope: Mapping[str, Any]) -> base.Parsed:
        return parse(raw, envelope, self.account, self.desk)

    def send(self, outgoing: base.Outgoing) -> base.Outcome:
        """Compose, hand over, and keep the copy in the Sent folder; that copy never changes the outcome."""
        to = recipients.of(outgoing, self.desk)
        if isinstance(to, base.Refused):
            return to
        raw = compose.compose(outgoing, self.account, self.desk)
        if not self.settings.smtp:
            return self._keep(outgoing, raw)
        senders = recipients.envelope_senders(outgoing, self.account)
        outcome = smtp.send(self.settings.smtp, smtp.Letter(senders, to, raw))
        if isinstance(outcome, base.Sent):
            sent.keep_copy(self.settings, outgoing.external_ref, raw)
        return outcome

    def find_sent(self, outgoing: base.Outgoing) -> bool | None:
        """The outbox folder knows for certain; a Sent folder can only say yes."""
        if not self.settings.smtp:
            return outbox.path_for(self.desk.outbox_dir, outgoing.external_ref).exists()
        return sent.holds(self.settings, outgoing.external_ref)

    def check(self) -> Sequence[base.CheckLine]:
        lines = [imap.check(self.account.name, self.settings.imap)] if self.settings.imap else []
        if self.settings.smtp:
            return [*lines, smtp.check(self.account.name, self.settings.smtp)]
        return [*lines, _check_folder(self.account.name, self.desk.outbox_dir)]

    def _keep(self, outgoing: base.Outgoing, raw: bytes) -> base.Outcome:
        try:
            path = outbox.keep(self.desk.outbox_dir, outgoing.external_ref, raw)
        except OSError as error:
            why = f"{self.desk.outbox_dir} cannot be written: {error.strerror}"
            return base.Retry(f"{why}. Make room, or mend the folder's rights.")
        return base.Sent(path.name)


def _check_folder(account: str, folder: Path) -> base.CheckLine:
    """Outgoing mail needs a folder that can be written, or whose first existing parent can."""
    part = f"{account}: outgoing mail"
    existing = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    if os.access(existing, os.W_OK):
        return base.CheckLine(part, True, f"no SMTP server is set: mail is kept in {folder}")
    return base.CheckLine(part, False, f"{folder} cannot be written", "Let this user write there, or set DATA_DIR.")

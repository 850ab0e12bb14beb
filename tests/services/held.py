"""Something in quarantine and something in the outbox, as they would have got there."""

from __future__ import annotations

from datetime import UTC, datetime

from router import accounts
from router.context import App
from router.models import Inbound, InboundState

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RAW = (
    b"From: =?utf-8?b?546L5bCP5piO?= <wang@mail.example.com>\r\nSubject: =?utf-8?b?6YCA5qy+5ZGi?=\r\n"
    b"X-Long: a\r\n b\r\n\r\n<script>alert(1)</script>\r\n\xff\xfe\x1b[31m\xe2\x80\xaetxt.exe\r\n"
)


def hold(desk: App, raw: bytes = RAW, code: str = "reader_failed", number: int = 1) -> int:
    """One item in quarantine."""
    with desk.db.begin() as session:
        inbound = Inbound(
            account_id=accounts.account_id(desk, session, "support"),
            external_id=f"held-{number}",
            received_at=NOW,
            size=len(raw),
            raw=raw,
            state=InboundState.QUARANTINED,
            reason_code=code,
            reason="the reader failed: ValueError: <b>bad</b>",
            envelope={"mail_from": "wang@mail.example.com"},
            attempts=3,
        )
        session.add(inbound)
        session.flush()
        assert inbound.id is not None
        return inbound.id


def keep(desk: App, name: str = "t.one@example.com", html: str = "<p>Dear <b>Linda</b></p>") -> None:
    folder = desk.config.outbox_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.eml").write_bytes(
        b"From: Support <support@localhost>\r\nTo: linda@mail.example.com\r\nSubject: =?utf-8?b?6YCA5qy+5ZGi?=\r\n"
        b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Linda\r\n"
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html.encode() + b"\r\n--b--\r\n"
    )

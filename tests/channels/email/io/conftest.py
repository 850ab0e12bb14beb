"""Accounts, outgoing mail and servers for the tests of mail in and out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from services import dovecot as dovecot_service
from services import scripted

from channels.base import AccountConfig, Address, Desk, Outgoing
from channels.email import smtp_lines
from channels.email.settings import EmailSettings, Imap, Smtp

TOKEN = "qk7m4xpb.n2c3d4f5.abcdefghijklmnop"


@pytest.fixture(scope="session")
def dovecot() -> Iterator[dovecot_service.Dovecot]:
    try:
        with dovecot_service.server() as server:
            yield server
    except dovecot_service.Missing as error:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "outbox", frozenset({"support@example.com", "billing@example.com"}), "The Desk")


@pytest.fixture(autouse=True)
def _no_line_outlives_its_test() -> Iterator[None]:
    yield
    smtp_lines.close_all()


@pytest.fixture
def certificate(monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine trusts the test certificate from now on."""
    monkeypatch.setenv("SSL_CERT_FILE", str(scripted.CERTIFICATE))
    return scripted.CERTIFICATE


def account(**settings: Any) -> AccountConfig:
    return AccountConfig("support", "email", "support@example.com", EmailSettings(**settings), (), "Example Support")


def smtp_to(port: int, **more: Any) -> Smtp:
    return Smtp(**{"host": "127.0.0.1", "port": port, "tls": "none", "timeout": 5, **more})


def imap_at(port: int, user: str = "somebody", **more: Any) -> Imap:
    return Imap(
        **{"host": "127.0.0.1", "port": port, "tls": "none", "user": user, "password": "secret", "timeout": 5, **more}
    )


def outgoing(**more: Any) -> Outgoing:
    """An agent's answer to Li."""
    given: dict[str, Any] = {
        "external_ref": f"t.{TOKEN}@example.com",
        "sender": Address("support@example.com", "Ana of Example"),
        "to": (Address("li@customer.example.net", "李小明"),),
        "subject": "退款什么时候到",
        "text": "您好，\n\n退款今天到账。\n",
        "created_at": datetime(2026, 11, 24, 7, 30, tzinfo=UTC),
        "language": "zh-Hans",
        "ref": "QK7M-4XPB",
        "token": TOKEN,
        "in_reply_to": "question@customer.example.net",
    }
    return Outgoing(**given | more)


@pytest.fixture
def make_outgoing() -> Callable[..., Outgoing]:
    return outgoing


@pytest.fixture
def make_account() -> Callable[..., AccountConfig]:
    return account


@pytest.fixture
def make_smtp() -> Callable[..., Smtp]:
    return smtp_to


@pytest.fixture
def make_imap() -> Callable[..., Imap]:
    return imap_at

"""The mail process: listeners and tenders on a real desk."""

from __future__ import annotations

import contextlib
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from services import scripted
from services.dovecot import PASSWORD, Dovecot, free_port
from sqlmodel import Session, col, select

from router import accounts, mail
from router.config import ConfigError
from router.context import App
from router.models import Account, Inbound

MakeDesk = Callable[..., App]
MAIL = b"From: Li <li@customer.example.net>\r\nSubject: refund\r\n\r\nWhere is it?\r\n"


def toml(port: int, user: str, **more: str) -> str:
    lines = "\n".join(f'{k} = "{v}"' for k, v in more.items())
    return f"""
[[accounts]]
name = "support"
kind = "email"
address = "support@example.com"
[accounts.imap]
host = "127.0.0.1"
port = {port}
tls = "none"
user = "{user}"
password = "{PASSWORD}"
first_sync = "all"
timeout = 5
{lines}
"""


def read(app: App, look: Callable[[Session], Any]) -> Any:
    with app.db.read() as session:
        return look(session)


def stored(app: App) -> list[Inbound]:
    return list(read(app, lambda s: s.exec(select(Inbound).order_by(col(Inbound.id))).all()))


def support(app: App) -> Account:
    found: Account = read(app, lambda s: s.exec(select(Account).where(Account.name == "support")).one())
    return found


def until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


class Running:
    """The mail process in a thread."""

    def __init__(self, app: App) -> None:
        self.app, self.stop = app, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        mail.run(self.app, self.stop)

    def end(self) -> float:
        """Seconds until everything is gone."""
        started = time.monotonic()
        self.stop.set()
        self._thread.join(15)
        assert not self._thread.is_alive()
        return time.monotonic() - started


@pytest.fixture
def start() -> Iterator[Callable[[App], Running]]:
    running: list[Running] = []

    def starting(app: App) -> Running:
        running.append(Running(app))
        return running[-1]

    yield starting
    for one in running:
        one.end()


def test_mail_by_smtp_is_on_the_desk_when_the_sender_hears_250(
    make_desk: MakeDesk, start: Callable[[App], Running]
) -> None:
    port, lmtp_port = free_port(), free_port()
    app = make_desk(SMTP_LISTEN=f"127.0.0.1:{port}", LMTP_LISTEN=f"127.0.0.1:{lmtp_port}")
    running = start(app)
    until(lambda: answers(port))
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as line:
        line.sendmail("li@customer.example.net", ["support+t.a.b.c@localhost"], MAIL)
        assert [item.raw for item in stored(app)] == [MAIL]
        line.sendmail("li@customer.example.net", ["support@localhost"], MAIL)
        assert len(stored(app)) == 1
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            line.sendmail("li@customer.example.net", ["nobody@localhost"], MAIL)
    with smtplib.LMTP("127.0.0.1", lmtp_port) as line:
        line.sendmail("li@customer.example.net", ["support@localhost"], MAIL + b"again\r\n")
    assert len(stored(app)) == 2
    assert running.end() < 5


def answers(port: int) -> bool:
    with contextlib.suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=2):
        return True
    return False


def test_a_busy_port_is_one_line_that_says_what_to_do(make_desk: MakeDesk) -> None:
    with scripted.serving(lambda line, number: None) as server:
        app = make_desk(SMTP_LISTEN=f"127.0.0.1:{server.port}")
        with pytest.raises(ConfigError, match=r"SMTP_LISTEN.*Choose another port"):
            mail.run(app, threading.Event())


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    return f"{sha256(request.node.nodeid.encode()).hexdigest()[:12]}@example.com"


def test_a_mailbox_is_tended_and_left_within_five_seconds(
    make_desk: MakeDesk, dovecot: Dovecot, user: str, start: Callable[[App], Running]
) -> None:
    app = make_desk(toml=toml(dovecot.port, user), SMTP_LISTEN="off")
    person = dovecot.client(user)
    running = start(app)
    until(lambda: support(app).last_success_at is not None)
    for number in range(1, 4):
        person.append("INBOX", MAIL + str(number).encode())
        until(lambda wanted=number: len(stored(app)) == wanted)  # type: ignore[misc]
    account = support(app)
    assert account.cursor is not None
    assert account.cursor["last_uid"] == 3
    assert account.lease_owner
    assert running.end() < 5
    assert support(app).lease_owner == ""
    person.shutdown()


def test_two_processes_on_one_mailbox_bring_each_mail_once(
    make_desk: MakeDesk, dovecot: Dovecot, user: str, start: Callable[[App], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "LEASE_HELD_REST", 0.05)
    app = make_desk(toml=toml(dovecot.port, user), SMTP_LISTEN="off")
    person = dovecot.client(user)
    first, second = start(app), start(app)
    until(lambda: support(app).lease_owner != "")
    for number in range(10):
        person.append("INBOX", MAIL + str(number).encode())
        if number == 4:
            first.end()
    until(lambda: len(stored(app)) == 10)
    assert len({item.raw for item in stored(app)}) == 10
    assert second.end() < 5
    person.shutdown()


def test_what_an_overtaken_process_fetched_is_thrown_away(make_desk: MakeDesk, dovecot: Dovecot, user: str) -> None:
    app = make_desk(toml=toml(dovecot.port, user), SMTP_LISTEN="off")
    person = dovecot.client(user)
    person.append("INBOX", MAIL)
    puller = app.channel("support").puller()
    assert puller is not None
    stop = threading.Event()
    tender = mail.Tender(app, "support", Overtaken(app, puller), "slow", stop)
    assert tender._turn() == mail.LEASE_HELD_REST
    assert stored(app) == []
    assert support(app).lease_owner == "quick"
    puller.close()
    person.shutdown()


class Overtaken:
    """A puller whose poll takes so long that another process takes the account."""

    def __init__(self, app: App, puller: Any) -> None:
        self.app, self.puller = app, puller

    def poll(self, cursor: Any) -> Any:
        pulled = self.puller.poll(cursor)
        later = datetime.now(UTC) + timedelta(minutes=5)
        accounts.take_lease(self.app, "support", "quick", later)
        return pulled

    def wait(self, seconds: float) -> None: ...
    def settle(self, items: Any) -> None: ...
    def close(self) -> None: ...


def test_while_the_database_is_away_the_mail_waits_on_the_server(
    make_desk: MakeDesk, dovecot: Dovecot, user: str, start: Callable[[App], Running]
) -> None:
    app = make_desk(toml=toml(dovecot.port, user), SMTP_LISTEN="off")
    failing = threading.Event()
    failing.set()

    def reach(point: str) -> None:
        if point == "recording" and failing.is_set():
            raise OSError("disk full")

    app.reach = reach
    person = dovecot.client(user)
    person.append("INBOX", MAIL)
    start(app)
    until(lambda: "could not be stored" in support(app).last_error)
    assert support(app).cursor is None
    failing.clear()
    until(lambda: len(stored(app)) == 1)
    until(lambda: support(app).last_error == "")
    person.shutdown()


def test_a_refused_login_is_tried_three_times_and_then_paused(
    make_desk: MakeDesk, start: Callable[[App], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.backoff.REFUSED_REST", 0.01)
    script = scripted.Imap()
    script.hooks["LOGIN"] = lambda line, tag, rest: not line.say(f"{tag} NO [AUTHENTICATIONFAILED] wrong")
    with scripted.serving(script) as server:
        app = make_desk(toml=toml(server.port, "somebody"), SMTP_LISTEN="off")
        running = start(app)
        until(lambda: support(app).paused_until is not None)
        assert "AUTHENTICATIONFAILED" in support(app).last_error
        assert sum(heard.startswith("LOGIN") for heard in script.heard) == 3
        assert running.end() < 5

"""No outgoing server is set: mail is kept in a folder, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from channels.base import AccountConfig, Address, Desk, Outgoing, Refused, Retry, Sent
from channels.email import outbox
from channels.email.adapter import EmailChannel


@pytest.fixture
def channel(make_account: Callable[..., AccountConfig], desk: Desk) -> EmailChannel:
    return EmailChannel(make_account(plus_addressing=True), desk)


def test_a_mail_is_kept_as_one_file_however_often_it_is_sent(
    channel: EmailChannel, make_outgoing: Callable[..., Outgoing], desk: Desk
) -> None:
    letter = make_outgoing()
    assert channel.find_sent(letter) is False
    assert isinstance(channel.send(letter), Sent)
    assert isinstance(channel.send(letter), Sent)
    [path] = desk.outbox_dir.iterdir()
    assert path.name == "t.qk7m4xpb.n2c3d4f5.abcdefghijklmnop@example.com.eml"
    assert path.read_bytes().startswith(b"Date: Tue, 24 Nov 2026 07:30:00 +0000\r\n")
    assert channel.find_sent(letter) is True


@pytest.mark.parametrize("ref", ["../../etc/passwd", "..", "a/b@c", "x" * 400 + "@y", ".hidden"])
def test_no_id_leaves_the_folder(tmp_path: Path, ref: str) -> None:
    path = outbox.keep(tmp_path / "outbox", ref, b"mail")
    assert path.parent == tmp_path / "outbox"
    assert not path.name.startswith(".")
    assert path.read_bytes() == b"mail"


def test_two_ids_never_share_a_file(tmp_path: Path) -> None:
    assert outbox.path_for(tmp_path, "a/b@c") != outbox.path_for(tmp_path, "a_b@c")


def test_a_folder_that_cannot_be_written_means_later(
    make_account: Callable[..., AccountConfig], make_outgoing: Callable[..., Outgoing], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    channel = EmailChannel(make_account(), Desk(tmp_path / "file" / "outbox"))
    assert isinstance(channel.send(make_outgoing()), Retry)


@pytest.mark.parametrize("address", ["support@example.com", "BILLING@example.com", "support+t.a.b.c@example.com"])
def test_the_desk_never_writes_to_itself(
    channel: EmailChannel, make_outgoing: Callable[..., Outgoing], desk: Desk, address: str
) -> None:
    assert isinstance(channel.send(make_outgoing(to=(Address(address),))), Refused)
    assert not desk.outbox_dir.exists()


@pytest.mark.parametrize(
    "address", ["nobody@customer.invalid", "not an address", "a@b\r\nRCPT TO:<c@d>", "", "a@" + "字" * 80]
)
def test_an_address_that_cannot_exist_is_refused_as_bad(
    channel: EmailChannel, make_outgoing: Callable[..., Outgoing], address: str
) -> None:
    outcome = channel.send(make_outgoing(to=(Address(address),)))
    assert isinstance(outcome, Refused)
    assert outcome.address_is_bad


def test_the_doctor_says_where_mail_is_kept(channel: EmailChannel, desk: Desk) -> None:
    [line] = channel.check()
    assert line.ok
    assert str(desk.outbox_dir) in line.detail

"""A real mailbox: nothing is missed, nothing is left behind on the server, whatever people do to it meanwhile."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from imapclient import IMAPClient
from services.dovecot import Dovecot

from channels.base import AccountConfig, ChannelError, Desk, Json, Outgoing, RawItem
from channels.email import imap_fetch, sent
from channels.email.adapter import EmailChannel
from channels.email.imap import ImapPuller, check
from channels.email.settings import Imap


def mail(number: int | str, size: int = 0) -> bytes:
    head = f"From: li@customer.example.net\r\nSubject: mail {number}\r\nMessage-ID: <{number}@customer.example.net>\r\n\r\n"
    return head.encode() + (b"x" * 70 + b"\r\n") * (size // 72) + b"end\r\n"


class Mailbox:
    """One user's mailbox on the server: `person` is the user's own mail program, `puller` is ours."""

    def __init__(
        self, dovecot: Dovecot, user: str, make_account: Callable[..., AccountConfig], make_imap: Callable[..., Imap]
    ) -> None:
        self.dovecot, self.user = dovecot, user
        self._account, self._imap = make_account, make_imap
        self.person = dovecot.client(user)
        self.opened: list[Any] = [self.person]

    def account(self, *, max_mail_bytes: int = 50 * 2**20, **settings: Any) -> AccountConfig:
        server = self._imap(self.dovecot.port, self.user, **{"idle_seconds": 60, **settings})
        return self._account(imap=server, max_mail_bytes=max_mail_bytes)

    def puller(self, **settings: Any) -> ImapPuller:
        puller = ImapPuller(self.account(**settings))
        self.opened.append(puller)
        return puller

    def client(self) -> IMAPClient:
        client = self.dovecot.client(self.user)
        self.opened.append(client)
        return client

    def add(self, *raw: bytes, folder: str = "INBOX", at: datetime | None = None) -> None:
        for one in raw:
            self.person.append(folder, one, msg_time=at)

    def close(self) -> None:
        for one in self.opened:
            if isinstance(one, ImapPuller):
                one.close()
            else:
                with contextlib.suppress(OSError):
                    one.shutdown()


@pytest.fixture
def mailbox(
    dovecot: Dovecot,
    request: pytest.FixtureRequest,
    make_account: Callable[..., AccountConfig],
    make_imap: Callable[..., Imap],
) -> Iterator[Mailbox]:
    user = f"{sha256(request.node.nodeid.encode()).hexdigest()[:12]}@example.com"
    box = Mailbox(dovecot, user, make_account, make_imap)
    yield box
    box.close()


def all_of(puller: ImapPuller, cursor: Json | None) -> tuple[list[RawItem], Json]:
    """Poll until nothing more is announced."""
    items: list[RawItem] = []
    while True:
        pulled = puller.poll(cursor)
        items, cursor = [*items, *pulled.items], pulled.cursor
        if not pulled.more:
            return items, cursor


def bodies(items: list[RawItem]) -> list[bytes]:
    return [item.raw for item in items]


def test_the_first_sync_starts_with_the_next_mail(mailbox: Mailbox) -> None:
    mailbox.add(mail(1), mail(2))
    puller = mailbox.puller()
    items, cursor = all_of(puller, None)
    assert items == []
    mailbox.add(mail(3))
    items, cursor = all_of(puller, cursor)
    assert bodies(items) == [mail(3)]
    assert "archive" not in items[0].envelope
    assert abs(items[0].received_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert all_of(puller, cursor) == ([], cursor)


def test_the_first_sync_can_take_all_there_is_as_an_archive(mailbox: Mailbox) -> None:
    old = datetime(2020, 5, 17, 12, 0, tzinfo=UTC)
    mailbox.add(mail(1), at=old)
    mailbox.add(mail(2))
    puller = mailbox.puller(first_sync="all")
    items, cursor = all_of(puller, None)
    assert bodies(items) == [mail(1), mail(2)]
    assert items[0].received_at == old
    assert [item.envelope for item in items] == [{"archive": True}, {"archive": True}]
    mailbox.add(mail(3))
    items, _ = all_of(puller, cursor)
    assert [item.envelope for item in items] == [{}]


def test_an_old_mail_that_a_person_moves_in_is_an_archive_too(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    mailbox.add(mail(1), at=datetime(2020, 5, 17, 12, 0, tzinfo=UTC))
    items, _ = all_of(puller, cursor)
    assert [item.envelope for item in items] == [{"archive": True}]


def test_many_mails_come_in_bounded_batches_and_in_order(mailbox: Mailbox) -> None:
    everything = [mail(i) for i in range(120)]
    mailbox.add(*everything)
    puller = mailbox.puller(first_sync="all")
    cursor, sizes, got = None, [], []
    while True:
        pulled = puller.poll(cursor)
        cursor = pulled.cursor
        sizes.append(len(pulled.items))
        got += bodies(list(pulled.items))
        if not pulled.more:
            break
    assert sizes == [50, 50, 20]
    assert got == everything


def test_a_batch_is_bounded_in_bytes_as_well(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imap_fetch, "BATCH_BYTES", 100_000)
    mailbox.add(mail(1, 60_000), mail(2, 60_000), mail(3, 300_000), mail(4, 1000))
    puller = mailbox.puller(first_sync="all")
    first = puller.poll(None)
    second = puller.poll(first.cursor)
    assert [len(first.items), len(second.items)] == [1, 1]
    items, _ = all_of(puller, second.cursor)
    assert bodies(items) == [mail(3, 300_000), mail(4, 1000)]


def test_a_crash_between_batches_resumes_where_it_was_stored(mailbox: Mailbox) -> None:
    mailbox.add(*[mail(i) for i in range(70)])
    first = mailbox.puller(first_sync="all").poll(None)
    items, _ = all_of(mailbox.puller(first_sync="all"), dict(first.cursor))
    assert bodies([*first.items, *items]) == [mail(i) for i in range(70)]


def test_mail_above_the_limit_comes_in_part(mailbox: Mailbox) -> None:
    large = mail("large", 300_000)
    mailbox.add(large, mail(2))
    items, _ = all_of(mailbox.puller(first_sync="all", max_mail_bytes=65_536), None)
    assert bodies(items) == [large[:65_536], mail(2)]
    assert items[0].envelope["truncated_size"] == len(large)
    assert "truncated_size" not in items[1].envelope


def test_nothing_is_marked_or_moved_unless_asked(mailbox: Mailbox) -> None:
    puller = mailbox.puller(first_sync="all")
    mailbox.add(mail(1))
    items, _ = all_of(puller, None)
    puller.settle(items)
    mailbox.person.select_folder("INBOX")
    assert mailbox.person.get_flags([1])[1] == (rb"\Recent",)


def test_a_person_who_reads_first_changes_nothing(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    mailbox.add(mail(1), mail(2))
    mailbox.person.select_folder("INBOX")
    mailbox.person.fetch([1], ["BODY[]"])
    mailbox.person.add_flags([2], [rb"\Seen", rb"\Flagged"])
    items, _ = all_of(puller, cursor)
    assert bodies(items) == [mail(1), mail(2)]


def test_what_a_person_has_deleted_is_passed_over(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    mailbox.add(mail(1), mail(2), mail(3))
    mailbox.person.select_folder("INBOX")
    mailbox.person.delete_messages([1])
    items, cursor = all_of(puller, cursor)
    assert bodies(items) == [mail(2), mail(3)]
    mailbox.person.expunge()
    mailbox.add(mail(4))
    assert bodies(all_of(puller, cursor)[0]) == [mail(4)]


def test_mail_that_is_expunged_between_listing_and_fetching_is_passed_over(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    puller = mailbox.puller(first_sync="all")
    mailbox.add(*[mail(i) for i in range(1, 6)])
    real = imap_fetch.bodies

    def expunge_then_fetch(client: Any, mails: Any, limit: int) -> dict[int, bytes]:
        monkeypatch.setattr(imap_fetch, "bodies", real)
        person = mailbox.client()
        person.select_folder("INBOX")
        person.delete_messages([2, 4])
        person.expunge()
        return real(client, mails, limit)

    monkeypatch.setattr(imap_fetch, "bodies", expunge_then_fetch)
    cursor, got = None, []
    for _ in range(10):
        try:
            pulled = puller.poll(cursor)
        except ChannelError:
            continue
        cursor = pulled.cursor
        got += [item.raw for item in pulled.items if item.raw]
        if not pulled.more:
            break
    # Dovecot may still hand out what was expunged a moment ago; what stayed must come, once.
    assert [raw for raw in got if raw in (mail(1), mail(3), mail(5))] == [mail(1), mail(3), mail(5)]
    mailbox.add(mail(6))
    assert bodies(all_of(puller, cursor)[0]) == [mail(6)]


def test_a_mailbox_that_was_built_anew_is_listed_again_without_what_was_before_us(mailbox: Mailbox) -> None:
    mailbox.add(mail("before"), at=datetime(2020, 5, 17, 12, 0, tzinfo=UTC))
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    mailbox.add(mail(1))
    first, cursor = all_of(puller, cursor)
    mailbox.person.logout()
    puller.close()
    mailbox.dovecot.hang_up_on(mailbox.user)
    time.sleep(1.1)  # A new UIDVALIDITY is the time in seconds.
    mailbox.dovecot.rebuild(mailbox.user)
    mailbox.person = mailbox.client()
    mailbox.add(mail(2))

    again = mailbox.puller()
    pulled = again.poll(cursor)
    assert "built anew" in pulled.notice
    assert bodies(list(pulled.items)) == [mail(1), mail(2)]
    assert [item.envelope for item in pulled.items] == [{}, {}]
    assert pulled.items[0].external_id != first[0].external_id
    assert pulled.cursor["uidvalidity"] != cursor["uidvalidity"]
    assert again.poll(pulled.cursor).items == []


def test_new_mail_ends_the_wait(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    with ThreadPoolExecutor(1) as pool:
        for number in range(3):
            waiting = pool.submit(puller.wait, 30)
            mailbox.add(mail(number))
            waiting.result(20)
            items, cursor = all_of(puller, cursor)
            if not items:
                # The wait before it may have ended by the echo of the last mail.
                pool.submit(puller.wait, 30).result(20)
                items, cursor = all_of(puller, cursor)
            assert bodies(items) == [mail(number)]


def test_mail_that_came_between_poll_and_wait_ends_the_wait(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    mailbox.add(mail(1))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(puller.wait, 60).result(20)
    assert bodies(all_of(puller, cursor)[0]) == [mail(1)]


def test_a_dropped_idle_line_is_noticed_and_replaced(mailbox: Mailbox) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(puller.wait, 60)
        deadline = time.monotonic() + 10
        while len(mailbox.dovecot.sessions(mailbox.user)) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        mailbox.dovecot.hang_up_on(mailbox.user)
        waiting.result(20)
        mailbox.person = mailbox.client()
        with pytest.raises(ChannelError):
            puller.poll(cursor)
        mailbox.add(mail(1))
        items, cursor = all_of(puller, cursor)
        assert bodies(items) == [mail(1)]
        waiting = pool.submit(puller.wait, 60)
        mailbox.add(mail(2))
        waiting.result(20)
    assert bodies(all_of(puller, cursor)[0]) == [mail(2)]


def test_idle_is_renewed_before_servers_lose_patience(mailbox: Mailbox) -> None:
    puller = mailbox.puller(idle_seconds=5)
    puller._server = puller._server.model_copy(update={"idle_seconds": 0.2})
    _, cursor = all_of(puller, None)
    puller.wait(1.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(puller.wait, 30)
        mailbox.add(mail(1))
        waiting.result(20)
    assert bodies(all_of(puller, cursor)[0]) == [mail(1)]


@pytest.mark.parametrize("doing", ["waiting", "between"])
def test_closing_from_another_thread_ends_everything_at_once(mailbox: Mailbox, doing: str) -> None:
    puller = mailbox.puller()
    _, cursor = all_of(puller, None)
    if doing == "waiting":
        failed: list[ChannelError] = []

        def wait() -> None:
            try:
                puller.wait(60)
            except ChannelError as error:
                failed.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        while len(mailbox.dovecot.sessions(mailbox.user)) < 3:
            time.sleep(0.02)
        puller.close()
        thread.join(10)
        assert not thread.is_alive()
        assert len(failed) == 1
    else:
        puller.close()
    with pytest.raises(ChannelError):
        puller.poll(cursor)


def test_stored_mail_can_be_marked_as_read(mailbox: Mailbox) -> None:
    puller = mailbox.puller(first_sync="all", after="seen")
    mailbox.add(mail(1), mail(2))
    items, _ = all_of(puller, None)
    mailbox.person.select_folder("INBOX")
    assert mailbox.person.get_flags([1])[1] == ()
    puller.settle(items[:1])
    puller.settle(items[:1])
    mailbox.person.noop()
    flags = mailbox.person.get_flags([1, 2])
    assert rb"\Seen" in flags[1]
    assert rb"\Seen" not in flags[2]


@pytest.mark.parametrize("capable", [True, False])
def test_stored_mail_can_be_moved_to_a_chinese_folder(
    mailbox: Mailbox, capable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not capable:
        real = IMAPClient.has_capability
        monkeypatch.setattr(IMAPClient, "has_capability", lambda self, c: c != "MOVE" and real(self, c))
    puller = mailbox.puller(first_sync="all", after="move", move_to="已处理/退款")
    mailbox.add(mail(1), mail(2))
    items, cursor = all_of(puller, None)
    puller.settle(items[:1])
    puller.settle(items[:1])
    assert mailbox.person.select_folder("已处理/退款")[b"EXISTS"] == 1
    assert mailbox.person.select_folder("INBOX")[b"EXISTS"] == 1
    assert all_of(puller, cursor)[0] == []


def test_a_chinese_mailbox_is_pulled(mailbox: Mailbox) -> None:
    mailbox.person.create_folder("客户来信 & 退款")
    mailbox.add(mail(1), folder="客户来信 & 退款")
    items, cursor = all_of(mailbox.puller(mailbox="客户来信 & 退款", first_sync="all"), None)
    assert bodies(items) == [mail(1)]
    assert cursor["mailbox"] == "客户来信 & 退款"
    assert len(items[0].external_id) <= 255


def test_a_wrong_password_and_a_missing_mailbox_need_a_person(mailbox: Mailbox) -> None:
    for settings in ({"password": "wrong"}, {"mailbox": "No such folder"}):
        with pytest.raises(ChannelError) as error:
            mailbox.puller(**settings).poll(None)
        assert error.value.permanent
    account = mailbox.account(password="wrong")
    line = check("support", account.settings.imap)
    assert not line.ok
    assert "app password" in line.mend
    assert check("support", mailbox.account().settings.imap).ok


def test_what_was_sent_has_one_copy_in_the_sent_folder(
    mailbox: Mailbox, make_smtp: Callable[..., Any], make_outgoing: Callable[..., Outgoing], desk: Desk
) -> None:
    from services import scripted

    with scripted.serving(scripted.Smtp()) as server:
        account = mailbox.account()
        settings = account.settings.model_copy(update={"smtp": make_smtp(server.port, sent_folder="Sent")})
        channel = EmailChannel(AccountConfig("support", "email", "support@example.com", settings), desk)
        letter = make_outgoing()
        assert channel.find_sent(letter) is None
        for _ in range(2):
            channel.send(letter)
        assert channel.find_sent(letter) is True
        mailbox.person.select_folder("Sent")
        assert mailbox.person.get_flags([1, 2]).keys() == {1}
        assert rb"\Seen" in mailbox.person.get_flags([1])[1]
        assert sent.holds(settings, "another@example.com") is None

"""Mail comes in by SMTP and LMTP: nothing is promised before it is recorded, and nothing is unbounded."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from channels.base import RawItem
from channels.email.listener import MailListener

MAIL = b"From: li@customer.example.net\r\nSubject: \xe9\x80\x80\xe6\xac\xbe\r\n\r\n.dot\r\n..\r\nhello\r\n"
INBOXES = {"support@example.com": "support", "help@example.com": "support", "billing@example.com": "billing"}


class Records:
    """Where mail is recorded; it can be made to fail, or to take its time."""

    def __init__(self) -> None:
        self.items: list[tuple[str, RawItem]] = []
        self.failing: set[str] = set()
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.waiting = threading.Semaphore(0)

    def __call__(self, account: str, item: RawItem) -> None:
        self.waiting.release()
        assert self.may_go_on.wait(10)
        if account in self.failing:
            raise OSError("disk full")
        self.items.append((account, item))


@pytest.fixture
def records() -> Records:
    return Records()


Listen = Callable[..., MailListener]


@pytest.fixture
def listen(records: Records) -> Iterator[Listen]:
    started: list[MailListener] = []

    def listening(**bounds: int | bool) -> MailListener:
        listener = MailListener("127.0.0.1", 0, accepts=lambda a: INBOXES.get(a.lower()), record=records, **bounds)  # type: ignore[arg-type]
        listener.start()
        started.append(listener)
        return listener

    yield listening
    records.may_go_on.set()
    for listener in started:
        listener.stop()


def client(listener: MailListener) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", listener.port, timeout=10)


def lmtp(listener: MailListener) -> smtplib.LMTP:
    return smtplib.LMTP("127.0.0.1", listener.port)


def test_a_mail_is_recorded_as_it_came_before_it_is_accepted(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        assert line.sendmail("li@customer.example.net", ["support@example.com"], MAIL) == {}
    [(account, item)] = records.items
    assert account == "support"
    assert item.raw == MAIL
    assert item.envelope == {"mail_from": "li@customer.example.net", "rcpt_to": ["support@example.com"]}
    assert item.received_at.tzinfo is not None
    assert item.external_id.startswith("smtp:")


def test_no_250_is_given_while_recording(listen: Listen, records: Records) -> None:
    records.may_go_on.clear()
    listener = listen()
    with client(listener) as line, ThreadPoolExecutor(1) as pool:
        sending = pool.submit(line.sendmail, "a@b.example", ["support@example.com"], MAIL)
        assert records.waiting.acquire(timeout=10)
        # The loop is free meanwhile: another session gets its answers.
        with client(listener) as other:
            assert other.noop()[0] == 250
        assert not sending.done()
        records.may_go_on.set()
        assert sending.result(10) == {}


def test_a_mail_that_cannot_be_recorded_is_to_come_again(listen: Listen, records: Records) -> None:
    records.failing = {"support"}
    with client(listen()) as line:
        with pytest.raises(smtplib.SMTPDataError) as refusal:
            line.sendmail("a@b.example", ["support@example.com"], MAIL)
        assert refusal.value.smtp_code == 451
        records.failing = set()
        line.sendmail("a@b.example", ["support@example.com"], MAIL)
    assert len(records.items) == 1


def test_an_unknown_recipient_is_refused_and_the_known_one_served(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        refused = line.sendmail("a@b.example", ["nobody@example.com", "support@example.com"], MAIL)
        assert refused["nobody@example.com"][0] == 550
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            line.sendmail("a@b.example", ["nobody@example.com"], MAIL)
    assert [i.envelope["rcpt_to"] for _, i in records.items] == [["support@example.com"]]


def test_each_account_gets_one_item(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        line.sendmail("a@b.example", ["support@example.com", "billing@example.com", "help@example.com"], MAIL)
    assert [(a, i.envelope["rcpt_to"]) for a, i in records.items] == [
        ("support", ["support@example.com", "help@example.com"]),
        ("billing", ["billing@example.com"]),
    ]


def test_the_same_bytes_have_the_same_id(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        line.sendmail("a@b.example", ["support@example.com"], MAIL)
        line.sendmail("a@b.example", ["support@example.com"], MAIL)
        line.sendmail("a@b.example", ["support@example.com"], MAIL + b"more\r\n")
    first, again, other = (item.external_id for _, item in records.items)
    assert first == again != other


def test_too_large_is_refused_by_its_word_and_by_its_weight(listen: Listen, records: Records) -> None:
    with client(listen(max_bytes=100_000)) as line:
        line.ehlo()
        assert line.esmtp_features["size"] == "100000"
        assert line.mail("a@b.example", ["SIZE=100001"])[0] == 552
        line.rset()
        line.mail("a@b.example")
        line.rcpt("support@example.com")
        assert line.data(b"Subject: big\r\n\r\n" + b"x" * 200_000)[0] == 552
        assert line.sendmail("a@b.example", ["support@example.com"], MAIL) == {}
    assert len(records.items) == 1


def test_lines_of_any_length_are_taken(listen: Listen, records: Records) -> None:
    mail = b"Subject: one long line\r\n\r\n" + b".x" * 400_000 + b"\r\n..\r\n" + b"y" * 65_536 + b"\r\n"
    with client(listen()) as line:
        line.sendmail("a@b.example", ["support@example.com"], mail)
    assert records.items[0][1].raw == mail


def test_a_second_mail_cannot_be_smuggled_in(listen: Listen, records: Records) -> None:
    smuggled = b"Subject: a\r\n\r\nx\n.\nMAIL FROM:<evil@b.example>\r\n\n.\r\nRCPT TO:<support@example.com>\r\n"
    with socket.create_connection(("127.0.0.1", listen().port), 10) as line:
        line.sendall(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n")
        line.sendall(smuggled + b".\r\nQUIT\r\n")
        while line.recv(4096):
            pass
    assert [item.raw for _, item in records.items] == [smuggled]


def test_the_empty_sender_of_a_bounce_is_welcome(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        line.sendmail("", ["support@example.com"], MAIL)
    assert records.items[0][1].envelope["mail_from"] == ""


def test_an_envelope_that_is_no_text_still_fits_a_database(listen: Listen, records: Records) -> None:
    with socket.create_connection(("127.0.0.1", listen().port), 10) as line:
        line.sendall(
            b"EHLO x\r\nMAIL FROM:<\xff\xfe@b.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n"
        )
        while line.recv(4096):
            pass
    assert [item.envelope["mail_from"].encode() for _, item in records.items] == ["\ufffd\ufffd@b.example".encode()]


def test_more_connections_than_allowed_are_asked_to_come_back(listen: Listen, records: Records) -> None:
    listener = listen(max_connections=2)
    with client(listener), client(listener) as second:
        with pytest.raises(smtplib.SMTPConnectError) as refusal:
            client(listener)
        assert refusal.value.smtp_code == 421
        second.quit()
    with client(listener) as later:
        later.sendmail("a@b.example", ["support@example.com"], MAIL)
    assert len(records.items) == 1


def test_more_bytes_at_once_than_there_is_room_for_are_asked_to_come_back(listen: Listen) -> None:
    listener = listen(max_bytes=100_000)
    halves = []
    for _ in range(5):
        line = client(listener)
        line.ehlo()
        line.mail("a@b.example")
        line.rcpt("support@example.com")
        line.docmd("DATA")
        line.send(b"x" * 95_000 + b"\r\n")
        halves.append(line)
    for line in halves:
        line.send(b".\r\n")
    codes = [line.getreply()[0] for line in halves]
    assert set(codes) <= {250, 452}
    for line in halves:
        line.close()
    with client(listener) as later:
        assert later.sendmail("a@b.example", ["support@example.com"], MAIL) == {}


def test_too_many_recipients_are_put_off(listen: Listen, records: Records) -> None:
    with client(listen()) as line:
        line.ehlo()
        line.mail("a@b.example")
        codes = [line.rcpt("support@example.com")[0] for _ in range(101)]
    assert codes == [250] * 100 + [452]


def test_a_client_that_leaves_in_the_middle_leaves_nothing(listen: Listen, records: Records) -> None:
    listener = listen()
    line = client(listener)
    line.ehlo()
    line.mail("a@b.example")
    line.rcpt("support@example.com")
    line.docmd("DATA")
    line.send(b"Subject: half\r\n")
    line.close()
    with client(listener) as other:
        other.sendmail("a@b.example", ["support@example.com"], MAIL)
    assert [item.raw for _, item in records.items] == [MAIL]
    assert listener.held == 0


def test_stopping_lets_a_recording_mail_have_its_answer(listen: Listen, records: Records) -> None:
    records.may_go_on.clear()
    listener = listen()
    with ThreadPoolExecutor(2) as pool:
        line = client(listener)
        sending = pool.submit(line.sendmail, "a@b.example", ["support@example.com"], MAIL)
        assert records.waiting.acquire(timeout=10)
        stopping = pool.submit(listener.stop)
        records.may_go_on.set()
        assert sending.result(10) == {}
        stopping.result(10)
        line.close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", listener.port), 2)


def test_a_port_that_is_taken_is_said_at_once(listen: Listen, records: Records) -> None:
    second = MailListener("127.0.0.1", listen().port, accepts=INBOXES.get, record=records)
    with pytest.raises(OSError, match="in use"):
        second.start()


def test_lmtp_answers_for_each_recipient(listen: Listen, records: Records) -> None:
    records.failing = {"billing"}
    line = lmtp(listen(lmtp=True))
    line.ehlo()
    line.mail("a@b.example")
    codes = [
        line.rcpt(a)[0]
        for a in ("support@example.com", "nobody@example.com", "billing@example.com", "help@example.com")
    ]
    assert codes == [250, 550, 250, 250]
    line.docmd("DATA")
    line.send(MAIL.replace(b"\r\n.", b"\r\n..") + b".\r\n")
    assert [line.getreply()[0] for _ in range(3)] == [250, 451, 250]
    assert line.docmd("QUIT")[0] == 221
    assert [a for a, _ in records.items] == ["support"]
    line.close()


def test_lmtp_says_too_large_to_each_recipient(listen: Listen) -> None:
    line = lmtp(listen(lmtp=True, max_bytes=100_000))
    line.ehlo()
    line.mail("a@b.example")
    for address in ("support@example.com", "billing@example.com"):
        line.rcpt(address)
    line.docmd("DATA")
    line.send(b"x" * 200_000 + b"\r\n.\r\n")
    assert [line.getreply()[0] for _ in range(2)] == [552, 552]
    line.close()


def test_lmtp_and_smtp_do_not_answer_each_other_s_greeting(listen: Listen) -> None:
    with client(listen(lmtp=True)) as line:
        assert line.docmd("EHLO x")[0] == 500
    with client(listen()) as line:
        assert line.docmd("LHLO x")[0] == 500

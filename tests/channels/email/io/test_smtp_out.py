"""Handing mail over: what became of it is said exactly, above all around the final dot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from services import scripted

from channels.base import AccountConfig, Address, Desk, Outcome, Outgoing, RawItem, Refused, Retry, Sent, Unknown
from channels.email import smtp, smtp_lines
from channels.email.adapter import EmailChannel
from channels.email.compose import compose
from channels.email.listener import MailListener
from channels.email.settings import Smtp

LETTER = smtp.Letter(("support@example.com",), ("li@customer.example.net",), b"Subject: x\r\n\r\n.hello\r\n..\r\nbye")
MakeSmtp = Callable[..., Smtp]


@pytest.fixture
def deliver(make_smtp: MakeSmtp) -> Callable[..., Outcome]:
    """Deliver one letter to a server that follows `script`, and stop it."""

    def delivered(script: scripted.Script, letter: smtp.Letter = LETTER, **settings: Any) -> Outcome:
        with scripted.serving(script) as server:
            return smtp.send(make_smtp(server.port, **settings), letter)

    return delivered


def test_a_taken_mail_is_sent_byte_for_byte(deliver: Callable[..., Outcome]) -> None:
    script = scripted.Smtp()
    assert deliver(script) == Sent("2.0.0 queued as 4711")
    assert script.mails == [b"Subject: x\r\n\r\n..hello\r\n...\r\nbye\r\n.\r\n"]
    assert script.heard[1:4] == [
        f"MAIL FROM:<support@example.com> SIZE={len(LETTER.raw)}",
        "RCPT TO:<li@customer.example.net>",
        "DATA",
    ]


def test_a_line_that_is_cut_after_the_final_dot_leaves_it_unknown(deliver: Callable[..., Outcome]) -> None:
    assert isinstance(deliver(scripted.Smtp(after_dot=lambda line: line.cut())), Unknown)


def test_silence_after_the_final_dot_leaves_it_unknown(deliver: Callable[..., Outcome]) -> None:
    outcome = deliver(scripted.Smtp(after_dot=lambda line: line.hear() and None), timeout=0.2)
    assert isinstance(outcome, Unknown)


@pytest.mark.parametrize("answer", ["hello?", "354 more", "250" + "x" * 10_000, "199 what"])
def test_a_senseless_answer_after_the_final_dot_leaves_it_unknown(deliver: Callable[..., Outcome], answer: str) -> None:
    assert isinstance(deliver(scripted.Smtp(after_dot=lambda line: line.say(answer))), Unknown)


def test_a_line_that_is_cut_within_the_mail_means_again(deliver: Callable[..., Outcome]) -> None:
    def cut_at_once(line: scripted.Line, number: int) -> None:
        line.say("220 hi")
        while not (heard := line.hear()).startswith("DATA"):
            line.say("250 ok")
        assert heard
        line.say("354 go on")
        line.socket.recv(1000)
        line.cut()

    large = smtp.Letter(LETTER.senders, LETTER.recipients, b"x" * 20_000_000)
    assert isinstance(deliver(cut_at_once, large), Retry)


def test_a_server_that_says_421_after_the_final_dot_has_not_taken_it(deliver: Callable[..., Outcome]) -> None:
    outcome = deliver(scripted.Smtp(after_dot=lambda line: line.say("421 4.3.2 going down")))
    assert outcome == Retry("The server says: 421 4.3.2 going down")


def test_too_large_after_the_final_dot_is_final(deliver: Callable[..., Outcome]) -> None:
    outcome = deliver(scripted.Smtp(after_dot=lambda line: line.say("552-5.3.4 too", "552 5.3.4 large")))
    assert outcome == Refused("The server says: 552 5.3.4 too 5.3.4 large")


@pytest.mark.parametrize("verb", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", ["421 4.3.2 shutting down", "451 4.7.1 greylisted, come back", "cut"])
def test_a_fault_before_the_mail_means_again(deliver: Callable[..., Outcome], verb: str, answer: str) -> None:
    answers = {verb: answer, **({"HELO": answer} if verb == "EHLO" else {})}
    assert isinstance(deliver(scripted.Smtp(answers)), Retry)


def test_a_greylisted_mail_goes_through_the_second_time(make_smtp: MakeSmtp) -> None:
    script = scripted.Smtp({"RCPT": "451 4.7.1 greylisted"})
    with scripted.serving(script) as server:
        assert isinstance(smtp.send(make_smtp(server.port), LETTER), Retry)
        script.answers.clear()
        assert isinstance(smtp.send(make_smtp(server.port), LETTER), Sent)
        assert server.connections == 1
    assert len(script.mails) == 1


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
def test_a_final_refusal_is_shown_in_the_server_s_words(deliver: Callable[..., Outcome], verb: str) -> None:
    outcome = deliver(scripted.Smtp({verb: "550 5.7.1 we do not like you"}))
    assert isinstance(outcome, Refused)
    assert "550 5.7.1 we do not like you" in outcome.reason
    assert not outcome.address_is_bad


@pytest.mark.parametrize(
    ("answer", "bad"),
    [("550 5.1.1 no such user", True), ("550 5.2.2 full", False), ("550 who?", False), ("553 5.1.8 you", False)],
)
def test_only_an_unknown_address_is_a_bad_one(deliver: Callable[..., Outcome], answer: str, bad: bool) -> None:
    outcome = deliver(scripted.Smtp({"RCPT": answer}))
    assert isinstance(outcome, Refused)
    assert outcome.address_is_bad is bad


THREE = smtp.Letter(LETTER.senders, ("a@c.example.net", "b@c.example.net", "d@c.example.net"), LETTER.raw)


def test_one_of_three_recipients_refused_is_sent_and_told(deliver: Callable[..., Outcome]) -> None:
    script = scripted.Smtp({"RCPT TO:<b@c.example.net>": "550 5.1.1 no such user"})
    outcome = deliver(script, THREE)
    assert isinstance(outcome, Sent)
    assert [(r.address, r.status, r.hard) for r in outcome.refused] == [("b@c.example.net", "5.1.1", True)]
    assert len(script.mails) == 1


def test_while_one_of_three_is_to_come_back_nobody_gets_it(deliver: Callable[..., Outcome]) -> None:
    script = scripted.Smtp({"RCPT TO:<b@c.example.net>": "450 4.2.1 busy"})
    assert isinstance(deliver(script, THREE), Retry)
    assert script.mails == []


def test_an_automatic_mail_has_an_empty_sender(
    make_smtp: MakeSmtp, make_account: Callable[..., AccountConfig], make_outgoing: Callable[..., Outgoing], desk: Desk
) -> None:
    script = scripted.Smtp()
    with scripted.serving(script) as server:
        account = make_account(smtp=make_smtp(server.port), plus_addressing=True)
        channel = EmailChannel(account, desk)
        channel.send(make_outgoing(automatic=True))
        script.answers["MAIL FROM:<>"] = "550 5.7.1 sender required"
        channel.send(make_outgoing(automatic=True))
        channel.send(make_outgoing())
    senders = [line.split(" SIZE")[0] for line in script.heard if line.startswith("MAIL")]
    back = "MAIL FROM:<support+t.qk7m4xpb.n2c3d4f5.abcdefghijklmnop@example.com>"
    assert senders == ["MAIL FROM:<>", "MAIL FROM:<>", back, back]


def test_a_copy_to_our_own_inbox_is_left_out(
    make_smtp: MakeSmtp, make_account: Callable[..., AccountConfig], make_outgoing: Callable[..., Outgoing], desk: Desk
) -> None:
    script = scripted.Smtp()
    with scripted.serving(script) as server:
        channel = EmailChannel(make_account(smtp=make_smtp(server.port)), desk)
        channel.send(make_outgoing(cc=(Address("billing@example.com"), Address("li@customer.example.net"))))
    assert [line for line in script.heard if line.startswith("RCPT")] == ["RCPT TO:<li@customer.example.net>"]


def test_an_address_in_other_letters_needs_a_server_that_takes_it(deliver: Callable[..., Outcome]) -> None:
    letter = smtp.Letter(LETTER.senders, ("李@customer.example.net",), LETTER.raw)
    assert isinstance(deliver(scripted.Smtp(), letter), Refused)
    able = scripted.Smtp()
    able.extensions = ("SMTPUTF8", "8BITMIME")
    assert isinstance(deliver(able, letter), Sent)
    assert able.heard[1].endswith(" SMTPUTF8 BODY=8BITMIME")


def test_a_server_that_is_not_there_means_again_and_is_left_alone_for_a_second(make_smtp: MakeSmtp) -> None:
    with scripted.serving(lambda line, number: line.say("554 5.3.2 no mail today")) as server:
        outcomes = [smtp.send(make_smtp(server.port), LETTER) for _ in range(5)]
        assert server.connections == 1
    assert all(isinstance(o, Retry) and "554 5.3.2 no mail today" in o.reason for o in outcomes)
    port = server.port
    assert isinstance(smtp.send(make_smtp(port, timeout=1), LETTER), Retry)


def test_lines_are_kept_between_mails_and_replaced_when_they_broke(make_smtp: MakeSmtp) -> None:
    script = scripted.Smtp()
    with scripted.serving(script) as server:
        settings = make_smtp(server.port)
        assert all(isinstance(smtp.send(settings, LETTER), Sent) for _ in range(3))
        assert server.connections == 1
        script.answers["RSET"] = "cut"
        assert isinstance(smtp.send(settings, LETTER), Sent)
        assert server.connections == 2


def test_a_line_that_was_idle_too_long_is_not_used_again(make_smtp: MakeSmtp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp_lines, "IDLE_SECONDS", 0.0)
    with scripted.serving(scripted.Smtp()) as server:
        for _ in range(2):
            smtp.send(make_smtp(server.port), LETTER)
            time.sleep(0.01)
        assert server.connections == 2


def test_mail_reaches_a_real_server(
    make_smtp: MakeSmtp, make_account: Callable[..., AccountConfig], make_outgoing: Callable[..., Outgoing], desk: Desk
) -> None:
    got: list[RawItem] = []
    listener = MailListener("127.0.0.1", 0, accepts=lambda a: "them", record=lambda account, item: got.append(item))
    listener.start()
    channel = EmailChannel(make_account(smtp=make_smtp(listener.port)), desk)
    letter = make_outgoing(text="a line\n.\n.. and dots\n")
    assert isinstance(channel.send(letter), Sent)
    smtp_lines.close_all()
    listener.stop()
    assert [item.raw for item in got] == [compose(letter, channel.account, desk)]


@pytest.fixture
def tls_server() -> Iterator[tuple[scripted.Smtp, scripted.Server]]:
    script = scripted.Smtp()
    script.extensions = ("STARTTLS", "AUTH PLAIN")
    with scripted.serving(script) as server:
        yield script, server


TlsServer = tuple[scripted.Smtp, scripted.Server]


def test_mail_goes_encrypted_to_a_server_whose_certificate_holds(
    tls_server: TlsServer, make_smtp: MakeSmtp, certificate: Path
) -> None:
    script, server = tls_server
    script.answers["AUTH"] = "235 2.7.0 welcome"
    settings = make_smtp(server.port, tls="starttls", user="support", password="right")
    assert isinstance(smtp.send(settings, LETTER), Sent)
    assert smtp.check("support", settings).ok
    assert script.encrypted == 2
    assert [line[:4].upper() for line in script.heard[:4]] == ["EHLO", "STAR", "EHLO", "AUTH"]


def test_a_certificate_that_does_not_hold_stops_the_mail(tls_server: TlsServer, make_smtp: MakeSmtp) -> None:
    script, server = tls_server
    outcome = smtp.send(make_smtp(server.port, tls="starttls", user="support", password="right"), LETTER)
    assert isinstance(outcome, Retry)
    assert "certificate" in outcome.reason
    assert not [line for line in script.heard if line.startswith(("AUTH", "MAIL"))]


def test_a_wrong_password_waits_for_a_person_and_costs_no_mail(
    tls_server: TlsServer, make_smtp: MakeSmtp, certificate: Path
) -> None:
    script, server = tls_server
    script.answers["AUTH"] = "535 5.7.8 wrong"
    settings = make_smtp(server.port, tls="starttls", user="support", password="wrong")
    outcome = smtp.send(settings, LETTER)
    assert isinstance(outcome, Retry)
    assert outcome.after == smtp_lines.LOGIN_PAUSE
    line = smtp.check("support", settings)
    assert not line.ok
    assert "535" in line.detail
    assert "app password" in line.mend


def test_mail_is_never_sent_in_the_clear_unless_told_so(make_smtp: MakeSmtp) -> None:
    script = scripted.Smtp()
    with scripted.serving(script) as server:
        outcome = smtp.send(make_smtp(server.port, tls="starttls", user="u", password="p"), LETTER)
    assert isinstance(outcome, Retry)
    assert "STARTTLS" in outcome.reason
    assert not [line for line in script.heard if line.startswith(("AUTH", "MAIL"))]

"""B1-B3: reports about mail of ours become delivery state, whoever writes them and however."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import pytest

from channels.base import DeliveryReport
from tests.channels.email.parse.mails import US, letter, understand

OURS = "t.qk7m4xpb.n0nce123.abcdefghijklmnop@example.com"
COPY = f"Message-ID: <{OURS}>\nFrom: {US}\nTo: bob@example.org\nSubject: Your ticket\n\nDear Bob"


def report_of(raw: str | bytes, **envelope: object) -> DeliveryReport:
    found = understand(raw, **envelope).report
    assert found is not None
    return found


def dsn(status: str, *, kind: str = "delivery-status", copy: str = COPY, copy_kind: str = "message/rfc822") -> str:
    return (
        f"From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: {US}\nSubject: Undelivered Mail Returned to Sender\nAuto-Submitted: auto-replied\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\n\n--b\n\nThis is the mail system.\n--b\nContent-Type: message/{kind}\n\n{status}\n"
        f"--b\nContent-Type: {copy_kind}\n\n{copy}\n--b--\n"
    )


BLOCK = "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.org\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {words}\n"


@pytest.mark.parametrize(
    ("action", "status", "words", "kind", "code", "hard"),
    [
        ("failed", "5.1.1", "550 5.1.1 user unknown", "bounce", "5.1.1", True), ("failed", "5.0.0", "550 5.1.10 RecipientNotFound", "bounce", "5.1.10", True), ("failed", "5.2.2", "552 mailbox full", "bounce", "5.2.2", False),
        ("failed", "5.7.1", "554 5.7.1 blocked", "bounce", "5.7.1", False), ("delayed", "4.4.1", "connection timed out", "delay", "4.4.1", False), ("delivered", "2.0.0", "250 ok", "delivered", "2.0.0", False),
        ("failed (bad address)", "5.1.1 (unknown)", "550 no", "bounce", "5.1.1", True), ("failed", "", "550 no such user here", "bounce", "5.1.1", True), ("relayed", "2.0.0", "x", "delivered", "2.0.0", False),
    ],
)  # fmt: skip
def test_standard_reports_tell_recipient_action_and_status(
    action: str, status: str, words: str, kind: str, code: str, hard: bool
) -> None:
    report = report_of(dsn(BLOCK.format(action=action, status=status, words=words)))
    (entry,) = report.recipients
    assert (report.kind, entry.address, entry.status, entry.hard) == (kind, "bob@example.org", code, hard)


@pytest.mark.parametrize("copy_kind", ["message/rfc822", "text/rfc822-headers", "message/global"])
def test_a_report_finds_the_mail_that_it_is_about(copy_kind: str) -> None:
    report = report_of(dsn(BLOCK.format(action="failed", status="5.1.1", words="x"), copy_kind=copy_kind))
    assert report.references[0] == OURS
    assert report.tokens[0].ref == "qk7m4xpb"


def test_each_recipient_has_an_entry_and_the_address_that_we_wrote_to_wins() -> None:
    status = (
        "Reporting-MTA: dns; x\n\nOriginal-Recipient: rfc822;bob@example.org\nFinal-Recipient: rfc822;robert@internal.example\nAction: failed\nStatus: 5.1.1\n\n"
        "Final-Recipient: rfc822; <cy@example.org>\nAction: delayed\nStatus: 4.2.0\n"
    )
    report = report_of(dsn(status))
    assert [(entry.address, entry.action) for entry in report.recipients] == [
        ("bob@example.org", "failed"),
        ("cy@example.org", "delayed"),
    ]


def test_a_complaint_is_told_apart() -> None:
    report = report_of(
        dsn("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: bob@example.org\n", kind="feedback-report")
    )
    assert (report.kind, report.recipients[0].address, report.references) == ("complaint", "bob@example.org", (OURS,))


def test_a_read_receipt_is_told_apart() -> None:
    status = f"Final-Recipient: rfc822;bob@example.org\nOriginal-Message-ID: <{OURS}>\nDisposition: manual-action/MDN-sent-manually; displayed\n"
    report = report_of(dsn(status, kind="disposition-notification"))
    assert (report.kind, report.recipients[0].diagnostic, report.references[0]) == ("receipt", "displayed", OURS)


PROSE = {
    "qmail": ("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\nReturn-Path: <>\n\nHi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n"
              f"This is a permanent error; I've given up.\n\n<bob@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 unknown user\n\n--- Below this line is a copy of the message.\n\n{COPY}", "5.1.1"),
    "exim": ("From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nX-Failed-Recipients: bob@example.org\nSubject: Mail delivery failed: returning message to sender\n\nA message that you sent could not be delivered to one or more of its\n"
             f"recipients. This is a permanent error. The following address(es) failed:\n\n  bob@example.org\n    SMTP error from remote mail server after RCPT TO:<bob@example.org>:\n    host mx.example.org: 550 5.1.1 No such user\n\n------ This is a copy of the message, including all the headers. ------\n\n{COPY}", "5.1.1"),
    "exchange": ("From: System Administrator <postmaster@corp.example>\nSubject: Undeliverable: Your ticket\n\nYour message\n\n  To:      Bob\n  Subject: Your ticket\n\ndid not reach the following recipient(s):\n\nbob@example.org on Mon, 2 Jan 2023 15:04:05 +0100\n"
                 f"    The recipient name is not recognized\n\nMessage-ID: <{OURS}>\n", "5.1.1"),
    "gmail": ("From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nX-Failed-Recipients: bob@example.org\nSubject: Delivery Status Notification (Failure)\nIn-Reply-To: <" + OURS + ">\n\nDelivery to the following recipient failed permanently:\n\n"
              "     bob@example.org\n\nTechnical details of permanent failure:\nThe email account that you tried to reach is over quota. 552 5.2.2\n", "5.2.2"),
    "postfix": ("From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
                f"<bob@example.org>: Host or domain name not found. Name service error for name=example.org\n\nMessage-Id: <{OURS}>\n", "5.1.2"),
    "sendmail": ("From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\nSubject: Returned mail: see transcript for details\n\n   ----- The following addresses had permanent fatal errors -----\n<bob@example.org>\n    (reason: 553 5.3.4 message too large)\n\n"
                 f"   ----- Transcript of session follows -----\n... while talking to mx:\n\nMessage-Id: <{OURS}>\n", "5.3.4"),
    "notes": (f"From: Postmaster@corp.example\nSubject: DELIVERY FAILURE: User bob (bob@example.org) not listed in Domino Directory\n\nYour message\n\n  Subject: x\n\nwas not delivered to:\n\n  bob@example.org\n\nbecause:\n\n  User bob not listed in Domino Directory\n\nMessage-ID: <{OURS}>\n", "5.1.1"),
    "qq": ("From: PostMaster@qq.com\nSubject: 系统退信\nContent-Type: text/html; charset=utf-8\n\n<div>抱歉，您的邮件被退回来了……<br>收件人邮件地址（bob@example.org）不存在，邮件无法送达。</div><pre>Message-ID: &lt;" + OURS + "&gt;</pre>\n", "5.1.1"),
    "netease": (f"From: Postmaster@163.com\nSubject: 系统退信/Systems bounce\nContent-Type: text/plain; charset=utf-8\n\n抱歉，您的邮件被退回来了……\n原邮件信息：\n时  间：2023-01-02 15:04:05\n主  题：x\n收件人：bob@example.org\n退信原因：\n收件人邮箱已满\n英文说明:552 Quota exceeded\n\nMessage-ID: <{OURS}>\n", "5.2.2"),
    "german": (f"From: Postmaster <postmaster@mx.example.net>\nReturn-Path: <>\nSubject: Unzustellbar: x\n\nDie folgende Adresse ist unbekannt:\n\n<bob@example.org>\n\nMessage-ID: <{OURS}>\n", "5.1.1"),
}  # fmt: skip


@pytest.mark.parametrize("system", PROSE)
def test_bounces_in_prose_tell_whom_and_why(system: str) -> None:
    raw, status = PROSE[system]
    report = report_of(f"To: {US}\n{raw}")
    assert report.kind == "bounce"
    assert [(entry.address, entry.action, entry.status) for entry in report.recipients] == [
        ("bob@example.org", "failed", status)
    ]
    assert OURS in report.references


def test_a_delay_is_no_failure() -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example.net\nSubject: Warning: message delayed 24 hours\n\nYour message has not yet been delivered to:\n\n  bob@example.org\n\n"
        "No action is required on your part. Delivery attempts will continue.\n"
    )
    report = report_of(raw)
    assert (report.kind, report.recipients[0].action, report.recipients[0].status[0]) == ("delay", "delayed", "4")


def test_recipients_come_from_the_copy_when_the_report_names_none() -> None:
    raw = f"From: MAILER-DAEMON@x.example\nSubject: Delivery failure\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nYour message could not be delivered.\n--b\nContent-Type: message/rfc822\n\n{COPY}\n--b--"
    assert [entry.address for entry in report_of(raw).recipients] == ["bob@example.org"]


@pytest.mark.parametrize(
    "raw",
    [
        letter("I got 550 5.1.1 user unknown for <bob@example.org>, why was it not delivered?", subject="Re: Undelivered Mail", in_reply_to="<x@y.example>"),
        letter("Your mail could not be delivered to bob@example.org: 550 5.1.1 user unknown. What is that?", subject="Fwd: Undelivered Mail Returned to Sender"),
        letter("Your mail could not be delivered to bob@example.org: 550 5.1.1 user unknown. What is that?", subject="Re: Undelivered Mail Returned to Sender"),
        letter("My parcel was not delivered to bob@example.org", subject="Parcel"),
        letter("I am away until Monday.", subject="Out of office", from_="ana@example.org", return_path="<>"),
        letter("Delivery of your code failed? Ask again.", subject="Your code", from_="no-reply@example.org"),
    ],
)  # fmt: skip
def test_people_and_other_machines_write_no_bounces(raw: bytes) -> None:
    assert understand(raw).report is None


def test_a_bounce_is_also_named_a_machine() -> None:
    assert understand(dsn(BLOCK.format(action="failed", status="5.1.1", words="x"))).machine

"""A1-A10: every sign of a machine is named, and a person has none."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

from typing import Any

import pytest

from tests.channels.email.parse.mails import US, letter, understand


def codes(raw: bytes | str, **envelope: Any) -> set[str]:
    return {reason.split()[0] for reason in understand(raw, **envelope).machine}


def test_a_person_gives_no_reason() -> None:
    assert understand(letter(return_path="<ana@example.org>"), rcpt_to=[US], mail_from="ana@example.org").machine == ()


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("A1", "Auto-Submitted: auto-replied"), ("A1", "auto-submitted: Auto-Generated (x); y=z"), ("A2", "Return-Path: <>"), ("A2", "Return-Path: bounces+x@example.org"), ("A3", "Precedence: Bulk"),
        ("A3", "X-Precedence: junk"), ("A3", "Precedence: auto_reply"), ("A3", "List-Id: <x.example>"), ("A3", "List-Unsubscribe: <x>"), ("A3", "X-Mailing-List: x"), ("A3", "X-CampaignId: 1"),
        ("A4", "X-Autoreply: yes"), ("A4", "X-Autorespond: x"), ("A4", "X-FC-MachineGenerated: true"), ("A4", "X-POST-MessageClass: 9; Autoresponder"), ("A4", "Delivered-To: Autoresponder"),
        ("A4", "X-Cron-Env: <A=b>"), ("A4", "X-Loop: yes"), ("A4", f"X-Loop: {US}"), ("A5", "X-Auto-Response-Suppress: DR, OOF, AutoReply"), ("A5", "X-Auto-Response-Suppress: All"),
        ("A5", "X-MS-Exchange-Inbox-Rules-Loop: a@b"), ("A5", "X-MS-Exchange-Generated-Message-Source: x"), ("A6", "X-Failed-Recipients: a@example.net"), ("A8", "Message-ID: <t.qk7m4xpb.n0nce123.abcdefghijklmnop@example.com>"),
        ("A10", "X-Spam-Flag: YES"), ("A6", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b"),
    ],
)  # fmt: skip
def test_each_field_of_a_machine_is_named(code: str, field: str) -> None:
    assert codes(f"{field}\nFrom: Ana <ana@example.org>\nTo: {US}\nSubject: x\n\nhello") == {code}


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Auto-Submitted: No; x=y",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: RN, NRN",
        "X-Autoreply: no",
        "X-Loop: other",
        "Feedback-ID: x",
    ],
)
def test_fields_that_only_look_so_are_none(field: str) -> None:
    assert codes(f"{field}\nFrom: Ana <ana@example.org>\nTo: {US}\nSubject: x\n\nhello") == set()


@pytest.mark.parametrize(
    "local",
    [
        "mailer-daemon",
        "MAILER-DAEMON",
        "postmaster",
        "no-reply",
        "noreply",
        "do-not-reply",
        "donotreply",
        "bounces",
        "notifications",
        "autoreply",
        "listserv",
        "team-request",
        "owner-team",
        "team-owner",
    ],
)
def test_robots_are_known_by_their_address(local: str) -> None:
    assert "A2" in codes(letter(from_=f"{local}@example.org"))


@pytest.mark.parametrize("local", ["ana", "reply", "bouncer", "postmasters.friend", "owner", "request"])
def test_people_with_such_names_are_none(local: str) -> None:
    assert codes(letter(from_=f"{local}@example.org")) == set()


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: x", "Auto: x", "Out of Office: x", "OOO x", "Abwesenheitsnotiz: x", "Automatische Antwort: x", "Réponse automatique : x", "Respuesta automática: x", "Risposta automatica: x", "Autosvar: x", "Automatisch antwoord: x",
     "自动回复: x", "自動回覆：x", "不在通知", "자동 회신: x", "Balasan otomatis: x", "Re: 自动回复"],
)  # fmt: skip
def test_absence_notes_are_known_by_their_subject(subject: str) -> None:
    assert codes(letter(subject=subject)) == {"A7"}


@pytest.mark.parametrize(
    "address", [US, "hilfe@example.com", "billing@example.com", "SUPPORT@EXAMPLE.COM", "support+t.x@example.com"]
)
def test_our_own_inboxes_are_never_customers(address: str) -> None:
    assert "A8" in codes(letter(from_=address))


def test_a_copy_to_a_crowd_that_leaves_us_out_is_named() -> None:
    crowd = letter(to="everybody@example.net")
    assert codes(crowd) == {"A9"}
    assert codes(crowd, rcpt_to=[US]) == set()
    assert codes(crowd, rcpt_to=["support+t.x@example.com"]) == set()
    assert codes(letter(to="everybody@example.net", delivered_to=US)) == set()


def test_an_archive_is_written_by_people() -> None:
    """That it is not answered is the desk's decision; nothing is wrong with its writer."""
    assert codes(letter(), archive=True) == set()


def test_the_empty_envelope_sender_is_named() -> None:
    assert codes(letter(), mail_from="") == {"A2"}

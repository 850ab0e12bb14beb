"""S1-S4, S6: who wrote it, and never somebody else."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import pytest

from channels.email import addresses
from tests.channels.email.parse.mails import US, letter, understand

PASS = "mx.example.com; dmarc=pass (p=none) header.from=example.org"


def from_field(value: str, *more: str) -> str:
    return (
        f"From: {value}\nTo: {US}\nAuthentication-Results: {PASS}\n" + "".join(f"{line}\n" for line in more) + "\nhello"
    )


@pytest.mark.parametrize(
    ("value", "address", "name"),
    [
        ("Ana Ruiz <ana@example.org>", "ana@example.org", "Ana Ruiz"), ('"Ruiz, Ana" <ana@EXAMPLE.org>', "ana@example.org", "Ruiz, Ana"),
        ("ana@example.org (Ana Ruiz)", "ana@example.org", "Ana Ruiz"), ("<ana@example.org>", "ana@example.org", ""), ("< ana@example.org >", "ana@example.org", ""), ("Ana.Ruiz@example.org", "Ana.Ruiz@example.org", ""),
        ("=?utf-8?B?5byg5LiJ?= <zhang@example.org>", "zhang@example.org", "张三"), ('"=?utf-8?B?5byg5LiJ?=" <zhang@example.org>', "zhang@example.org", "张三"),
        ('"O\\"Hara" <o@example.org>', "o@example.org", 'O"Hara'), ("'Ana' <ana@example.org>", "ana@example.org", "Ana"), ("Team: ana@example.org;", "ana@example.org", ""),
    ],
)  # fmt: skip
def test_ordinary_senders_are_read_and_can_be_verified(value: str, address: str, name: str) -> None:
    parsed = understand(from_field(value))
    assert (parsed.sender.address, parsed.sender.name) == (address, name)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ('"Ana Ruiz" ana@example.org', "ana@example.org"), ("Ruiz, Ana <ana@example.org>", "ana@example.org"), ("ana@example.org <ana@example.org>", "ana@example.org"),
        ("<mailto:ana@example.org>", "ana@example.org"), ("<ana@example.org>>", "ana@example.org"), ("Ana <@relay.test:ana@example.org>", "ana@example.org"),
        ("boss@example.net <ana@example.org>", "ana@example.org"), ("ana@example.org, eve@example.net", "ana@example.org"),
    ],
)  # fmt: skip
def test_sloppy_senders_are_read_but_never_verified(value: str, address: str) -> None:
    parsed = understand(from_field(value))
    assert (parsed.sender.address, parsed.verified) == (address, None)


@pytest.mark.parametrize(
    "value",
    [
        "alice@example.org)bob@evil.test", "alice@example.org(bob@evil.test", "alice@example.org bob@evil.test", "alice@example.org:bob@evil.test", "a@=?utf-8?q?bank.test?=",
        "=?utf-8?q?ceo=40bank.test?=", "=?utf-8?q?ceo?=@bank.test", "=?utf-8?q?Ana_=3Cceo=40bank.test=3E?=", "<a@b@example.org>", "<alice@example.org><bob@evil.test>", '"ceo@bank.test"', "ceo@bank.test\x00@evil.test",
        "<a b c@example.org>", "@example.org", "ana@", "<>", "ana", "a@[::g]", "alice@example.org\\@evil.test", 'alice@example.org"@evil.test',
    ],
)  # fmt: skip
def test_what_two_readers_could_read_in_two_ways_names_nobody(value: str) -> None:
    parsed = understand(from_field(value))
    assert (parsed.sender.address, parsed.verified) == ("", None)
    assert "no-sender-address" in parsed.notices


def test_two_from_fields_take_the_first_and_never_verify() -> None:
    parsed = understand(from_field("ana@example.org", "From: eve@example.net"))
    assert (parsed.sender.address, parsed.verified) == ("ana@example.org", None)


def test_an_empty_from_falls_back_to_reply_to_sender_and_return_path() -> None:
    fields = ["Return-Path: <path@example.org>", "Sender: sender@example.org", "Reply-To: reply@example.org"]
    for count, expected in ((1, "path"), (2, "sender"), (3, "reply")):
        assert understand(from_field("<>", *fields[:count])).sender.address == f"{expected}@example.org"


def test_answers_go_to_reply_to_and_the_author_stays() -> None:
    parsed = understand(letter(reply_to="Desk <desk@example.net>"))
    assert parsed.sender.address == "ana@example.org"
    assert parsed.reply_to is not None
    assert parsed.reply_to.address == "desk@example.net"


@pytest.mark.parametrize("author", ["no-reply@shop.example", "noreply@shop.example", US])
def test_a_contact_form_speaks_for_the_customer_in_reply_to(author: str) -> None:
    assert understand(letter(from_=author, reply_to="Ana <ana@example.org>")).sender.address == "ana@example.org"


def test_a_list_rewrite_is_unwound_only_when_it_says_so() -> None:
    rewritten = {"from_": "Ana via Team <team@lists.example>", "reply_to": "Ana <ana@example.org>"}
    assert understand(letter(**rewritten)).sender.address == "team@lists.example"
    assert understand(letter(**rewritten, x_original_from="Ana <ana@example.org>")).sender.address == "ana@example.org"


def test_on_behalf_is_said() -> None:
    assert "on-behalf" in understand(letter(sender="assistant@example.org")).notices


@pytest.mark.parametrize(
    ("results", "verified"),
    [
        (PASS, True), ("mx.example.com; dmarc=fail header.from=example.org", False), ("mx.example.com; dmarc=pass header.from=evil.test", None),
        ("mx.example.com; dkim=pass header.d=example.org", True), ("mx.example.com; dkim=pass header.d=evil.test", None), ("mx.example.com; spf=pass smtp.mailfrom=bounce@mail.example.org", True),
        ("mx.example.com; spf=pass smtp.mailfrom=\"x; dmarc=pass header.from=example.org\"@evil.test", None), ("mx.example.com; none", None), ("mx.evil.test; dmarc=pass header.from=example.org", None),
        ("mx.example.com; spf=fail (dmarc=pass header.from=example.org)", None), ("", None),
    ],
)  # fmt: skip
def test_only_our_own_border_server_vouches(results: str, verified: bool | None) -> None:
    assert understand(f"Authentication-Results: {results}\nFrom: ana@example.org\n\nx").verified is verified


def test_a_forged_result_below_ours_counts_for_nothing() -> None:
    ours = "Authentication-Results: mx.example.com; spf=none\n"
    assert understand(f"{ours}Authentication-Results: {PASS}\nFrom: ana@example.org\n\nx").verified is None
    assert (
        understand(
            f"Authentication-Results: other.test; spf=none\nAuthentication-Results: {PASS}\nFrom: ana@example.org\n\nx"
        ).verified
        is None
    )


def test_recipients_are_read_in_order_and_once() -> None:
    parsed = understand(
        f'To: "B, b" <b@example.org>, {US}; undisclosed-recipients:;, B <b@example.org>\nCc: c@example.org\nFrom: a@example.org\n\nx'
    )
    assert [a.address for a in parsed.to] == ["b@example.org", US]
    assert [a.address for a in parsed.cc] == ["c@example.org"]


def test_the_domain_is_folded_and_the_local_part_is_not() -> None:
    assert addresses.fold("Ana@EXAMPLE.Org.") == "Ana@example.org"

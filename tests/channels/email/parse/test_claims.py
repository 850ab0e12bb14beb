"""T1, T2, T4, T5, T8, T11: what a mail claims about its conversation. Whether it is true is not asked here."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import pytest

from channels.base import ReplyToken
from channels.email import claims, subjects
from tests.channels.email.parse.mails import US, answer, letter, understand

TOKEN = "qk7m4xpb.n0nce123.abcdefghijklmnop"
CLAIM = ReplyToken("qk7m4xpb", "n0nce123", "abcdefghijklmnop")
OTHER = ReplyToken("zz7m4xpb", "n0nce123", "abcdefghijklmnop")


@pytest.mark.parametrize("field", ["to", "cc", "delivered_to", "x_original_to", "envelope_to", "x_gm_original_to"])
def test_a_token_in_any_recipient_address_is_found(field: str) -> None:
    assert understand(letter(**{field: f"support+t.{TOKEN}@example.com"})).tokens == (CLAIM,)


def test_a_token_in_the_envelope_is_found_whatever_its_case() -> None:
    assert understand(letter(), rcpt_to=[f"SUPPORT+T.{TOKEN.upper()}@example.com"]).tokens == (CLAIM,)


def test_a_token_in_our_own_message_id_is_found() -> None:
    parsed = understand(letter(in_reply_to=f"<t.{TOKEN}@example.com>"))
    assert parsed.tokens == (CLAIM,)
    assert parsed.is_reply


def test_the_hidden_marker_is_found_and_not_shown() -> None:
    parsed = understand(letter("x", html=f"<p>hi</p><blockquote type=cite><span>sbt:{TOKEN}</span>old</blockquote>"))
    assert parsed.tokens == (CLAIM,)
    assert "sbt:" not in (parsed.html or "")


def test_the_address_speaks_before_the_ids_and_ids_before_the_marker() -> None:
    parsed = understand(
        letter(
            f"sbt:{TOKEN.replace('qk', 'xx')}",
            in_reply_to=f"<t.{TOKEN.replace('qk', 'zz')}@example.com>",
            to=f"support+t.{TOKEN}@example.com",
        )
    )
    assert [token.ref[:2] for token in parsed.tokens] == ["qk", "zz", "xx"]


def test_references_come_newest_first_after_in_reply_to() -> None:
    parsed = understand(
        "From: a@example.org\nIn-Reply-To: <c@x.example>\nReferences: <a@x.example> <b@x.example>\n <c@x.example>\n\nx"
    )
    assert parsed.references == ("c@x.example", "b@x.example", "a@x.example")


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("<a@b> (comment) <c@d>", ["a@b", "c@d"]), ("<a@b>garbage", ["a@b"]), ("<a@b>,<c@d>", ["a@b", "c@d"]), ("a@b c@d", ["a@b", "c@d"]), ("<a@\r\n b>", ["a@b"]),
        ('Message from Ana of "Mon" <a@b>', ["a@b"]), ("<no-at-sign>", ["no-at-sign"]), ("", []), ("words only", []), (f"<{'x' * 2000}@y>", []),
    ],
)  # fmt: skip
def test_ids_are_read_out_of_what_surrounds_them(field: str, ids: list[str]) -> None:
    assert claims.ids(field.replace("\r\n", "")) == ids


def test_a_long_id_keeps_one_short_name_everywhere() -> None:
    long = f"{'x' * 300}@example.org"
    own = understand(letter(message_id="")).external_ref
    assert own == ""
    named = understand(f"From: a@example.org\nMessage-ID: <{long}>\n\nx").external_ref
    assert named == understand(f"From: a@example.org\nReferences: <{long}>\n\nx").references[0]
    assert named.startswith("sha256.")
    assert len(named) <= 255


def test_references_are_bounded() -> None:
    assert (
        len(
            understand(
                "From: a@example.org\nReferences: " + "\n ".join(f"<{n}@x.example>" for n in range(500)) + "\n\nx"
            ).references
        )
        == 100
    )


@pytest.mark.parametrize(
    "subject",
    [
        "Re: [#QK7M-4XPB] x",
        "回复：【#QK7M4XPB】x",
        "AW: x [#qk7m-4xpb]",
        "SV: x (#QK7M-4XPB)",
        "答复: ［＃QK7M-4XPB］",
        "转发：x #QK7M-4XPB",
    ],
)
def test_the_subject_names_a_ticket_in_any_brackets(subject: str) -> None:
    assert subjects.refs(subject) == ("QK7M-4XPB",)


@pytest.mark.parametrize("subject", ["order #12345678", "x [QK7M-4XPB]", "#QK7M-4XPBZ", "#AEIO-UAEI"])
def test_other_numbers_name_no_ticket(subject: str) -> None:
    assert subjects.refs(subject) == ()


@pytest.mark.parametrize(
    "prefix",
    [
        "Re:",
        "RE: ",
        "Re[2]:",
        "AW:",
        "SV:",
        "回复：",
        "答复:",
        "回覆：",
        "Antw:",
        "RES:",
        "RIF:",
        "Odp:",
        "YNT:",
        "Vs:",
        "返信:",
        "Bls:",
        "Ответ:",
        "[team] Re:",
    ],
)
def test_answers_are_known_by_their_subject(prefix: str) -> None:
    parsed = understand(letter(subject=f"{prefix} x"))
    assert parsed.is_reply
    assert not parsed.is_forward


@pytest.mark.parametrize(
    "prefix",
    ["Fwd:", "FW: ", "WG:", "TR:", "RV:", "转发：", "轉寄:", "I:", "Doorst:", "VB:", "VL:", "PD:", "転送:", "Fwd: Re:"],
)
def test_forwards_are_no_answers(prefix: str) -> None:
    parsed = understand(answer("see below", subject=f"{prefix} x"))
    assert parsed.is_forward
    assert not parsed.is_reply


def test_an_answer_to_a_forward_is_an_answer() -> None:
    assert understand(letter(subject="Re: Fwd: x")).is_reply


@pytest.mark.parametrize(
    "block",
    [
        "---------- Forwarded message ---------",
        "Begin forwarded message:",
        "---------- 转发的邮件 ----------",
        "-------- Weitergeleitete Nachricht --------",
    ],
)
def test_a_forwarded_block_makes_a_forward_and_keeps_it(block: str) -> None:
    text = f"Please handle.\n\n{block}\nFrom: Bo <bo@example.net>\nDate: 2 Jan 2023\nSubject: help\n\nI cannot log in."
    parsed = understand(letter(text))
    assert parsed.is_forward
    assert "I cannot log in." in parsed.new_text


def test_the_dedupe_key_is_the_same_for_two_of_our_addresses() -> None:
    def delivered(address: str, trace: str) -> bytes:
        return f"Delivered-To: {address}\nReceived: {trace}\n".encode() + letter(to=f"{US}, billing@example.com")

    one, other = understand(delivered(US, "a")), understand(delivered("billing@example.com", "b"))
    assert one.dedupe_key == other.dedupe_key
    assert one.dedupe_key.startswith("mail:")
    assert len(one.dedupe_key) <= 128


def test_another_text_under_the_same_message_id_has_another_key() -> None:
    assert understand(letter("one")).dedupe_key != understand(letter("two")).dedupe_key
    assert (
        understand(letter(date="Mon, 2 Jan 2023 10:00:00 +0000")).dedupe_key
        != understand(letter(date="Mon, 2 Jan 2023 10:00:01 +0000")).dedupe_key
    )


def test_without_a_message_id_the_way_it_came_tells_mails_apart() -> None:
    def without(trace: str) -> str:
        return understand(f"Received: {trace}\nFrom: a@example.org\n\nx").dedupe_key

    assert without("one") == without("one")
    assert without("one") != without("two")


@pytest.mark.parametrize(
    ("field", "iso"),
    [
        ("Mon, 02 Jan 2023 15:04:05 +0800", "2023-01-02T15:04:05+08:00"), ("2 Jan 23 15:04 GMT", "2023-01-02T15:04:00+00:00"), ("2023-01-02 15:04:05 +0800", "2023-01-02T15:04:05+08:00"),
        ("Mon, 2 Jan 2023 15:04:05 (CST)", "2023-01-02T15:04:05+00:00"), ("Mon, 02 Jan 2023 15:04:60 +0000", "2023-01-02T15:04:59+00:00"),
    ],
)  # fmt: skip
def test_dates_are_read(field: str, iso: str) -> None:
    parsed = understand(letter(date="").replace(b"Subject:", f"Date: {field}\nSubject:".encode()))
    assert parsed.sent_at is not None
    assert parsed.sent_at.isoformat() == iso


@pytest.mark.parametrize(
    "field",
    ["", "yesterday", "Mon, 99 Foo 2023 99:99:99 +9999", "2023-13-45 00:00", "Mon, 2 Jan 99999999 1:1:1 +0000", ":::"],
)
def test_a_date_that_is_none_is_none(field: str) -> None:
    assert understand(f"From: a@example.org\nDate: {field}\n\nx").sent_at is None

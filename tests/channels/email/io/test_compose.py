"""An answer becomes a mail: threading, names, safety and silence."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import AccountConfig, Address, Desk, Outgoing, OutgoingAttachment
from channels.email import wire
from channels.email.compose import compose, outgoing_ref, subject_line, thread, token_address

Make = Callable[..., Outgoing]


def read(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


@pytest.fixture
def mail(make_outgoing: Make, make_account: Callable[..., AccountConfig], desk: Desk) -> Callable[..., EmailMessage]:
    def made(*, plus_addressing: bool = True, **more: object) -> EmailMessage:
        return read(compose(make_outgoing(**more), make_account(plus_addressing=plus_addressing), desk))

    return made


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_every_attempt_sends_the_same_bytes(
    make_outgoing: Make, make_account: Callable[..., AccountConfig], desk: Desk
) -> None:
    files = (OutgoingAttachment("a.pdf", "application/pdf", b"%PDF"),)
    letter = make_outgoing(attachments=files, quoted="hello", quoted_from="Li")
    assert compose(letter, make_account(), desk) == compose(replace(letter), make_account(), desk)


def test_lines_end_in_crlf_and_none_is_too_long(
    make_outgoing: Make, make_account: Callable[..., AccountConfig], desk: Desk
) -> None:
    many = tuple(f"{i}.{'x' * 200}@customer.example.net" for i in range(60))
    raw = compose(make_outgoing(references=many, text="字" * 5000, subject="题" * 2000), make_account(), desk)
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_it_answers_their_mail_under_our_own_id(mail: Callable[..., EmailMessage]) -> None:
    message = mail(references=("question@customer.example.net", "first@customer.example.net"))
    assert message["Message-ID"] == "<t.qk7m4xpb.n2c3d4f5.abcdefghijklmnop@example.com>"
    assert message["In-Reply-To"] == "<question@customer.example.net>"
    assert str(message["References"]).split() == ["<first@customer.example.net>", "<question@customer.example.net>"]
    assert message["Date"].datetime == datetime(2026, 11, 24, 7, 30, tzinfo=UTC)


def test_of_many_references_the_first_and_the_newest_stay() -> None:
    ids = [f"{i}@customer.example.net" for i in range(50)]
    kept = thread(["last@customer.example.net", *reversed(ids)], "last@customer.example.net")
    assert len(kept) == 20
    assert kept[0] == ids[0]
    assert kept[-2:] == (ids[-1], "last@customer.example.net")


def test_an_id_that_cannot_stand_in_a_header_is_left_out() -> None:
    bad = ["a b@c", "x@y\r\nBcc: z@z", "no-at-sign", "sha256.00ff@long", "", "ü@c.example", "a" * 2000 + "@c"]
    assert thread(bad, "ok@c.example") == ("ok@c.example",)


@pytest.mark.parametrize(
    "theirs",
    [
        "退款",
        "Re: 退款",
        "RE: Re: 退款",
        "回复：退款",
        "答复: Re: 退款 [#QK7M-4XPB]",
        "Re: 【#QK7M-4XPB】退款",
        "[#qk7m-4xpb] Aw: 退款",
    ],
)
def test_the_subject_is_theirs_with_one_re_and_one_reference(make_outgoing: Make, theirs: str) -> None:
    assert subject_line(make_outgoing(subject=theirs)) == "Re: 退款 [#QK7M-4XPB]"


def test_a_first_message_has_no_re(make_outgoing: Make) -> None:
    assert subject_line(make_outgoing(subject="Your order", in_reply_to="")) == "Your order [#QK7M-4XPB]"


def test_from_is_our_own_address_whatever_was_asked(mail: Callable[..., EmailMessage]) -> None:
    message = mail(sender=Address("li@customer.example.net", "Li"))
    assert message["From"].addresses[0].addr_spec == "support@example.com"


def test_answers_come_back_to_the_token(mail: Callable[..., EmailMessage]) -> None:
    assert mail()["Reply-To"].addresses[0].addr_spec == "support+t.qk7m4xpb.n2c3d4f5.abcdefghijklmnop@example.com"
    assert mail(plus_addressing=False)["Reply-To"] is None


def test_only_what_no_person_wrote_asks_for_silence(mail: Callable[..., EmailMessage]) -> None:
    acknowledgement = mail(automatic=True)
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement["X-Auto-Response-Suppress"] == "All"
    assert mail(automatic=True, in_reply_to="")["Auto-Submitted"] == "auto-generated"
    answer = mail()
    assert answer["Auto-Submitted"] is None
    assert answer["X-Auto-Response-Suppress"] is None
    assert answer["Precedence"] is None


def test_names_and_subjects_of_all_scripts_survive(mail: Callable[..., EmailMessage]) -> None:
    to = (Address("a@customer.example.net", 'Büro "Nord", 7. Stock'), Address("b@customer.example.net", "👩‍💻 李 三"))
    subject = "Привет 世界 and a very long tail of words that folds " * 3
    message = mail(to=to, subject=subject.strip(), ref="", in_reply_to="")
    assert [a.display_name for a in message["To"].addresses] == [a.name for a in to]
    assert message["Subject"] == subject.strip()


def test_a_long_name_is_cut_between_characters_only() -> None:
    name = "👩‍💻 李" * 20
    raw = wire.address_header("To", [Address("b@customer.example.net", name)])
    # The structured parser of the standard library puts spaces between adjacent words; the old one reads them right.
    read_back = str(make_header(decode_header(email.message_from_bytes(raw)["To"])))
    assert read_back == f"{name} <b@customer.example.net>"


def test_an_international_domain_is_written_in_ascii(
    make_outgoing: Make, make_account: Callable[..., AccountConfig], desk: Desk
) -> None:
    raw = compose(make_outgoing(to=(Address("li@例子.example"),)), make_account(), desk)
    assert b"<li@xn--fsqu00a.example>" in raw
    assert outgoing_ref("r.n.m", "support@例子.example") == "t.r.n.m@xn--fsqu00a.example"
    assert token_address("r.n.m", "support@例子.example") == "support+t.r.n.m@xn--fsqu00a.example"


def test_a_local_desk_has_a_domain_of_its_own_in_its_ids() -> None:
    assert outgoing_ref("r.n.m", "support@localhost") == "t.r.n.m@switchboard.localhost"


EVIL = "x\r\nBcc: victim@example.org\r\n\r\n<h1>\x00\x85\u2028Evil: 1"


@pytest.mark.parametrize(
    "field", ["subject", "in_reply_to", "quoted_from", "ref", "token", "text", "quoted", "language"]
)
def test_no_field_can_add_a_header(mail: Callable[..., EmailMessage], field: str) -> None:
    message = mail(**{"quoted": "hello", field: EVIL})
    assert message["Bcc"] is None
    assert message["Evil"] is None
    assert "<h1>" not in html_of(message)


def test_no_name_can_add_a_header(mail: Callable[..., EmailMessage]) -> None:
    files = (OutgoingAttachment(EVIL, EVIL, b"data"),)
    people = (Address("a@customer.example.net", EVIL),)
    message = mail(sender=Address("support@example.com", EVIL), to=people, cc=people, attachments=files)
    assert message["Bcc"] is None
    assert set(message.keys()) <= {
        *("Date", "From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To", "References"),
        *("MIME-Version", "Content-Type"),
    }
    [attachment] = message.iter_attachments()
    assert set(attachment.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_is_a_sound_mail(subject: str, name: str) -> None:
    raw = wire.header("Subject", subject) + wire.address_header("To", [Address("a@b.example", name)]) + b"\r\nbody"
    message = email.message_from_bytes(raw)
    assert sorted(message.keys()) == ["Subject", "To"]
    assert message.get_payload() == "body"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


def test_the_text_and_the_page_say_the_same(mail: Callable[..., EmailMessage]) -> None:
    message = mail(
        text="Dear Li,\n\nsee https://example.com/a?b=1&c=2.\n<script>\nBye", quoted="Where is it?", quoted_from="Li"
    )
    assert message.get_content_type() == "multipart/alternative"
    assert "see https://example.com/a?b=1&c=2.\n<script>\nBye" in text_of(message)
    page = html_of(message)
    assert '<a href="https://example.com/a?b=1&amp;c=2">' in page
    assert "&lt;script&gt;" in page
    assert "<img" not in page


def test_the_history_is_quoted_once(mail: Callable[..., EmailMessage]) -> None:
    when = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
    message = mail(quoted="Where is\nmy money?", quoted_from="Li", quoted_at=when, language="en")
    assert text_of(message).rstrip().endswith("On Mon, 23 Nov 2026 at 10:05 UTC, Li wrote:\n\n> Where is\n> my money?")
    assert html_of(message).count("my money?") == 1
    assert html_of(message).count("<blockquote") == 1


@pytest.mark.parametrize(
    ("language", "word"), [("zh-Hans", "写道："), ("zh-Hant", "寫道："), ("id", "menulis:"), ("xx", "wrote:")]
)
def test_the_line_above_the_history_is_in_the_letter_s_language(
    mail: Callable[..., EmailMessage], language: str, word: str
) -> None:
    assert word in text_of(mail(quoted="hello", quoted_from="Li", language=language))


def test_the_marker_is_hidden_and_stands_between_our_words_and_the_history(mail: Callable[..., EmailMessage]) -> None:
    page = html_of(mail(text="Our words", quoted="Their words"))
    found = re.search(r'<span style="display:none[^"]*">sbt:([2-9a-z]{8})\.([0-9a-z]{8})\.([a-z2-7]{16})</span>', page)
    assert found
    assert page.index("Our words") < found.start() < page.index("Their words")
    assert "sbt:" not in text_of(mail())


def test_a_long_history_does_not_swell_the_page(mail: Callable[..., EmailMessage]) -> None:
    page = html_of(mail(quoted="很长的一行。\n" * 20_000))
    assert len(page.encode()) < 20_000


def test_the_page_follows_a_dark_reader(mail: Callable[..., EmailMessage]) -> None:
    page = html_of(mail(quoted="x"))
    assert 'content="light dark"' in page
    assert not re.search(r"(?<!-)color:|background", page)


def test_attachments_keep_bytes_and_names(mail: Callable[..., EmailMessage]) -> None:
    files = (
        OutgoingAttachment("退款证明" * 12 + ".pdf", "application/pdf", bytes(range(256)) * 20),
        OutgoingAttachment('a "quoted" name.txt', "text/plain", b""),
        OutgoingAttachment("forwarded.eml", "message/rfc822", b"Subject: x\n\nbody"),
    )
    got = list(mail(attachments=files).iter_attachments())
    assert [a.get_filename() for a in got] == [f.filename for f in files]
    assert [a.get_payload(decode=True) for a in got] == [f.data for f in files]
    assert [a.get_content_type() for a in got] == ["application/pdf", "text/plain", "application/octet-stream"]

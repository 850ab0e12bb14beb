"""The sample mails themselves: who writes, in which language, about what, and when."""

import email
import re
import struct
import zlib
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header

import pytest

from router.demo import pictures, quoting, sample
from router.demo.compose import Answered, compose
from router.demo.letters import Letter, letters, working_day_before

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TOPICS = {"account", "payment", "refund", "security", "usage", "international", "feedback", "other"}
LANGUAGES = {"zh-Hans", "zh-Hant", "en", "id"}
BY_ID = {letter.id: letter for letter in letters()}


def written_by(mail):
    return email.message_from_bytes(mail.raw)


def named(letter_id, now=NOW):
    return next(mail for mail in sample.sample_mails(now) if mail.external_id == f"sample:{letter_id}")


def text_of(mail):
    part = next(part for part in written_by(mail).walk() if part.get_content_type() == "text/plain")
    return part.get_payload(decode=True).decode(part.get_content_charset())


def test_there_are_about_120_mails_each_with_its_own_name():
    assert 110 <= len(letters()) <= 135
    assert len({letter.id for letter in letters()}) == len(letters())


def test_every_topic_is_written_about_in_every_language():
    people = [letter for letter in letters() if letter.kind == "person"]
    assert {(letter.topic, letter.lang) for letter in people} == {(t, lang) for t in TOPICS for lang in LANGUAGES}


def test_there_is_machine_mail_a_burst_of_spam_a_duplicate_and_two_poison_mails():
    kinds = Counter(letter.kind for letter in letters())
    assert set(kinds) == {"person", "machine", "spam", "duplicate", "poison"}
    assert (kinds["poison"], kinds["duplicate"]) == (2, 1)
    shapes = {letter.shape for letter in letters() if letter.kind == "machine"}
    assert shapes == {"out-of-office", "newsletter", "bounce", "delay", "report"}
    burst = [mail.received_at for mail in sample.sample_mails(NOW) if mail.external_id.startswith("sample:spam-")]
    assert len(burst) >= 8
    assert max(burst) - min(burst) <= timedelta(minutes=10)


def test_every_mail_program_answers_once_at_least():
    assert {letter.client for letter in letters()} - {""} == set(quoting.CLIENTS)


def test_the_same_moment_gives_the_same_bytes():
    assert sample.sample_mails(NOW) == sample.sample_mails(NOW)


@pytest.mark.parametrize("hour", [0, 6, 12, 23])
@pytest.mark.parametrize("day", range(16, 23))
def test_mails_come_in_order_within_the_last_working_days_and_never_from_the_future(day, hour):
    now = datetime(2026, 11, day, hour, 30, tzinfo=UTC)
    times = [mail.received_at for mail in sample.sample_mails(now)]
    assert times == sorted(times)
    assert now - timedelta(days=9) < times[0]
    assert times[-1] <= now
    assert len(times) > 100


def test_on_monday_the_last_working_day_was_friday():
    monday = date(2026, 11, 23)
    assert [working_day_before(monday, n).isoformat() for n in (0, 1, 5)] == ["2026-11-23", "2026-11-20", "2026-11-16"]
    assert working_day_before(date(2026, 11, 22), 1) == date(2026, 11, 20)


def test_every_answer_answers_a_mail_of_the_sample_that_came_before():
    times = {mail.external_id: mail.received_at for mail in sample.sample_mails(NOW)}
    answers = [letter for letter in letters() if letter.answers]
    assert len(answers) >= 20
    assert all(
        times[f"sample:{one.id}"] > times[f"sample:{one.answers}"] for one in answers if f"sample:{one.id}" in times
    )


def test_everybody_lives_where_nobody_can_be_reached():
    found = {address for mail in sample.sample_mails(NOW) for address in re.findall(rb"@[\w.-]+", mail.raw)}
    found |= {f"@{letter.address.rpartition('@')[2]}".encode() for letter in letters()}
    outside = {a for a in found if not re.search(rb"(example\.(com|net|org)|localhost|@sample)$", a) and b"." in a}
    assert not outside


@pytest.mark.parametrize(
    ("letter_id", "charset", "words"),
    [
        ("real-name-chen", "gb18030", "实名认证"),
        ("limit-exceeded-ma", "gb2312", "超出限额"),
        ("refund-where-is-it", "gbk", "ＰＯ２０２６１１０９"),
        ("new-phone-huang", "big5", "簡訊驗證碼"),
    ],
)
def test_some_mails_are_written_in_the_charsets_of_their_time(letter_id, charset, words):
    mail = named(letter_id)
    assert written_by(mail).get_content_charset() == charset or b"multipart" in mail.raw
    assert words in text_of(mail)
    assert f"=?{charset}?B?".encode() in mail.raw
    assert str(make_header(decode_header(written_by(mail)["Subject"]))) == BY_ID[letter_id].subject


def test_a_picture_in_the_text_is_named_by_it():
    parts = list(written_by(named("refund-wrong-goods-gao")).walk())
    picture = next(part for part in parts if part.get_content_type() == "image/png")
    html = next(part for part in parts if part.get_content_type() == "text/html").get_payload(decode=True)
    assert picture["Content-ID"] == "<shoe@sample>"
    assert b'src="cid:shoe@sample"' in html


def test_attachments_are_real_files():
    kinds = Counter()
    for mail in (mail for mail in sample.sample_mails(NOW) if "poison" not in mail.external_id):
        for part in written_by(mail).walk():
            if part.get_content_disposition() == "attachment":
                kinds[part.get_content_type(), part.get_payload(decode=True)[:4]] += 1
    assert set(kinds) == {("image/png", b"\x89PNG"), ("application/pdf", b"%PDF"), ("text/csv", b"\xef\xbb\xbf\xe6")}


def test_a_screenshot_is_a_whole_png_and_always_the_same_for_its_name():
    picture = pictures.screenshot("a.png")
    width, height = struct.unpack(">II", picture[16:24])
    start = picture.index(b"IDAT") + 4
    length = struct.unpack(">I", picture[start - 8 : start - 4])[0]
    assert len(zlib.decompress(picture[start : start + length])) == height * (width + 1)
    assert picture == pictures.screenshot("a.png") != pictures.screenshot("b.png")


def test_a_document_knows_where_its_parts_begin():
    paper = pictures.document(["Amount: (200.00)", "Reference"])
    places = [int(line.split()[0]) for line in paper.split(b"xref\n", 1)[1].splitlines()[2:6]]
    assert [paper[place : place + 7] for place in places] == [b"%d 0 obj" % n for n in (1, 2, 3, 4)]
    assert rb"(Amount: \(200.00\)) Tj" in paper


OURS = Answered(
    message_id="t.qk7m4xpb.n0nce123.abcdefghijklmnop@desk.example.com",
    name="Support",
    address="support@localhost",
    to="lin.xiaolan@qingmail.example.com",
    subject="We got it [#QK7M-4XPB]",
    text="您好，\n我们已收到。",
    at=datetime(2026, 11, 16, 1, 15, tzinfo=UTC),
    reply_to="support+t.qk7m4xpb.n0nce123.abcdefghijklmnop@localhost",
    chain=("sample.locked-out-lin@qingmail.example.com",),
)


def test_an_answer_to_the_desk_names_what_it_answers_and_goes_to_the_address_that_was_asked_for():
    answer = email.message_from_bytes(compose(BY_ID["lin-thanks"], NOW, "support@localhost", OURS))
    assert answer["To"] == OURS.reply_to
    assert answer["In-Reply-To"] == f"<{OURS.message_id}>"
    assert answer["References"].split() == [f"<{OURS.chain[0]}>", f"<{OURS.message_id}>"]
    assert str(make_header(decode_header(answer["Subject"]))) == "回复：We got it [#QK7M-4XPB]"


def test_a_forgetful_mail_program_keeps_only_the_subject():
    answer = email.message_from_bytes(compose(BY_ID["xie-more"], NOW, "support@localhost", OURS))
    assert (answer["To"], answer["In-Reply-To"], answer["References"]) == ("support@localhost", None, None)
    assert "[#QK7M-4XPB]" in str(make_header(decode_header(answer["Subject"])))


@pytest.mark.parametrize("client", sorted(quoting.CLIENTS))
def test_new_words_come_first_and_the_answered_mail_below(client):
    quoted = quoting.Quoted("Support", OURS.address, OURS.to, OURS.subject, OURS.text, OURS.at)
    written = quoting.write(client, "新的话 <new>", quoted)
    assert written.text.startswith("新的话 <new>")
    assert "我们已收到" in written.text
    assert not written.html or written.html.index("新的话 &lt;new&gt;") < written.html.index("我们已收到")


def test_a_bounce_names_the_mail_that_it_is_about():
    report = email.message_from_bytes(compose(BY_ID["bounce-eko"], NOW, "support@localhost", OURS))
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert OURS.message_id in report.get_payload(2).get_payload()


def test_a_letter_of_its_own_needs_no_mail_program():
    letter = Letter(
        "x", "other", "en", "Ann", "ann@post.example.com", "Hello", "Just this.", headers={"X-Spam-Flag": "YES"}
    )
    mail = email.message_from_bytes(compose(letter, NOW, "support@localhost"))
    assert (mail["Subject"], mail["X-Spam-Flag"], mail["To"]) == ("Hello", "YES", "support@localhost")
    assert mail.get_payload(decode=True) == b"Just this.\r\n"

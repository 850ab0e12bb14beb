"""Whatever arrives: no exception, and what comes out keeps its promises. The samples are this folder's own mails, cut short
at every sixteenth, with bytes flipped, and invented from pieces."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.base import Parsed, ParseError
from channels.email.parse import parse
from channels.email.sanitize import sanitize
from tests.channels.email.parse import mails, test_bounce, test_html, test_mime, test_quoting
from tests.channels.email.parse.mails import ACCOUNT, DESK, answer, letter, understand

CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff]")
RUNS = re.compile(
    r"<script|<iframe|<object|<form|<style|<meta|<[^>\"]*(?:\"[^\"]*\"[^>\"]*)*\son\w+\s*=|<img[^>]*\ssrc=\"(?!cid:\d+\")",
    re.IGNORECASE,
)


def samples() -> list[bytes]:
    """One of each kind of mail that the other tests are made of."""
    found: list[bytes] = [
        test_mime.TWO_PARTS.encode(),
        test_mime.related("related").encode(),
        test_mime.related("mixed").encode(),
    ]
    found += [f"To: {mails.US}\n{raw}".encode() for raw, _ in test_bounce.PROSE.values()]
    found.append(test_bounce.dsn(test_bounce.BLOCK.format(action="failed", status="5.1.1", words="550 x")).encode())
    found += [answer(f"新的话\n\n{quote}") for quote in test_quoting.CHINESE]
    found += [answer("new", html=f"<p>new</p>{quote}") for quote in test_html.QUOTES]
    found += [letter("x", html=html) for html in test_html.HOSTILE[::3]]
    found += [
        ("Subject: =?gb2312?B?1cu1pQ==?=\nFrom: 三 <zhang@example.org>\n\n" + text).encode(codec)
        for codec, text in (("gb18030", "无法登录"), ("utf-8", "无法登录"), ("big5", "無法登入"))
    ]
    return found


def check(parsed: Parsed) -> None:
    shown = [
        parsed.subject,
        parsed.text,
        parsed.new_text,
        parsed.html or "",
        parsed.sender.name,
        parsed.sender.address,
        parsed.external_ref,
        *parsed.references,
        *parsed.machine,
    ]
    shown += [attachment.filename for attachment in parsed.attachments]
    for text in shown:
        assert not CONTROL.search(text)
        text.encode()
    assert not RUNS.search(parsed.html or "")
    assert len(parsed.dedupe_key) <= 128
    assert len(parsed.external_ref) <= 255
    names = [attachment.filename.casefold() for attachment in parsed.attachments]
    assert len(names) == len(set(names))
    assert all(name and "/" not in name and "\\" not in name and len(name.encode()) <= 200 for name in names)
    assert bool(parsed.new_text.strip()) or not parsed.text.strip()
    for index in re.findall(r'src="cid:(\d+)"', parsed.html or ""):
        assert parsed.attachments[int(index)].inline


@pytest.mark.parametrize("sample", samples())
def test_a_mail_cut_short_anywhere_is_read(sample: bytes) -> None:
    for part in range(1, 17):
        cut = sample[: len(sample) * part // 16]
        if cut.strip():
            check(understand(cut))


@pytest.mark.parametrize("sample", samples())
def test_a_mail_with_flipped_bytes_is_read(sample: bytes) -> None:
    dice = random.Random(len(sample))
    for _ in range(12):
        flipped = bytearray(sample)
        for _ in range(dice.randint(1, 30)):
            flipped[dice.randrange(len(flipped))] = dice.choice(
                [0, 10, 13, 27, 34, 40, 59, 60, 61, 63, 126, 128, 255, dice.randrange(256)]
            )
        if bytes(flipped).strip():
            check(understand(bytes(flipped)))


PIECES = st.sampled_from(
    [b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"; charset=", b"gb2312", b"iso-2022-jp", b"utf-7", b"\r\n", b"\n", b"\r", b"\n\n", b"--b", b"--b--", b"=?utf-8?Q?", b"?=", b"<", b">",
     b"a@example.org", b'"', b"(", b")", b",", b";", b":", b"\\", b"\x1b$B", b"~{", b"\xff\xfe", b"\xe8\xb4\xa6", b"<blockquote type=cite>", b"<img src=", b"<script>", b"cid:x", b"> ", b"On 2 Jan 2023 wrote:", b"-- \n", b"Content-Transfer-Encoding: base64", b"=", b"\x00",
     b"Date: ", b"filename*0*=", b"utf-8''%", b"References: ", b"In-Reply-To: <x@y>\n", "发件人: ".encode(), "发送时间：2023\n".encode(), b"Return-Path: <>\n", b"550 5.1.1 user unknown ", b"&#x", b"<!--", b"+AAA"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(PIECES, st.binary(max_size=12)), max_size=60).map(b"".join))
def test_mail_made_of_pieces_is_read(raw: bytes) -> None:
    try:
        parse(raw, {}, ACCOUNT, DESK)
    except ParseError:
        assert not raw.strip(b"\r\n\t \x00")
        return
    check(understand(raw))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [*test_html.HOSTILE, "<", ">", '"', "'", "=", " src", "url(", "&#", "<p ", "</", "cid:0", "//evil.test"]
            ),
            st.text(max_size=8),
        ),
        max_size=20,
    ).map("".join)
)
def test_html_made_of_pieces_is_harmless(html: str) -> None:
    assert test_html.harmless(sanitize(html))


HEAD = b"From: a@example.org\r\nIn-Reply-To: <x@example.org>\r\nSubject: s\r\n"
PATTERNS = {
    "header lines": lambda n: b"X: y\r\n" * n,
    "one header": lambda n: b"Subject: " + b"=?a" * n + b"\r\n\r\nx",
    "quotes in an address": lambda n: b"From: " + b'\\"' * n + b"\r\n\r\nx",
    "open quotes": lambda n: b'From: "' + b'\\"' * n + b"\r\n\r\nx",
    "brackets": lambda n: b"From: " + b"<(" * n + b"\r\n\r\nx",
    "parameters": lambda n: b"Content-Type: text/plain" + b';a="\\' * n + b"\r\n\r\nx",
    "delimiters": lambda n: b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b" * n,
    "blanks": lambda n: HEAD + b"\r\n" + b" " * n * 8 + b"x",
    "dashes": lambda n: HEAD + b"\r\n" + b"-" * n * 8,
    "colons": lambda n: HEAD + b"\r\n" + b"On wrote:\n" * n,
    "header words": lambda n: HEAD + b"\r\n" + b"From: a\n" * n,
    "escapes": lambda n: HEAD + b"\r\n" + b"\x1b$B~{" * n,
    "open tags": lambda n: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * n,
    "open comments": lambda n: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--<script>" * n,
    "bold senders": lambda n: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<b>From:</b>" * n,
    "text after a quote": lambda n: HEAD + b"Content-Type: text/html\r\n\r\n<div class=gmail_quote>" + b"x" * n * 8,
    "addresses in a bounce": lambda n: b"From: mailer-daemon@x.example\r\nSubject: failure notice\r\n\r\n" + b"a.b" * n + b"@",
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_pattern_costs_seconds(pattern: str) -> None:
    """The promise is five seconds of processor time for any mail; what costs a square would take minutes at this size."""
    raw = PATTERNS[pattern](60_000)
    started = time.process_time()
    check(understand(raw))
    assert time.process_time() - started < 5

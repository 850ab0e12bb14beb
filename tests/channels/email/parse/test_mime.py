"""M1-M3, M6, M7, M10, M11: whatever the shape of the bytes, the letter and its files come out."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import base64

import pytest

from channels.base import ParseError
from channels.email import mime, names, transfer
from channels.email.parse import parse
from tests.channels.email.parse.mails import ACCOUNT, DESK, US, letter, understand

TWO_PARTS = (
    "From: Ana <ana@example.org>\nTo: support@example.com\nSubject: Two\nMIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="b1"\n\npreamble\n--b1\nContent-Type: text/plain\n\nfirst\n'
    '--b1\nContent-Type: image/png; name="a.png"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b1--\nepilogue\n'
)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(line_end: str) -> None:
    parsed = understand(TWO_PARTS.replace("\n", line_end))
    assert (parsed.subject, parsed.text, [a.filename for a in parsed.attachments]) == ("Two", "first", ["a.png"])


def test_header_lines_with_mixed_ends_are_read() -> None:
    parsed = understand(b"From: ana@example.org\r\r\nSubject: mixed\rTo: support@example.com\n\nbody\n")
    assert (parsed.sender.address, parsed.subject, parsed.text) == ("ana@example.org", "mixed", "body")


def test_a_leading_mbox_line_and_blank_lines_are_passed_over() -> None:
    raw = "\r\n\nFrom ana@example.org Mon Jan  2 15:04:05 2023\n" + TWO_PARTS
    assert understand(raw).subject == "Two"


def test_headers_without_a_blank_line_end_where_the_text_begins() -> None:
    parsed = understand("From: ana@example.org\nSubject: x\nThis is the text already.\nMore of it.\n")
    assert (parsed.subject, parsed.text) == ("x", "This is the text already.\nMore of it.")


def test_a_line_of_junk_between_headers_is_passed_over() -> None:
    assert understand("From: ana@example.org\nthis is junk\nSubject: x\n\ny").subject == "x"


def test_a_missing_end_delimiter_loses_nothing() -> None:
    parsed = understand(TWO_PARTS.partition("--b1--")[0])
    assert len(parsed.attachments) == 1


@pytest.mark.parametrize("parameter", ["", 'boundary=""', "boundary=wrong"])
def test_a_missing_or_wrong_boundary_is_found_in_the_body(parameter: str) -> None:
    parsed = understand(TWO_PARTS.replace('boundary="b1"', parameter))
    assert (parsed.text, len(parsed.attachments)) == ("first", 1)


def test_one_boundary_for_two_levels_still_gives_the_text() -> None:
    inner = "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\nwords\n--b--\n"
    assert (
        understand(f"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{inner}--b--\n").text
        == "words"
    )


def test_an_unknown_encoding_counts_as_eight_bit() -> None:
    assert understand("From: a@example.org\nContent-Transfer-Encoding: x-odd\n\ntext").text == "text"


@pytest.mark.parametrize(
    ("data", "decoded"),
    [
        (b"aGVsbG8=", b"hello"), (b"aGVsbG8", b"hello"), (b"aGV\r\nsbG8=\r\n", b"hello"), (b"aGVsbG8gd29ybGQ!\ngaGVsbG8=", b"hello world hello"),
        (b"aGVsbG8=\naGVsbG8=\n", b"hellohello"), (b"plain words, not base64 at all!", b"plain words, not base64 at all!"),
        (b"aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=\n_____\nlist footer\n", b"hello world hello world"), (b"", b""), (b"=", b""),
    ],
)  # fmt: skip
def test_base64_is_read_with_its_flaws(data: bytes, decoded: bytes) -> None:
    assert transfer.from_base64(data) == decoded


def test_uuencoded_parts_are_decoded() -> None:
    assert transfer.decode(b"begin 644 x.txt\n%:&5L;&\\`\n`\nend\n", "x-uuencode") == b"hello"


def test_both_forms_are_kept_and_the_text_is_the_plain_one() -> None:
    parsed = understand(letter("plain words", html="<p>rich words</p>"))
    assert (parsed.text, parsed.html) == ("plain words", "<p>rich words</p>\n")


def test_a_plain_form_that_only_apologises_gives_way_to_the_html() -> None:
    parsed = understand(
        letter("Your email client cannot read HTML mail.", html="<p>The real words are in this form of the letter</p>")
    )
    assert parsed.text == "The real words are in this form of the letter"


def test_several_inline_texts_join_in_order() -> None:
    raw = (
        "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n"
        + "".join(f"--b\n\n{n}\n" for n in ("one", "two"))
        + "--b--"
    )
    assert understand(raw).text == "one\ntwo"


def test_an_embedded_message_is_an_attachment_and_no_body() -> None:
    raw = "From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee below\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\ninner text\n--b--"
    parsed = understand(raw)
    assert parsed.text == "see below"
    assert [(a.filename, a.declared_type) for a in parsed.attachments] == [("part-1.eml", "message/rfc822")]
    assert b"inner text" in parsed.attachments[0].data


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\Users\\Ana\\bill.pdf", "bill.pdf"), ("a\u202efdp.exe", "afdp.exe"), ("a\x00b\n.txt", "ab.txt"),
        ("...", "part-3.pdf"), ("", "part-3.pdf"), ("e\u0301.pdf", "é.pdf"), ("账单.pdf", "账单.pdf"), ("a/", "a"),
    ],
)  # fmt: skip
def test_file_names_are_safe(name: str, safe: str) -> None:
    assert names.safe(name, 3, "application/pdf", set()) == safe


def test_long_names_keep_their_extension_and_same_names_are_told_apart() -> None:
    taken: set[str] = set()
    first, second = (names.safe("长" * 300 + ".pdf", 1, "application/pdf", taken) for _ in range(2))
    assert first != second
    assert all(n.endswith(".pdf") and len(n.encode()) <= names.MAX_BYTES for n in (first, second))


@pytest.mark.parametrize(
    "field",
    [
        "Content-Disposition: attachment; filename*=utf-8''%E8%B4%A6%E5%8D%95.pdf", "Content-Disposition: attachment; filename*0*=utf-8''%E8%B4%A6; filename*1*=%E5%8D%95.pdf",
        'Content-Disposition: attachment; filename="=?utf-8?B?6LSm5Y2VLnBkZg==?="', "Content-Type: application/pdf; name==?gb2312?B?1cu1pS5wZGY=?=",
        'Content-Disposition: attachment; filename="wrong.pdf"; filename*=utf-8\'\'%E8%B4%A6%E5%8D%95.pdf', "Content-Disposition: attachment; filename=账单.pdf",
    ],
)  # fmt: skip
def test_file_names_are_decoded_in_every_notation(field: str) -> None:
    kind = "" if field.startswith("Content-Type") else "Content-Type: application/pdf\n"
    raw = f"From: a@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n{kind}{field}\n\n%PDF-1.4\n--b--"
    (found,) = understand(raw).attachments
    assert (found.filename, found.sniffed_type) == ("账单.pdf", "application/pdf")


def related(kind: str, disposition: str = "") -> str:
    return (
        f"From: a@example.org\nContent-Type: multipart/{kind}; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>x<img src='cid:pic@1'></p>\n"
        f"--b\nContent-Type: image/png\nContent-ID: <pic@1>\n{disposition}Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--"
    )


@pytest.mark.parametrize("kind", ["related", "mixed"])
@pytest.mark.parametrize("disposition", ["", "Content-Disposition: attachment; filename=a.png\n"])
def test_an_image_that_the_html_shows_is_inline(kind: str, disposition: str) -> None:
    parsed = understand(related(kind, disposition))
    assert 'src="cid:0"' in (parsed.html or "")
    assert parsed.attachments[0].inline


def test_an_inline_part_that_nothing_shows_is_an_attachment() -> None:
    parsed = understand(related("mixed", "Content-Disposition: inline\n").replace("cid:pic@1", "cid:other"))
    assert not parsed.attachments[0].inline
    assert "src" not in (parsed.html or "")


def test_an_image_written_into_the_html_becomes_an_inline_part() -> None:
    data = base64.b64encode(b"\x89PNG\r\n\x1a\nxx").decode()
    parsed = understand(letter("x" * 700, html=f'<p><img src="data:image/png;base64,{data}"></p>'))
    assert 'src="cid:0"' in (parsed.html or "")
    assert (parsed.attachments[0].declared_type, parsed.attachments[0].inline) == ("image/png", True)


def test_depth_parts_and_headers_are_bounded_and_said() -> None:
    deep = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(50))
    assert "parts-too-deep" in understand("From: a@example.org\n" + deep + "\nx").notices
    many = "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * (mime.MAX_PARTS + 50)
    assert "too-many-parts" in understand("From: a@example.org\n" + many).notices
    assert "headers-cut" in understand("From: a@example.org\n" + "X-A: y\n" * 3000 + "\nx").notices


def test_nul_and_lone_surrogates_never_reach_the_database() -> None:
    parsed = understand(
        b"From: a\x00na <a@example.org>\nSubject: a\x00b\nContent-Type: text/plain; charset=utf-16\n\n\x00\xd8a\x00\x00\x00"
    )
    for text in (parsed.subject, parsed.text, parsed.sender.name):
        assert "\x00" not in text
        text.encode()


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\x00\x00"])
def test_empty_bytes_are_refused_in_words(raw: bytes) -> None:
    with pytest.raises(ParseError, match="empty"):
        parse(raw, {}, ACCOUNT, DESK)


def test_bytes_without_any_header_are_still_a_letter() -> None:
    parsed = understand("just some words")
    assert (parsed.text, parsed.sender.address, parsed.sender.name) == ("just some words", "", "unknown")


def test_recipients_are_bounded() -> None:
    parsed = understand(letter(to=", ".join(f"a{n}@example.org" for n in range(1500)) + f", {US}"))
    assert len(parsed.to) == 1000

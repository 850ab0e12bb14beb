"""C1-C4 and M5: text in the charset that it is in, which is not always the one that it names."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import base64

import pytest

from channels.email import charset, words
from tests.channels.email.parse.mails import understand


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "㐀镕"), ("GBK", "gb18030", "㐀"), ("x-gbk", "gb18030", "朱镕基"), ("big5", "big5hkscs", "喺度"), ("shift_jis", "cp932", "①㈱"),
        ("ks_c_5601-1987", "cp949", "똠방각하"), ("iso-8859-1", "cp1252", "“quoted” €5"), ("us-ascii", "cp1252", "naïve"), ("iso-8859-9", "cp1254", "ığdır €"), ("tis-620", "cp874", "สวัสดี€"),
        ("unicode-1-1-utf-7", "utf-7", "账户"), ("windows-1251", "cp1251", "привет"), ('"utf-8"', "utf-8", "账户"), ("utf8", "utf-8", "é"), ("koi8-r", "koi8-r", "привет"),
    ],
)  # fmt: skip
def test_labels_mean_their_superset(label: str, codec: str, text: str) -> None:
    assert charset.decode(text.encode(codec), label) == (text, False)


def test_iso_2022_jp_knows_row_thirteen() -> None:
    assert charset.decode(b"\x1b$B-!F|K\\\x1b(B!", "iso-2022-jp")[0] == "①日本!"


@pytest.mark.parametrize("label", ["utf-8", "us-ascii", "", "iso-2022-jp"])
def test_escape_sequences_win_over_the_label(label: str) -> None:
    assert charset.decode("日本語です".encode("iso2022_jp"), label)[0] == "日本語です"


def test_hz_is_read_with_and_without_its_label() -> None:
    assert charset.decode(b"~{VPND~} x", "hz-gb-2312")[0] == charset.decode(b"~{VPND~} x", "")[0] == "中文 x"


GUESSES = {
    "gb18030": "您好，我的账户无法登录，请尽快处理，谢谢！", "big5hkscs": "您好，我的帳戶無法登入，請盡快處理，謝謝！", "cp932": "こんにちは。ログインできません。よろしくお願いします",
    "cp949": "안녕하세요 계정에 로그인할 수 없습니다 빨리 확인해 주세요", "cp1251": "Здравствуйте, не могу войти в аккаунт", "koi8-r": "Здравствуйте, не могу войти в аккаунт",
    "cp1252": "Müller grüßt aus Köln, café", "cp1253": "Καλημέρα σας, έχω πρόβλημα", "cp1250": "Příliš žluťoučký kůň úpěl", "cp874": "สวัสดีครับ ผมเข้าสู่ระบบไม่ได้",
}  # fmt: skip


@pytest.mark.parametrize(("codec", "text"), GUESSES.items())
@pytest.mark.parametrize("label", ["", "unknown-8bit", "x-unknown", "default", "3d", "no-such-charset", "utf-8"])
def test_without_a_usable_label_the_charset_is_guessed(codec: str, text: str, label: str) -> None:
    assert charset.decode(text.encode(codec), label) == (text, True)


def test_a_sibling_part_names_the_charset() -> None:
    text = "ěšč"
    assert charset.decode(text.encode("iso8859-2"), "", ["iso-8859-2"])[0] == text


def test_html_names_its_own_charset() -> None:
    assert charset.decode('<meta charset="gbk">账单'.encode("gbk"))[0].endswith("账单")


@pytest.mark.parametrize("label", ["windows-1251", "iso-8859-1", "koi8-r"])
def test_valid_utf8_beats_a_single_byte_label(label: str) -> None:
    assert charset.decode("账户 привет".encode(), label) == ("账户 привет", True)


def test_a_character_cut_in_two_at_the_end_spoils_nothing_else() -> None:
    for codec, label in (("utf-8", "utf-8"), ("gb18030", "gb2312"), ("big5hkscs", "big5")):
        text = "我的帳戶無法登入"
        assert charset.decode(text.encode(codec)[:-1], label)[0].startswith(text[:-1])


@pytest.mark.parametrize(
    "label", ["zlib", "base64", "punycode", "unicode_escape", "idna", "rot13", "undefined", "hex", "a" * 5000]
)
def test_codecs_that_are_no_charsets_are_not_asked(label: str) -> None:
    assert charset.codec_of(label) == ""


def test_garbled_text_is_flagged() -> None:
    assert (
        "text-garbled"
        in understand("From: a@example.org\nContent-Type: text/plain; charset=utf-8\n\nlocked: 锟斤拷锟斤拷").notices
    )
    assert (
        "text-garbled"
        not in understand("From: a@example.org\nContent-Type: text/plain; charset=utf-8\n\nÜber Ölçü, Ñandú").notices
    )


def test_a_guess_is_said() -> None:
    assert understand(b"From: a@example.org\n\n" + "您好，我的账户无法登录，请尽快处理".encode("gbk")).charset_guessed


def b64(text: str, codec: str) -> str:
    return base64.b64encode(text.encode(codec)).decode()


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("=?utf-8?B?6LSm5oi3?=", "账户"), ("=?UTF-8?q?caf=C3=A9_au_lait?=", "café au lait"), ("=?utf-8?B?6LSm?= =?utf-8?B?5oi3?=", "账户"),
        ("=?utf-8?B?6LSm?=\r\n\t=?utf-8?B?5oi3?= ok", "账户 ok"), ("a =?utf-8?q?b?= c", "a b c"), ("=?utf-8?B?6LSm5o?= =?utf-8?B?i3?=", "账户"),
        (f"=?gb2312?B?{b64('朱镕基', 'gb18030')}?=", "朱镕基"), ("=?iso-8859-1?Q?“?=", "“"), ("=?utf-8?Q?with spaces in it?=", "with spaces in it"),
        ("=?utf-8?Q?no_end", "no end"), ('"=?utf-8?q?in_quotes?="', '"in quotes"'), ("=?x-unknown?q?=E8=B4=A6=E6=88=B7?=", "账户"), ("=?utf-8*en?q?tagged?=", "tagged"),
        ("=?utf-8?Q?what=3F_yes?no?=", "what? yes?no"), ("plain =? not a word", "plain =? not a word"), ("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"), ("=?utf-8?b?6LSm5oi3?= =?utf-8?q?_x?=", "账户 x"),
        ("=?utf-8?Q?=E4=B8?= =?utf-8?Q?=AD=E6=96=87?=", "中文"),
    ],
)  # fmt: skip
def test_encoded_words_are_read_as_mailers_write_them(raw: str, text: str) -> None:
    assert words.decode(raw.encode()) == text


@pytest.mark.parametrize("codec", ["utf-8", "gb18030", "big5hkscs"])
def test_raw_eight_bit_subjects_are_read(codec: str) -> None:
    text = GUESSES["big5hkscs"] if codec == "big5hkscs" else GUESSES["gb18030"]
    assert understand(b"From: a@example.org\nSubject: " + text.encode(codec) + b"\n\nx").subject == text


def test_a_folded_subject_is_one_line_without_hidden_marks() -> None:
    assert words.decode("one\r\n two\r\n\tthree\u202e\x07".encode()) == "one two three"

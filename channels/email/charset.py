"""Bytes of unknown or wrongly named charset into text. Pure; nothing here raises, whatever the bytes or the label.

The order is that of a cautious reader: what proves itself (UTF-8, escape sequences) before what the label claims, the
label before its neighbours, neighbours before statistics.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from functools import lru_cache

from channels.email.charset_guess import guess
from channels.email.charset_jis import decode_jis

# Labels mean their superset, as in browsers (https://encoding.spec.whatwg.org/#names-and-labels).
_SUPERSETS = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso8859-1": "cp1252", "latin-1": "cp1252", "ansi": "cp1252",
    "iso8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030", "iso-gb2312": "gb18030", "hz-label": "gb18030",
    "x-gbk": "gb18030", "gb-2312": "gb18030", "gb_2312-80": "gb18030", "gb": "gb18030", "cp936": "gb18030",
    "x-euc-cn": "gb18030", "euc-cn": "gb18030", "gb18030-2005": "gb18030", "chinese": "gb18030", "big5": "big5hkscs",
    "big-5": "big5hkscs", "big5-hkscs": "big5hkscs", "x-x-big5": "big5hkscs", "cn-big5": "big5hkscs",
    "cp950": "big5hkscs", "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "sjis": "cp932",
    "ms_kanji": "cp932", "windows-31j": "cp932", "euc_jp": "euc_jis_2004", "x-euc-jp": "euc_jis_2004",
    "euc_kr": "cp949", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "ksc5601": "cp949",
    "ks_c_5601-1989": "cp949", "x-windows-949": "cp949", "uhc": "cp949", "tis-620": "cp874", "iso8859-11": "cp874",
    "unicode-1-1-utf-7": "utf-7", "unicode-1-1-utf-8": "utf-8", "utf": "utf-8", "utf8mb4": "utf-8", "utf-8mb4": "utf-8",
    "utf-8n": "utf-8", "unicode": "utf-8", "iso8859-8-i": "iso8859-8", "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman", "x-mac-cyrillic": "mac-cyrillic", "x-koi8-r": "koi8-r", "koi8": "koi8-r",
}  # fmt: skip
# Only these may be asked of the codec registry: others are no charsets, or cost more than linear time (punycode).
_ALLOWED = re.compile(
    r"utf_?(7|8|16|32)|utf-?(7|8|16|32)([-_](sig|le|be))?|iso8859-\d+|cp\d{3,4}|koi8-[rut]|mac[-_]\w+"
    r"|gb18030|hz|big5(hkscs)?|euc_(jp|kr|jis_2004)|iso2022_\w+|johab|tis-620|kz1048|ptcp154|hp-roman8|shift_jis\w*"
)
_UNKNOWN = {
    "",
    "unknown-8bit",
    "x-unknown",
    "unknown",
    "default",
    "3d",
    "8bit",
    "binary",
    "none",
    "null",
    "x-user-defined",
}
_MULTIBYTE = {"gb18030", "big5hkscs", "cp932", "cp949", "euc_jis_2004", "euc_jp", "johab", "utf-16", "utf-32"}
_ESCAPED = re.compile(rb"\x1b(?:\$|\()[@A-Z)(*]|~\{[!-}]{2,400}~\}")
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_WIDE = ("utf-7", "utf-16", "utf-32", "hz", "iso2022")
_CONTROL_BYTES = bytes(b for b in (*range(0x20), 0x7F) if b not in b"\t\n\r\f")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
_BAD = re.compile("[\x00\ud800-\udfff]")


def decode(data: bytes, label: str = "", hints: Iterable[str] = ()) -> tuple[str, bool]:
    """The text of `data`, and whether its charset had to be guessed. No NUL, no other control but tab and line ends,
    no lone surrogate."""
    codec = codec_of(label)
    if codec.startswith(_WIDE) or _escapes(data):
        return clean(_CONTROLS.sub("", _by_escapes(data, codec)).removeprefix("\ufeff")), False
    # Controls go while it is bytes, where it costs least: in no charset left are they part of another character.
    data = data.translate(None, _CONTROL_BYTES)
    if data.isascii():
        return data.decode("ascii"), False
    text, guessed = _decode(data, codec, hints)
    return clean(text.removeprefix("\ufeff")), guessed


def clean(text: str) -> str:
    """Without what a database refuses: NUL and lone surrogates."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = _BAD.sub("", text)
    return text.replace("\x00", "") if "\x00" in text else text


def meta_charset(html: bytes) -> str:
    """The charset that the first kilobytes of an HTML page name for themselves, or empty."""
    found = _META.search(html, 0, 4096)
    return found[1].decode("ascii") if found else ""


def looks_garbled(text: str) -> bool:
    """True for the traces of a wrong charset, such as runs of `Ã¤` or `锟斤拷`: worth a flag, never a change."""
    return not text.isascii() and any(trace in text for trace in "ÃÂÐÑ锟\ufffd") and bool(_MOJIBAKE.search(text))


_MOJIBAKE = re.compile(
    "(?:[ÃÂ][\u0080-\u00bf]|[ÐÑ][\u0080-\u00bf\u2018-\u201e]){3}|锟斤拷|\ufffd{2}|(?:\ufffd.{0,9}){4}"
)


@lru_cache(maxsize=512)
def codec_of(label: str) -> str:
    """The codec that a charset label means, or empty when it means nothing."""
    short = re.split(r"[;,*\s]|//", label.strip(" \t\"'").lower())[0][:40].strip("\"'")
    if short in _UNKNOWN:
        return ""
    short = re.sub(r"^(?:x-)?(?:cs)?iso[-_ ]?8859[-_ ]?(\d+)", r"iso8859-\1", short)
    short = re.sub(r"^(?:x-)?(?:windows|win|cp|x-cp|ms|ibm)[-_]?(\d{3,4})$", r"cp\1", short)
    if short in _SUPERSETS:
        return _SUPERSETS[short]
    try:
        name = codecs.lookup(short).name
    except (LookupError, ValueError):
        return ""
    return _SUPERSETS.get(name, name) if _ALLOWED.fullmatch(_SUPERSETS.get(name, name)) else ""


def _escapes(data: bytes) -> bool:
    return (b"\x1b" in data or b"~{" in data) and bool(_ESCAPED.search(data))


def _by_escapes(data: bytes, codec: str) -> str:
    return (
        data.decode(codec, "replace")
        if codec.startswith(("utf-16", "utf-32"))
        else decode_jis(data, codec)
        if _escapes(data)
        else data.decode(codec, "replace")
    )


def _decode(data: bytes, codec: str, hints: Iterable[str]) -> tuple[str, bool]:
    as_utf8 = _strict(data, "utf-8")
    if as_utf8 is not None and (codec not in _MULTIBYTE or len(data) - len(as_utf8) >= 8):
        return as_utf8, codec not in {"utf-8", ""}
    return _by_label(data, codec) or _by_neighbours(data, codec, hints)


def _by_label(data: bytes, codec: str) -> tuple[str, bool] | None:
    """By the label's own charset; a few broken characters (a text cut short) do not speak against it."""
    if not codec:
        return None
    text = _strict(data, codec)
    if text is not None:
        return text, False
    if codec == "big5hkscs" and (text := _strict(data, "cp950")) is not None:
        return text, False
    if codec == "utf-8" or codec in _MULTIBYTE:
        return _nearly(data, codec)
    return None


def _nearly(data: bytes, codec: str) -> tuple[str, bool] | None:
    text = data.decode(codec, "replace")
    wide = sum(1 for c in text if c > "\x7f")
    return (text, True) if text.count("\ufffd") * 5 <= wide + 3 and wide > text.count("\ufffd") else None


def _by_neighbours(data: bytes, codec: str, hints: Iterable[str]) -> tuple[str, bool]:
    if (found := _nearly(data, "utf-8")) and found[0].count("\ufffd") * 10 < len(found[0]):
        return found
    for hint in (meta_charset(data), *hints):
        other = codec_of(hint)
        if other and other not in {codec, "utf-8", "cp1252"} and (text := _strict(data, other)) is not None:
            return text, True
    best = guess(data)
    return data.decode(best, "replace") if best else _western(data), True


def _western(data: bytes) -> str:
    """windows-1252 with its five holes read as control characters are in browsers: nothing is lost."""
    return data.decode("cp1252", "replace")


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError):
        return None

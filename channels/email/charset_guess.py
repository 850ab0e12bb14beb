"""The last resort for eight-bit text without a usable label: which of a dozen charsets makes the most ordinary text?"""

from __future__ import annotations

import re

_SAMPLE = 6000
_PAIRS = re.compile(rb"[\x81-\xfe][\x40-\xfe]")
_WORD = re.compile(r"[^\W\d_]{2,}")
# How often the letters come in running text, most frequent first; enough to tell the Cyrillic code pages apart.
_CYRILLIC = set("оеаинтсрвлкмдпуяыьгзбчйхжю")
_LETTERS = {
    "cp1250": set("ěščřžýáíéúůťďňłęąśżźćńóőűăşţ"),
    "cp1252": set("äöüßéèàùâêîôûçñãõåæøíóúá’“”–…€"),
    "cp1253": set("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ"),
    "cp1254": set("ğışçöüİĞŞâî’“”"),
    "cp1255": set("אבגדהוזחטיכלמנסעפצקרשתךםןףץ"),
    "cp1256": set("ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإء"),
    "cp874": {chr(c) for c in range(0x0E01, 0x0E4F)},
    "cp1251": _CYRILLIC,
    "koi8-r": _CYRILLIC,
}
# Where two readings are equally ordinary, the more widespread charset goes first.
_ORDER = ("cp1252", "cp1251", "koi8-r", "cp1250", "cp1254", "cp1255", "cp1253", "cp874", "cp1256")


def guess(data: bytes) -> str:
    """The likeliest codec of `data`, or empty when nothing speaks clearly for one."""
    sample = _sample(data)
    return _double_byte(sample) or _single_byte(sample)


def _sample(data: bytes) -> bytes:
    """The lines with eight-bit bytes, up to some thousand bytes, cut at line ends so that no character is split."""
    lines = [line for line in data[: 40 * _SAMPLE].split(b"\n") if not line.isascii()]
    whole: list[bytes] = []
    size = 0
    for line in lines:
        if size + len(line) > _SAMPLE and whole:
            break
        whole.append(line)
        size += len(line)
    return b"\n".join(whole)


def _double_byte(sample: bytes) -> str:
    pairs = _PAIRS.findall(sample)
    high = sum(1 for b in sample if b > 0x7F)
    if len(pairs) < 2 or len(pairs) * 2 < high:
        return ""
    if _thai(sample):
        return "cp874"
    share = _shares(pairs)
    if share["kana"] > 0.15 and _reads(sample, "cp932"):
        return "cp932"
    if share["hangul"] > 0.9 and share["late"] < 0.06 and len(pairs) > 5 and _reads(sample, "cp949"):
        return "cp949"
    if share["gb"] > 0.7 and _reads(sample, "gb18030") and len(pairs) * 2 > high * 0.9:
        return "gb18030"
    if share["big5"] > 0.7 and _reads(sample, "big5hkscs"):
        return "big5hkscs"
    return "cp932" if share["sjis"] > 0.7 and _reads(sample, "cp932") else ""


def _thai(sample: bytes) -> bool:
    """Thai uses no byte of two small gaps, and every third one is a vowel sign or a tone mark."""
    high = [b for b in sample if b > 0x7F]
    signs = sum(1 for b in high if b == 0xD1 or 0xD4 <= b <= 0xDA or 0xE0 <= b <= 0xE4 or 0xE7 <= b <= 0xEE)
    return len(high) > 7 and signs > 0.27 * len(high) and all(0xA1 <= b <= 0xDA or 0xDF <= b <= 0xFB for b in high)


def _shares(pairs: list[bytes]) -> dict[str, float]:
    """Which part of the two-byte characters lies where each charset keeps its everyday characters."""
    count = {"kana": 0, "hangul": 0, "late": 0, "gb": 0, "big5": 0, "sjis": 0}
    for lead, trail in pairs:
        even = trail >= 0xA1
        count["kana"] += lead in (0x82, 0x83)
        count["hangul"] += even and 0xB0 <= lead <= 0xC8
        count["late"] += even and 0xC9 <= lead <= 0xD7
        count["gb"] += even and (0xB0 <= lead <= 0xD7 or lead in (0xA1, 0xA3))
        count["big5"] += 0xA4 <= lead <= 0xC6 or lead == 0xA1
        count["sjis"] += 0x88 <= lead <= 0x97 or lead in (0x81, 0x82, 0x83)
    return {name: n / len(pairs) for name, n in count.items()}


def _single_byte(sample: bytes) -> str:
    scored = [(_score(sample, codec), codec) for codec in _ORDER]
    best, codec = max(scored, key=lambda pair: pair[0])
    return codec if best > 0.3 else ""


def _score(sample: bytes, codec: str) -> float:
    text = sample.decode(codec, "replace")
    wide = [c for c in text if c > "\x7f"]
    if not wide:
        return 0.0
    usual = _LETTERS[codec]
    good = sum(1.0 if c in usual else 0.7 if c.lower() in usual else 0.0 for c in wide)
    odd = sum(1 for word in _WORD.findall(text) if _mixed(word))
    return good / len(wide) - odd / (len(wide) + 1)


def _mixed(word: str) -> bool:
    """Capitals inside a word, or two scripts in one: what the wrong code page makes of ordinary text."""
    inner = word[1:]
    if inner != inner.lower() and word != word.upper():
        return True
    return any(c < "\x80" for c in word) and any(c >= "\u0370" for c in word)


def _reads(sample: bytes, codec: str) -> bool:
    return sample.decode(codec, "replace").count("\ufffd") <= 1 + len(sample) // 200

"""The language of a short text: scripts first, then small word lists. Pure.

Malay counts as Indonesian: the desk answers both in one language.
"""

from __future__ import annotations

import re

from rules.normalise import fold
from rules.topics.language_words import ENGLISH, INDONESIAN, NEUTRAL

# Enough to tell; longer texts only cost time.
_SAMPLE = 4000
_WORDS = 200
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
# Bounded, because a text without spaces is ordinary in Chinese.
_NO_WORDS = re.compile(r"(?:https?://|www\.)[!-~]{1,200}|[\w.+-]{1,64}@[\w.-]{1,200}", re.ASCII)
_WORD = re.compile(r"[a-z0-9']+")
_ID_SHAPE = re.compile(r"(?:meng|meny|mem|ber|ter|peng|pem|di)[a-z]{4,}|[a-z]{3,}(?:nya|kan|lah|kah)")
_EN_SHAPE = re.compile(r"[a-z]{3,}(?:ing|tion|ed|ly|ment|ness|ble|ful)|[a-z]+'(?:t|s|re|ve|ll|d|m)")
# How many Chinese characters say as much as one word.
_HAN_A_WORD = 1.6


def detect(text: str, fallback: str = "en") -> str:
    """One of zh-Hans, zh-Hant, en, id. `fallback` (the customer's last language) where the text does not tell."""
    sample = _NO_WORDS.sub(" ", text[:_SAMPLE])
    han = "".join(_HAN.findall(sample))
    words = [word for word in _WORD.findall(fold(sample))[:_WORDS] if _tells(word)]
    if len(_KANA.findall(sample)) * 4 > len(han) > 0:
        return fallback
    if han and len(han) / _HAN_A_WORD >= len(words):
        return script(han, fallback)
    return _spaced(words, fallback)


def _tells(word: str) -> bool:
    """Numbers, order codes, single letters and names of products say nothing of the language."""
    return len(word) > 1 and word not in NEUTRAL and word.replace("'", "").isalpha()


def script(han: str, fallback: str = "zh-Hans") -> str:
    """Simplified or traditional, by characters that only one of them has: GB 2312 holds the simplified forms, Big5 the
    traditional ones. Where nothing tells, `fallback` if it is Chinese, else simplified."""
    traditional = len(han) - len(han.encode("gb2312", "ignore")) // 2
    simplified = len(han) - len(han.encode("big5", "ignore")) // 2
    if traditional == simplified:
        return fallback if fallback.startswith("zh") else "zh-Hans"
    return "zh-Hant" if traditional > simplified else "zh-Hans"


def _spaced(words: list[str], fallback: str) -> str:
    english = indonesian = 0.0
    for word in words:
        if word in ENGLISH:
            english += 1
        elif word in INDONESIAN:
            indonesian += 1
        elif _EN_SHAPE.fullmatch(word):
            english += 0.4
        elif _ID_SHAPE.fullmatch(word):
            indonesian += 0.4
    if english == indonesian:
        return fallback
    return "en" if english > indonesian else "id"

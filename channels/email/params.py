"""The parameters of Content-Type and Content-Disposition: RFC 2231, and the many ways around it. Nothing here raises."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from channels.email import charset, words

_TOKEN = re.compile(r"[^\s;:=/,\"()]+/[^\s;,\"()]+")
_PARAM = re.compile(r"[;\s]\s*([^\s;=\"]{1,80})\s*=\s*(\"(?:[^\"\\]|\\.)*\"|'[^';]*'(?=\s*(?:;|$))|[^;]*)", re.DOTALL)
_LOOSE = re.compile(r"(charset|boundary|name|filename)\s*=\s*\"?([^\s\";]+)", re.IGNORECASE)


def content_type(raw: bytes) -> tuple[str, dict[str, str]]:
    """The type in lower case (empty if there is none or it is nonsense) and its parameters."""
    if not raw:
        return "", {}
    # Most parts carry one of a few dozen values; long ones are not worth the memory.
    return _known_type(raw) if len(raw) < 80 else _content_type(raw)


def _content_type(raw: bytes) -> tuple[str, dict[str, str]]:
    text = words.undecoded(raw)
    head, semicolon, tail = text.partition(";")
    found = _TOKEN.match(head.strip().strip("\"'"))
    kind = found[0].lower() if found else ""
    rest = (
        semicolon + tail if semicolon and not head[len(kind) :].strip() else ";" + head[len(kind) :] + semicolon + tail
    )
    return kind, parameters(rest) if rest.strip("; ") else {}


_known_type = lru_cache(maxsize=256)(_content_type)


def disposition(raw: bytes) -> tuple[str, dict[str, str]]:
    """`inline`, `attachment`, another word or empty, and the parameters."""
    if not raw:
        return "", {}
    head, semicolon, tail = words.undecoded(raw).partition(";")
    word = head.strip().strip("\"'").lower()
    if "=" in word:
        return "", parameters(";" + head + semicolon + tail)
    return word.split()[0] if word else "", parameters(semicolon + tail) if tail else {}


def parameters(text: str) -> dict[str, str]:
    """Names in lower case, values decoded. The extended form (`name*`) wins over the plain one."""
    plain: dict[str, str] = {}
    extended: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in _PARAM.findall(text):
        base, star, rest = name.lower().partition("*")
        if not star:
            plain.setdefault(base, _unquoted(value))
        else:
            number = rest.rstrip("*")
            place = int(number) if number.isdecimal() and len(number) < 4 else 0
            extended.setdefault(base, {}).setdefault(place, (_unquoted(value), rest.endswith("*") or not rest))
    for name, value in _LOOSE.findall(text) if not plain else ():
        plain.setdefault(name.lower(), value)
    decoded = {name: words.decode_str(value) if "=?" in value else value for name, value in plain.items()}
    return decoded | {name: _joined(pieces) for name, pieces in extended.items()}


def _unquoted(value: str) -> str:
    """A lone backslash stays: it is more often part of a Windows path than an escape."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value.strip('"').replace('\\"', '"').replace("\\\\", "\\")


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """The sections of one RFC 2231 parameter: percent signs count in those that say so, the first names the charset."""
    data, label = b"", ""
    for index, (place, (value, encoded)) in enumerate(sorted(pieces.items())):
        del place
        if encoded and index == 0 and value.count("'") >= 2:
            label, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if encoded else value.encode("utf-8", "replace")
    text = charset.decode(data, label)[0]
    return words.decode_str(text) if "=?" in text else text

"""Content-Transfer-Encoding undone. What cannot be decoded comes back as it is; nothing here raises."""

from __future__ import annotations

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BLANKS = b" \t\r\n"
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_SEGMENT = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{0,200})\r?$", re.MULTILINE)


def decode(data: bytes, encoding: str) -> bytes:
    """The bytes that `data` stands for; an encoding that nobody knows counts as 8bit."""
    name = encoding.lower().strip(" \t\"'").partition(";")[0]
    if name.startswith(("base", "b64", "base 64")):
        return from_base64(data)
    if name.startswith(("quoted", "qp")):
        return binascii.a2b_qp(data)
    if name in {"x-uuencode", "uuencode", "x-uue", "uue", "x-uu"}:
        return from_uu(data)
    return data


def from_base64(data: bytes) -> bytes:
    """Base64 with missing padding, junk between, several padded pieces; text that is none at all stays as it is."""
    compact = data.translate(None, _BLANKS)
    if len(compact) % 4 == 0 and b"=" not in compact[:-2]:
        try:
            return binascii.a2b_base64(compact, strict_mode=True)
        except binascii.Error:
            pass
    if b"=" in compact.rstrip(b"=") and not compact.translate(None, _ALPHABET + b"="):
        return b"".join(_block(piece) for piece in _SEGMENT.findall(compact))
    piece = _first_piece(data)
    foreign = len(piece.translate(None, _ALPHABET + b"=\r\n\t ")) + piece.strip().count(b" ")
    return data if foreign * 8 > len(piece) else _block(piece)


def from_uu(data: bytes) -> bytes:
    """The first uuencoded file in `data`."""
    begin = _UU_BEGIN.search(data)
    if not begin:
        return data
    out = bytearray()
    for line in data[begin.end() :].splitlines():
        if line.strip() in {b"end", b"`", b"===="}:
            break
        out += _uu_line(line)
    return bytes(out)


def _uu_line(line: bytes) -> bytes:
    if not line.strip():
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Some encoders pad wrongly: the first byte says how many of the four-byte groups count.
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
    try:
        return binascii.a2b_uu(line[:length])
    except binascii.Error:
        return b""


def _first_piece(data: bytes) -> bytes:
    """Up to the padding: below it stands what a mailing list or a virus scanner added."""
    end = data.find(b"=\n")
    end = data.find(b"=\r") if end < 0 else end
    return data if end < 0 else data[:end]


def _block(piece: bytes) -> bytes:
    letters = piece.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))

"""The seven-bit charsets that switch by escape sequences: ISO-2022-JP, -KR, -CN and HZ. Nothing here raises."""

from __future__ import annotations

import re

_SWITCH = re.compile(rb"\x1b(\$[@AB]|\$\([A-Z]|\([A-Z])")


def decode_jis(data: bytes, codec: str = "") -> str:
    """Text of `data` by its own escape sequences. Bytes outside them are read as UTF-8, else as the codec says."""
    if b"\x1b" not in data:
        return data.decode("hz", "replace")
    if b"\x1b$)C" in data:
        return data.decode("iso2022_kr", "replace")
    if b"\x1b$)A" in data or b"\x1b$)G" in data:
        return _shifted(data)
    pieces = _SWITCH.split(data)
    out = [_plain(pieces[0], codec)]
    for switch, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        out.append(_piece(switch, piece, codec))
    return "".join(out)


def _piece(switch: bytes, piece: bytes, codec: str) -> str:
    if switch in {b"$@", b"$B", b"$(B", b"$(@"}:
        return _double(piece, "jp", codec)
    if switch in {b"$A", b"$(A"}:
        return _double(piece, "gb2312", codec)
    if switch == b"$(C":
        return _double(piece, "euc_kr", codec)
    if switch == b"$(D":
        return (b"\x1b$(D" + piece + b"\x1b(B").decode("iso2022_jp_1", "replace")
    if switch == b"(I":
        return bytes(b | 0x80 if 0x20 < b < 0x60 else b for b in piece).decode("cp932", "replace")
    return _plain(piece, codec)


def _plain(piece: bytes, codec: str) -> str:
    if piece.isascii():
        return piece.decode("ascii")
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError:
        return piece.decode(codec if codec and not codec.startswith("iso2022") else "cp932", "replace")


def _double(piece: bytes, charset: str, codec: str) -> str:
    """Pairs of printable bytes in the 94x94 set; anything else (a line end) stands for itself."""
    out: list[str] = []
    for run in re.findall(rb"[!-~]+|[^!-~]+", piece):
        if not b"!" <= run[:1] <= b"~":
            out.append(_plain(run, codec))
        elif charset == "jp":
            out.append(_to_shift_jis(run).decode("cp932", "replace"))
        else:
            out.append(bytes(b | 0x80 for b in run).decode(charset, "replace"))
    return "".join(out)


def _to_shift_jis(run: bytes) -> bytes:
    """Rows of JIS X 0208 as Shift_JIS, whose Microsoft form also knows NEC's row 13, the extension that mail uses."""
    out = bytearray()
    for high, low in zip(run[::2], run[1::2], strict=False):
        lead = (high + 1) // 2 + (0x70 if high < 0x5F else 0xB0)
        trail = low + (0x7E if high % 2 == 0 else 0x1F + (low >= 0x60))
        out += bytes((lead, trail))
    return bytes(out)


def _shifted(data: bytes) -> str:
    """ISO-2022-CN in its common form: GB 2312 between SO and SI."""
    out: list[str] = []
    for index, piece in enumerate(re.split(rb"[\x0e\x0f]", re.sub(rb"\x1b\$\)[AEG]", b"", data))):
        out.append(_double(piece, "gb2312", "") if index % 2 else _plain(piece, ""))
    return "".join(out)

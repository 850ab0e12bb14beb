"""Attachments for the sample mails, drawn from nothing: a telephone's screen as PNG, some lines of text as PDF. Pure."""

from __future__ import annotations

import struct
import zlib
from random import Random

WIDTH, HEIGHT = 270, 480
PAPER, INK, PALE, LINE, RED, BLUE = range(6)
PALETTE = bytes.fromhex("f6f7f930353dc9ced6e4e7ecd645452f6fde")


def screenshot(name: str) -> bytes:
    """A picture of an app's screen; the same `name` always gives the same picture."""
    random = Random(name)  # noqa: S311 - a drawing, not a secret
    rows = [bytearray([PAPER]) * WIDTH for _ in range(HEIGHT)]
    _bar(rows, 0, 0, WIDTH, 18, INK)
    _bar(rows, 0, 18, WIDTH, 44, BLUE)
    _bar(rows, 90, 35, 90, 10, PAPER)
    y = 80
    for _ in range(random.randint(4, 7)):
        y = _entry(rows, y, random)
    _bar(rows, 20, HEIGHT - 92, WIDTH - 40, 44, RED)
    _bar(rows, 40, HEIGHT - 75, random.randint(110, 190), 10, PAPER)
    return _png(rows)


def _entry(rows: list[bytearray], y: int, random: Random) -> int:
    _bar(rows, 16, y, 32, 32, random.choice((BLUE, PALE, RED)))
    _bar(rows, 60, y + 3, random.randint(60, 130), 9, INK)
    _bar(rows, 60, y + 20, random.randint(40, 90), 7, PALE)
    _bar(rows, WIDTH - 16 - 44, y + 10, 44, 9, INK)
    _bar(rows, 16, y + 40, WIDTH - 32, 1, LINE)
    return y + 48


def _bar(rows: list[bytearray], x: int, y: int, width: int, height: int, colour: int) -> None:
    for row in rows[y : y + height]:
        row[x : x + width] = bytes([colour]) * len(row[x : x + width])


def _png(rows: list[bytearray]) -> bytes:
    """Eight bits a pixel with a palette (ISO/IEC 15948); each row begins with its filter, none."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    chunks = ((b"IHDR", header), (b"PLTE", PALETTE), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def document(lines: list[str]) -> bytes:
    """A PDF of one page with `lines` (ASCII) on it."""
    shown = " ".join(f"({_escaped(line)}) Tj T*" for line in lines)
    page = f"BT /F1 13 Tf 20 TL 60 760 Td {shown} ET".encode("ascii", "replace")
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
    ]
    return _pdf(bodies)


def _escaped(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf(bodies: list[bytes]) -> bytes:
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(bodies) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer

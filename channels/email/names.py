"""Names for attachments that are safe to show and to store under, and what the bytes look like."""

from __future__ import annotations

import re
import unicodedata

MAX_BYTES = 200
_UNSAFE = re.compile(
    '[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff<>:"|?*]'
)
_EXTENSION = re.compile(r"\.\w{1,10}$")
_EXTENSIONS = {
    "text/plain": "txt", "text/html": "html", "text/calendar": "ics", "text/csv": "csv", "text/vcard": "vcf",
    "text/x-vcard": "vcf", "message/rfc822": "eml", "message/delivery-status": "txt", "text/rfc822-headers": "txt",
    "message/global": "eml", "message/feedback-report": "txt", "message/disposition-notification": "txt",
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp",
    "image/bmp": "bmp", "image/tiff": "tif", "image/svg+xml": "svg", "application/pdf": "pdf", "application/zip": "zip",
    "application/msword": "doc", "application/vnd.ms-excel": "xls", "application/json": "json", "text/xml": "xml",
    "application/xml": "xml", "application/pgp-signature": "asc", "application/pgp-encrypted": "asc",
    "application/pkcs7-signature": "p7s", "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m", "application/ms-tnef": "dat", "audio/mpeg": "mp3", "audio/wav": "wav",
    "video/mp4": "mp4", "application/gzip": "gz",
}  # fmt: skip
_MAGIC = (
    (b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"), (b"GIF89a", "image/gif"), (b"BM", "image/bmp"), (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"), (b"PK\x03\x04", "application/zip"), (b"Rar!", "application/vnd.rar"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"), (b"\x1f\x8b", "application/gzip"), (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-elf"), (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"), (b"{\\rtf", "application/rtf"),
    (b"ID3", "audio/mpeg"), (b"OggS", "audio/ogg"), (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"-----BEGIN PGP", "application/pgp-encrypted"), (b"BEGIN:VCARD", "text/vcard"), (b"BEGIN:VCALENDAR", "text/calendar"),
)  # fmt: skip


def safe(name: str, number: int, kind: str, taken: set[str]) -> str:
    """`name` without path, controls and direction marks, at most 200 bytes, not in `taken` (to which it is added)."""
    base = unicodedata.normalize("NFC", name[-1000:]).replace("\\", "/").rstrip("/").rpartition("/")[2]
    base = _UNSAFE.sub("", base).strip(" .") if base.strip(" .") else ""
    base = _short(base or f"part-{number}.{_EXTENSIONS.get(kind, 'bin')}")
    stem, extension = _divided(base)
    unique, count = base, 2
    while unique.casefold() in taken:
        unique, count = f"{_cut(stem, MAX_BYTES - 8 - len(extension.encode()))}-{count}{extension}", count + 1
    taken.add(unique.casefold())
    return unique


def sniff(data: bytes) -> str:
    """The type that the first bytes show; empty when they show none."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        return "image/heic" if data[8:11] == b"hei" else "video/mp4"
    return _text_kind(data[:1024])


def _text_kind(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<script", b"<body")):
        return "text/html"
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in start):
        return "image/svg+xml"
    return "text/plain" if head and b"\x00" not in head and head.isascii() else ""


def _short(base: str) -> str:
    stem, extension = _divided(base)
    return base if len(base.encode()) <= MAX_BYTES else _cut(stem, MAX_BYTES - len(extension.encode())) + extension


def _divided(base: str) -> tuple[str, str]:
    found = _EXTENSION.search(base)
    return (base[: found.start()], found[0]) if found and found.start() else (base, "")


def _cut(text: str, size: int) -> str:
    return text.encode()[:size].decode("utf-8", "ignore").rstrip(" .")

"""How words become bytes on the wire: header folding, RFC 2047 words, RFC 2231 parameters, MIME parts. Pure.

Everything that came from outside goes through `clean` before it stands in a header, so no value can end its line.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from channels.base import Address, OutgoingAttachment

LINE = 76
# Control characters, NEL and the Unicode line ends: some library down the road breaks lines at each of them.
_BREAKERS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_UNPRINTABLE = re.compile("[\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_WORD_BYTES = 45


def clean(text: str) -> str:
    """`text` on one line: line ends and controls become one space, lone surrogates and direction marks go."""
    return _BREAKERS.sub(" ", _UNPRINTABLE.sub("", text)).strip(" ")


def header(name: str, value: str) -> bytes:
    """One header with its line end, folded at spaces. `value` is unstructured text of any script."""
    return folded(name, _pieces(clean(value)))


def folded(name: str, pieces: Iterable[str]) -> bytes:
    """One header of `pieces` that are wire text already; a piece is never broken."""
    lines, line = [], f"{name}:"
    for piece in pieces:
        if len(line) + 1 + len(piece) > LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {piece}"
    return ("\r\n".join([*lines, line]) + "\r\n").encode("utf-8", "replace")


def ascii_domain(domain: str) -> str:
    """The A-label form (`xn--…`); ValueError when `domain` has none."""
    if domain.isascii():
        return domain.lower()
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ValueError(f"{domain!r} cannot be written as a domain name") from error


def ascii_address(address: str) -> str:
    """The address with its domain in A-label form; the local part as written."""
    local, at, domain = clean(address).rpartition("@")
    return f"{local}{at}{ascii_domain(domain)}"


def mailbox(address: Address) -> str:
    """`Name <a@b>` as wire text; a name in other scripts becomes RFC 2047 words."""
    name, spec = clean(address.name), f"<{ascii_address(address.address)}>"
    if not name:
        return spec
    if not name.isascii() or "=?" in name:
        return " ".join([*_encoded_words(name), spec])
    if _ATOMS.fullmatch(name):
        return f"{name} {spec}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" {spec}'


def address_header(name: str, addresses: Sequence[Address]) -> bytes:
    """To, Cc, From or Reply-To, folded between addresses and between the words of a long name."""
    written = [mailbox(a) for a in addresses]
    commas = [f"{one}," for one in written[:-1]] + written[-1:]
    return folded(name, (piece for one in commas for piece in one.split(" ")))


def parameter(name: str, value: str) -> str:
    """A MIME parameter for a structured header, in RFC 2231 form where `value` is not plain ASCII; folded when long."""
    if value.isascii() and len(value) <= 60:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f';\r\n {name}="{escaped}"'
    coded = quote(value, safe="", encoding="utf-8", errors="replace")
    if len(coded) <= 60:
        return f";\r\n {name}*=UTF-8''{coded}"
    chunks = re.findall(r"(?:%..|[^%]){1,20}", coded)
    chunks[0] = f"UTF-8''{chunks[0]}"
    return "".join(f";\r\n {name}*{i}*={chunk}" for i, chunk in enumerate(chunks))


def text_part(subtype: str, text: str) -> bytes:
    """A text part in UTF-8: quoted-printable while mostly ASCII, else base64."""
    data = text.encode("utf-8", "replace")
    readable = sum(byte < 128 for byte in data) * 6 >= len(data) * 5
    coding = "quoted-printable" if readable else "base64"
    body = _quoted_printable(data) if readable else _base64(data)
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
    return head.encode() + body


def attachment_part(attachment: OutgoingAttachment) -> bytes:
    """A file. A message inside a message may not be base64 (RFC 2046 §5.2.1), so it travels as plain bytes."""
    kind = attachment.content_type.strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(("message/", "multipart/")):
        kind = "application/octet-stream"
    name = clean(attachment.filename) or "attachment"
    # Two spellings of one name: RFC 2231 for those who read the standard, words in quotes for old Outlook and webmail.
    old = name if name.isascii() else "\r\n ".join(_encoded_words(name))
    old = old.replace("\\", "\\\\").replace('"', '\\"')
    head = f'Content-Type: {kind};\r\n name="{old}"\r\nContent-Transfer-Encoding: base64\r\n'
    head += f"Content-Disposition: attachment{parameter('filename', name)}\r\n\r\n"
    return head.encode() + _base64(attachment.data)


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """A multipart entity. `boundary` holds `=_`, which neither base64 nor quoted-printable can produce."""
    line = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"\r\n\r\n'.encode()
    # The line end in front of a boundary belongs to the boundary: a part that ends its last line needs no other.
    ends = ((part, b"" if part.endswith(b"\r\n") else b"\r\n") for part in parts)
    return head + b"".join(line + b"\r\n" + part + end for part, end in ends) + line + b"--\r\n"


def _pieces(text: str) -> list[str]:
    """Words of a header: ASCII ones as they are, runs of others encoded together, so that the spaces survive."""
    pieces: list[str] = []
    run: list[str] = []
    for word in text.split(" "):
        if word.isascii() and "=?" not in word and len(word) < 900:
            pieces += [*_encoded_words(" ".join(run)), word]
            run = []
        else:
            run.append(word)
    return pieces + _encoded_words(" ".join(run))


def _encoded_words(text: str) -> list[str]:
    """RFC 2047 words of at most 75 characters, none of which cuts a character in two."""
    chunks: list[bytes] = []
    for char in text:
        data = char.encode("utf-8", "replace")
        if chunks and len(chunks[-1]) + len(data) <= _WORD_BYTES:
            chunks[-1] += data
        else:
            chunks.append(data)
    return [f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in chunks]


def _quoted_printable(data: bytes) -> bytes:
    return binascii.b2a_qp(data, istext=True).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")

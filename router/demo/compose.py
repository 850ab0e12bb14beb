"""A sample mail as the bytes that its writer's mail program would send. Pure: the same letter is the same mail."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import format_datetime, formataddr
from zlib import crc32

from router.demo import machines, pictures, quoting
from router.demo.letters import Enclosed, Letter

MAILERS = {
    "qq": "QQMail 2.x",
    "163": "Coremail Webmail Server Version XT5.0.14",
    "foxmail": "Foxmail 7.2.25.367[cn]",
    "mailmaster": "MailMasterAndroid/7.17",
    "outlook": "Microsoft Outlook 16.0",
    "outlook-zh": "Microsoft Outlook 16.0",
    "outlook-tw": "Microsoft Outlook 16.0",
    "apple": "iPhone Mail (22B83)",
    "apple-zh": "iPhone Mail (22B83)",
}
ANSWER_WORDS = {
    "qq": "回复：",
    "163": "Re:",
    "foxmail": "回复: ",
    "mailmaster": "回复：",
    "outlook-zh": "答复: ",
    "outlook-tw": "回覆: ",
}
# Characters to a word, so that each fits a line of 76 (RFC 2047 section 2) whatever they are.
WORD_LENGTH = 11
TYPES = {"screenshot": ("image", "png"), "document": ("application", "pdf"), "table": ("text", "csv")}


@dataclass(frozen=True, slots=True)
class Answered:
    """The mail that a letter answers: one of the desk's own, or the writer's earlier one. `reply_to` is where the answer
    goes, `chain` the ids that it names, oldest first."""

    message_id: str
    name: str
    address: str
    to: str
    subject: str
    text: str
    at: datetime
    reply_to: str = ""
    chain: tuple[str, ...] = ()


def message_id(letter: Letter) -> str:
    """The id of a letter, without its brackets; the same on every desk."""
    return f"sample.{letter.id}@{letter.address.rpartition('@')[2]}"


def subject_of(letter: Letter, answered: Answered | None) -> str:
    word = ANSWER_WORDS.get(letter.client, "Re: ")
    return letter.subject.replace("{re}", word).replace("{subject}", answered.subject if answered else "").strip()


def recipient(letter: Letter, desk: str, answered: Answered | None) -> str:
    """Where the letter goes: the address that the answered mail asks for, unless the mail program forgot which it was."""
    return (answered.reply_to if answered and not letter.drops_headers else "") or desk


def compose(letter: Letter, at: datetime, desk: str, answered: Answered | None = None) -> bytes:
    """`letter` as it arrives at `desk`, the address that it is written to, with CRLF line ends."""
    if letter.kind == "poison":
        return machines.poison(letter.shape, desk)
    written = _written(letter, at, answered)
    message = machines.report(letter, answered, _text(written.text)) if letter.recipient else _body(letter, written)
    _address(message, letter, at, desk, answered)
    lines = message.as_bytes(unixfrom=False).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return _received(letter, at) + lines


def _written(letter: Letter, at: datetime, answered: Answered | None) -> quoting.Written:
    if not answered or not letter.client:
        return quoting.Written(letter.text, letter.html)
    there = answered.at.astimezone(at.astimezone(letter.zone).tzinfo)
    quoted = quoting.Quoted(answered.name, answered.address, answered.to, answered.subject, answered.text, there)
    return quoting.write(letter.client, letter.text, quoted)


def _body(letter: Letter, written: quoting.Written) -> Message:
    body = _text(written.text, "plain", letter.charset)
    if written.html:
        inline = [_enclosed(one) for one in letter.attach if one.cid]
        html = _text(written.html, "html", letter.charset)
        html = _multipart("related", letter, [html, *inline]) if inline else html
        body = _multipart("alternative", letter, [body, html])
    files = [_enclosed(one) for one in letter.attach if not one.cid]
    return _multipart("mixed", letter, [body, *files]) if files else body


def _text(text: str, kind: str = "plain", charset: str = "utf-8") -> Message:
    part = Message()
    part.add_header("Content-Type", f"text/{kind}", charset=charset)
    _fill(part, (text + "\n").replace("\n", "\r\n").encode(charset))
    return part


def _enclosed(one: Enclosed) -> Message:
    main, sub = TYPES[one.kind]
    part = Message()
    part.add_header("Content-Type", f"{main}/{sub}", name=_word(one.name))
    part.add_header("Content-Disposition", "inline" if one.cid else "attachment", filename=_word(one.name))
    if one.cid:
        part["Content-ID"] = f"<{one.cid}>"
    _fill(part, _data(one))
    return part


def _data(one: Enclosed) -> bytes:
    if one.kind == "screenshot":
        return pictures.screenshot(one.name)
    if one.kind == "document":
        return pictures.document(one.text.split("|"))
    return ("\ufeff" + one.text.strip().replace("\n", "\r\n") + "\r\n").encode()


def _fill(part: Message, data: bytes) -> None:
    part["Content-Transfer-Encoding"] = "base64"
    part.set_payload(base64.encodebytes(data).decode("ascii"))


def _multipart(kind: str, letter: Letter, parts: list[Message]) -> Message:
    whole = Message()
    whole.add_header("Content-Type", f"multipart/{kind}", boundary=f"----=_{kind}_{crc32(letter.id.encode()):08x}")
    for part in parts:
        whole.attach(part)
    return whole


def _address(message: Message, letter: Letter, at: datetime, desk: str, answered: Answered | None) -> None:
    there = at.astimezone(letter.zone)
    message["From"] = formataddr((_word(letter.sender, letter.charset), letter.address))
    message["To"] = recipient(letter, desk, answered)
    message["Subject"] = _word(subject_of(letter, answered), letter.charset)
    message["Date"] = format_datetime(there)
    message["Message-ID"] = f"<{message_id(letter)}>"
    message["MIME-Version"] = "1.0"
    if letter.client in MAILERS:
        message["X-Mailer"] = MAILERS[letter.client]
    if answered and not letter.drops_headers and not letter.recipient:
        message["In-Reply-To"] = f"<{answered.message_id}>"
        message["References"] = " ".join(f"<{one}>" for one in (*answered.chain, answered.message_id))
    for name, value in {**machines.HEADERS.get(letter.shape, {}), **letter.headers}.items():
        message[name] = value


def _word(text: str, charset: str = "utf-8") -> str:
    """`text` as a header takes it: RFC 2047 words in the writer's own charset where it is not plain ASCII."""
    if text.isascii():
        return text
    pieces = (text[start : start + WORD_LENGTH].encode(charset) for start in range(0, len(text), WORD_LENGTH))
    return " ".join(f"=?{charset}?B?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces)


def _received(letter: Letter, at: datetime) -> bytes:
    domain, queue = letter.address.rpartition("@")[2], f"{crc32(message_id(letter).encode()):08X}"
    return (
        f"Received: from mx.{domain} (mx.{domain} [192.0.2.{len(letter.id) + 10}])\r\n"
        f"\tby mail.desk.example.com with ESMTPS id {queue};\r\n\t{format_datetime(at)}\r\n"
    ).encode("ascii")

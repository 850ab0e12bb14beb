"""A deterministic corpus of mail for the benchmarks: the same seed gives the same bytes on every machine.

About 5 KB each, three in ten a reply to an earlier mail of the same sender, half Chinese (a tenth of those GB18030), two
fifths with HTML, one in seven with an attachment, 800 senders of 120 domains.
"""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.utils import format_datetime

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
# Mail arrives this far apart, so that the caps on automatic answers behave as they would on a busy desk.
STEP = timedelta(seconds=10)
SENDERS = 800
DOMAINS = 120

_EN = (
    "the payment left my card yesterday evening but it never arrived in the wallet and the shop says nothing came in "
    "please check order number and tell me when the refund will be paid out I tried again after restarting the app and "
    "the balance is still wrong could somebody look into the records for me thank you and kind regards from a customer"
).split()
_ZH = (
    "您好 我昨天晚上 付款成功了 但是余额 一直没有更新 商家说 没有收到 请帮我 查一下 订单号 另外 退款 什么时候 可以到账 "
    "我已经 重新登录 试过几次 还是 不行 提示 系统繁忙 麻烦 尽快 处理 谢谢 充值 失败 银行卡 已经 扣款"
).split()


@dataclass(frozen=True)
class Mail:
    raw: bytes
    received_at: datetime
    reply: bool


def corpus(count: int, seed: int = 7, replies: float = 0.3, start: datetime = START) -> Iterator[Mail]:
    """`count` mails in the order of their arrival."""
    chance = random.Random(seed)
    openers: list[tuple[str, str]] = []
    for number in range(count):
        at = start + number * STEP
        reply = bool(openers) and chance.random() < replies
        sender, parent = chance.choice(openers) if reply else (_sender(chance), "")
        message_id = f"c{seed}.{number}.{chance.getrandbits(48):x}@{sender.partition('@')[2]}"
        if not reply:
            openers.append((sender, message_id))
            openers = openers[-2000:]
        yield Mail(_compose(chance, number, at, sender, message_id, parent), at, reply)


def _sender(chance: random.Random) -> str:
    number = chance.randrange(SENDERS)
    return f"customer{number}@mail{number % DOMAINS}.example.net"


def _compose(chance: random.Random, number: int, at: datetime, sender: str, message_id: str, parent: str) -> bytes:
    chinese = chance.random() < 0.5
    charset = "gb18030" if chinese and chance.random() < 0.1 else "utf-8"
    body = _words(chance, _ZH if chinese else _EN, 220 if chinese else 300, "" if chinese else " ")
    subject = _words(chance, _ZH if chinese else _EN, 5, "" if chinese else " ") + f" {number}"
    headers = [
        "Received: from relay.example.net by mx.desk.example.org; " + format_datetime(at),
        "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=one; b=" + _noise(chance, 300),
        f"From: {Header('客户' if chinese else 'A Customer', charset).encode()} <{sender}>",
        "To: Support <support@localhost>",
        f"Subject: {Header(('Re: ' if parent else '') + subject, charset, maxlinelen=70).encode()}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <{message_id}>",
        "MIME-Version: 1.0",
    ]
    if parent:
        headers += [f"In-Reply-To: <{parent}>", f"References: <{parent}>"]
        body += "\r\n\r\nOn Monday, Support <support@localhost> wrote:\r\n> " + subject + "\r\n"
    parts = [_text("plain", body, charset)]
    if chance.random() < 0.4:
        html = f"<html><body><p>{body}</p><p><b>{subject}</b></p></body></html>"
        parts = [_multipart("alternative", f"alt{number}", [*parts, _text("html", html, charset)])]
    if chance.random() < 0.15:
        parts = [_multipart("mixed", f"mix{number}", [*parts, _attachment(chance, number)])]
    return ("\r\n".join(headers) + "\r\n").encode("ascii") + parts[0]


def _text(kind: str, text: str, charset: str) -> bytes:
    data = text.encode(charset)
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: "
    if charset == "utf-8" and text.isascii():
        return f"{head}quoted-printable\r\n\r\n".encode() + quopri.encodestring(data) + b"\r\n"
    return f"{head}base64\r\n\r\n".encode() + base64.encodebytes(data)


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    return (
        head
        + b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
        + f"--{boundary}--\r\n".encode()
    )


def _attachment(chance: random.Random, number: int) -> bytes:
    data = b"\x89PNG\r\n\x1a\n" + chance.randbytes(3000)
    head = (
        f'Content-Type: image/png; name="shot{number}.png"\r\nContent-Disposition: attachment; '
        f'filename="shot{number}.png"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode() + base64.encodebytes(data)


def _words(chance: random.Random, words: list[str], count: int, between: str) -> str:
    return between.join(chance.choice(words) for _ in range(count))


def _noise(chance: random.Random, count: int) -> str:
    return base64.b64encode(chance.randbytes(count)).decode()

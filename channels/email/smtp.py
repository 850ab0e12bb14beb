"""Handing a mail to a server by SMTP, and saying exactly what became of it.

The one thing that matters here is the final dot. Before it is sent, whatever breaks, the server must throw the mail
away (RFC 5321 §4.1.1.4): `Retry`. After it, only the server's answer tells: without one it is `Unknown` (RFC 1047).
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass

from channels import base
from channels.email import smtp_lines
from channels.email.settings import Smtp

_FAULTS = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Letter:
    """`senders` are the MAIL FROM values to offer, best first; `raw` has CRLF line ends."""

    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    words: str

    @property
    def good(self) -> bool:
        return 200 <= self.code < 300

    @property
    def final(self) -> bool:
        return 500 <= self.code < 600

    @property
    def status(self) -> str:
        """The enhanced status (RFC 3463), such as 5.1.1, or only its class."""
        first = self.words.split(" ", 1)[0]
        return first if first.count(".") == 2 and first.replace(".", "").isdigit() else f"{self.code // 100}.0.0"

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


class BrokenOffError(Exception):
    """The conversation cannot go on; `outcome` is what that means for the mail."""

    def __init__(self, outcome: base.Outcome) -> None:
        super().__init__(getattr(outcome, "reason", ""))
        self.outcome = outcome


def send(server: Smtp, letter: Letter) -> base.Outcome:
    """Hand `letter` to `server` over a kept or a fresh line. Never raises for what the server or the network does."""
    try:
        with smtp_lines.line_to(server) as line:
            return _converse(line, letter, server)
    except BrokenOffError as broken:
        return broken.outcome
    except smtp_lines.NoLineError as error:
        return base.Retry(str(error), error.after)


def check(account: str, server: Smtp) -> base.CheckLine:
    """Can we connect, encrypt and log in? Nothing is sent."""
    part = f"{account}: SMTP {server.host}:{server.port}"
    try:
        smtp_lines.hang_up(smtp_lines.dial(server))
    except smtp_lines.NoLineError as error:
        return base.CheckLine(part, False, str(error), error.mend)
    return base.CheckLine(part, True, f"logged in as {server.user}" if server.user else "connected")


def _converse(line: smtplib.SMTP, letter: Letter, server: Smtp) -> base.Outcome:
    """One mail: envelope, content, verdict. The line is usable afterwards unless BrokenOffError left it."""
    options = _options(line, letter)
    if options is None:
        return base.Refused("The server takes no addresses in other scripts (it offers no SMTPUTF8)")
    reply = _offer_sender(line, letter.senders, options)
    if not reply.good:
        return _after_reset(line, _verdict(reply))
    answers = {to: _ask(line, f"RCPT TO:<{to}>") for to in letter.recipients}
    if (stop := _envelope_verdict(answers)) is not None:
        return _after_reset(line, stop)
    reply = _ask(line, "DATA")
    if reply.code != 354:
        return _after_reset(line, _verdict(reply))
    return _content(line, letter.raw, server, answers)


def _options(line: smtplib.SMTP, letter: Letter) -> str | None:
    """The MAIL FROM parameters, or None when the addresses cannot pass this server."""
    size = f" SIZE={len(letter.raw)}" if line.has_extn("size") else ""
    if all(a.isascii() for a in (*letter.senders, *letter.recipients)):
        return size
    if not line.has_extn("smtputf8"):
        return None
    line.command_encoding = "utf-8"
    return f"{size} SMTPUTF8 BODY=8BITMIME"


def _offer_sender(line: smtplib.SMTP, senders: tuple[str, ...], options: str) -> Reply:
    reply = Reply(503, "no sender")
    for sender in senders:
        reply = _ask(line, f"MAIL FROM:<{sender}>{options}")
        # Some relays refuse the empty sender for good; only then the next one is tried.
        if not reply.final:
            break
    return reply


def _envelope_verdict(answers: dict[str, Reply]) -> base.Outcome | None:
    """None: somebody will get it, go on. A recipient who is to be tried later holds the mail for all: nobody has it
    yet, so nobody gets it twice."""
    later = [r for r in answers.values() if not r.good and not r.final]
    if later:
        return base.Retry(f"The server says: {later[0]}")
    if any(r.good for r in answers.values()):
        return None
    replies = list(answers.values())
    bad = all(r.status.startswith("5.1.") and r.status not in ("5.1.7", "5.1.8") for r in replies)
    return base.Refused("; ".join(f"{to}: {r}" for to, r in answers.items()), address_is_bad=bad)


def _verdict(reply: Reply) -> base.Outcome:
    words = f"The server says: {reply}"
    return base.Refused(words) if reply.final else base.Retry(words)


def _content(line: smtplib.SMTP, raw: bytes, server: Smtp, answers: dict[str, Reply]) -> base.Outcome:
    body = raw.replace(b"\r\n.", b"\r\n..")
    body = b"." + body if body.startswith(b".") else body
    try:
        line.send(body if body.endswith(b"\r\n") else body + b"\r\n")
    except _FAULTS as error:
        raise BrokenOffError(base.Retry(f"The line broke while the mail was sent: {_words(error)}")) from error
    reply = _final_dot(line, server)
    if reply.good:
        return base.Sent(reply.words[:255], _reports(answers))
    if 400 <= reply.code < 600:
        return _verdict(reply)
    raise BrokenOffError(base.Unknown(f"The server's answer to the mail makes no sense: {reply}"))


def _final_dot(line: smtplib.SMTP, server: Smtp) -> Reply:
    """From the first byte here on, silence means that nobody knows. Servers may take their time (RFC 5321 §4.5.3.2)."""
    try:
        line.send(b".\r\n")
        if line.sock:
            line.sock.settimeout(server.timeout * 4)
        reply = _read(line)
        if line.sock:
            line.sock.settimeout(server.timeout)
    except (*_FAULTS, ValueError) as error:
        # SMTPResponseException 500 "Line too long" is smtplib's own word, not the server's: no verdict either.
        raise BrokenOffError(base.Unknown(f"The line broke after the whole mail was sent: {_words(error)}")) from error
    return reply


def _reports(answers: dict[str, Reply]) -> tuple[base.RecipientReport, ...]:
    return tuple(base.RecipientReport(to, "failed", r.status, str(r)) for to, r in answers.items() if not r.good)


def _after_reset(line: smtplib.SMTP, outcome: base.Outcome) -> base.Outcome:
    """The envelope is given up; a server that hangs up now changes nothing for the mail."""
    with contextlib.suppress(BrokenOffError):
        _ask(line, "RSET")
    return outcome


def _ask(line: smtplib.SMTP, command: str) -> Reply:
    """One command before the final dot. A broken line or a farewell means: not taken, try again."""
    try:
        line.putcmd(command)
        reply = _read(line)
    except (*_FAULTS, ValueError) as error:
        raise BrokenOffError(base.Retry(f"The line broke at {command.split(':')[0]}: {_words(error)}")) from error
    if reply.code == 421 or not 200 <= reply.code < 600:
        raise BrokenOffError(base.Retry(f"The server says: {reply}"))
    return reply


def _read(line: smtplib.SMTP) -> Reply:
    code, words = line.getreply()
    return Reply(code, " ".join(words.decode("utf-8", "replace").split()))


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    return str(error) or type(error).__name__

"""One mail, from bytes to `Parsed`: the straight line. Every step lives in a file of its own.

Pure and bounded: the same bytes give the same answer, in time linear in their number. Rules: docs/channels.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels import base
from channels.base import AccountConfig, Desk, ParseError
from channels.email import addresses, body, bounce, charset, claims, dates, files, machine, mime, quoting, subjects, who
from channels.email.mime import Budget, Part
from channels.email.render import Rendered, render


def parse(raw: bytes, envelope: Mapping[str, Any], account: AccountConfig, desk: Desk) -> base.Parsed:
    """What this mail says. Raises ParseError, and nothing else, when there is nothing in it to read."""
    if not raw.strip(b"\r\n\t \x00"):
        raise ParseError("The mail is empty: no header and no text arrived. Ask the sender to send it again.")
    try:
        return understand(raw, envelope, account, desk)
    except Exception as error:
        # The worker must live on whatever a stranger sends; the mail waits in quarantine with its raw bytes.
        raise ParseError(f"The mail could not be read ({type(error).__name__}). Its raw bytes are kept.") from error


def understand(raw: bytes, envelope: Mapping[str, Any], account: AccountConfig, desk: Desk) -> base.Parsed:
    """`parse` without its safety net, so that tests see what breaks."""
    root = mime.read(raw, budget := Budget())
    headers = root.headers
    letter = body.read(root)
    subject = headers.value("subject")[:2000]
    author = who.read(headers, envelope, account.addresses() | desk.own_addresses, _authserv_id(account))
    references = claims.references(headers)
    tokens = claims.tokens(headers, references, envelope, (letter.html, letter.text))
    forward = subjects.passed_on(subject, letter.text, headers)
    reply = not forward and bool(tokens or references or subjects.is_reply(subject))
    attached = files.collect(letter.files)
    shown = render(letter.html, attached, fold=not forward)
    text = _text(letter, shown)
    return base.Parsed(
        sender=author.sender,
        subject=subject,
        text=text,
        new_text=_new_text(letter, shown, text, reply=reply, forward=forward),
        dedupe_key=claims.dedupe_key(headers, author.header_from, _content(letter, attached)),
        html=shown.html,
        reply_to=author.reply_to,
        to=addresses.listed(headers.all_raw("to")),
        cc=addresses.listed(headers.all_raw("cc")),
        sent_at=dates.parse(headers.plain("date")),
        external_ref=claims.message_id(headers),
        references=references,
        tokens=tokens,
        subject_refs=subjects.refs(subject),
        is_reply=reply,
        is_forward=forward,
        machine=machine.reasons(root, subject, author, envelope, account, desk),
        report=bounce.report(root, subject, text, author, envelope, account.addresses() | desk.own_addresses),
        attachments=attached.finished(),
        verified=author.verified,
        remote_content=shown.remote,
        charset_guessed=letter.guessed,
        notices=_notices(root, letter, author, shown, text, budget, envelope),
    )


def _authserv_id(account: AccountConfig) -> str:
    return str(getattr(account.settings, "authserv_id", "") or "")


def _text(letter: body.Body, shown: Rendered) -> str:
    """The whole text, the rendering of the HTML only where the plain form is of no use."""
    plain = letter.text.strip("\n")
    if not letter.html.strip() or not body.says_nothing(plain):
        return plain
    rendered = shown.text()
    return rendered if len(rendered) > len(plain.strip()) else plain


def _new_text(letter: body.Body, shown: Rendered, text: str, *, reply: bool, forward: bool) -> str:
    """What the sender adds: by the structure of the HTML where that is all there is or where the text shows no quote."""
    if forward:
        return text.strip()
    from_html = bool(letter.html.strip()) and text != letter.text.strip("\n")
    reading = quoting.read(text)
    if shown.quoted and (from_html or (reply and not reading.cut)):
        return quoting.new_text(shown.own(), answer=True) or quoting.new_text(reading, answer=reply)
    return quoting.new_text(reading, answer=reply)


def _content(letter: body.Body, attached: files.Files) -> list[bytes]:
    texts = [letter.text.strip().encode("utf-8", "replace"), letter.html.strip().encode("utf-8", "replace")]
    return texts + [item.data for item in attached.items]


def _notices(
    root: Part,
    letter: body.Body,
    author: who.Who,
    shown: Rendered,
    text: str,
    budget: Budget,
    envelope: Mapping[str, Any],
) -> tuple[str, ...]:
    """What an agent should know about this mail, as codes that the pages put into words."""
    found = set(budget.notices)
    if shown.refused:
        found.add("html-too-large")
    if charset.looks_garbled(text[:20_000]):
        found.add("text-garbled")
    if author.on_behalf:
        found.add("on-behalf")
    if not author.sender.address:
        found.add("no-sender-address")
    if envelope.get("truncated_size"):
        found.add("mail-cut")
    kinds = {part.kind for part in letter.files} | {root.kind}
    if kinds & {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        found.add("encrypted")
    return tuple(sorted(found))

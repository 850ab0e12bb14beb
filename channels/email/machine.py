"""Does a machine sit behind this mail? Each reason is named with its evidence; one is enough to send no acknowledgement.

The codes are those of docs/channels.md: A1 Auto-Submitted ... A10 spam."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from channels.base import AccountConfig, Desk
from channels.email import addresses
from channels.email.claims import OUR_ID
from channels.email.headers import Headers
from channels.email.mime import Part
from channels.email.who import Who, without_plus

_ROBOT = re.compile(
    r"mailer-?daemon|postmaster|(?:no|do-?not|dont)[-_.]?reply.*|.*[-_.+](?:no|do-?not)[-_.]?reply"
    r"|bounces?(?:[-+=_.].*)?"
    r"|.*[-+_.]bounces?|notifications?|auto-?(?:reply|responder|responder|mailer)|listserv|majordomo"
    r"|mailman|owner-.*|.*-owner|.*-request",
    re.IGNORECASE,
)
_LIST = frozenset(("list-id", "list-unsubscribe", "list-post", "list-help", "mailing-list", "x-mailing-list"))
_AUTOREPLY = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-autoreply-from", "x-mail-autoreply",
    "x-fc-machinegenerated", "x-auto-generated", "x-cron-env", "x-auto-response-id",
)  # fmt: skip
_SUPPRESS = re.compile(r"\b(?:all|autoreply|oof|dr)\b", re.IGNORECASE)
_PRECEDENCE = re.compile(r"\s*(?:bulk|junk|list|auto[-_]?reply)\b", re.IGNORECASE)
_OUT_OF_OFFICE = re.compile(
    r"\s*(?:(?:re|aw|sv)\s*:\s*)?\[?(?:auto(?:matic|mated|matisch)?[ -]?(?:re(?:ply|sponse|sponder)"
    r"|generated)|auto:|out of (?:the )?office|ooo\b"
    r"|i am (?:currently )?(?:out of (?:the )?office|on (?:vacation|leave))|vacation (?:reply|response"
    r"|notice)|away from (?:the|my) (?:office|mail)"
    r"|abwesenheits(?:notiz|assistent|nachricht)|abwesend|automatische (?:antwort|abwesenheits)"
    r"|réponse automatique|absence du bureau|absent\b"
    r"|respuesta automática|fuera de (?:la )?oficina|risposta automatica|fuori (?:sede|ufficio)"
    r"|resposta automática|fora do escritório|ausência temporária"
    r"|autosvar|automatiskt svar|automatisk svar|frånvarande|automatisch antwoord|afwezig"
    r"|automatyczna odpowiedź|poza biurem|odpowiedź automatyczna"
    r"|automatická odpověď|automatická odpoveď|automaattinen vastaus|poissa|автоответ"
    r"|автоматический ответ|автоматична відповідь"
    r"|αυτόματη απάντηση"
    r"|otomatik yanıt|ofis dışında|自动回复|自動回覆|自動回復|自动答复|自動答覆|外出|不在通知"
    r"|不在のお知らせ|自動返信|자동 ?회신|자동 ?응답|부재중"
    r"|balasan otomatis|jawaban otomatis|di luar kantor)",
    re.IGNORECASE,
)
_REPORT_KINDS = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/global-delivery-status",
    }
)
_RECIPIENT_FIELDS = ("to", "cc", "bcc", "resent-to", "resent-cc", "apparently-to")
_DELIVERY_FIELDS = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-gm-original-to",
)


def reasons(
    root: Part, subject: str, who: Who, envelope: Mapping[str, Any], account: AccountConfig, desk: Desk
) -> tuple[str, ...]:
    """Every reason not to answer by itself, in the order of the rules."""
    own = account.addresses() | desk.own_addresses
    headers = root.headers
    found = [
        *_auto_submitted(headers),
        *_robot_sender(headers, who, envelope),
        *_bulk(headers),
        *_autoreply_fields(headers),
        *_asks_for_silence(headers),
        *_report(root, subject),
        *_out_of_office(subject),
        *_ours(headers, who, own),
        *_not_for_us(headers, envelope, own),
        *_spam(headers),
    ]
    return tuple(reason[:200] for reason in dict.fromkeys(found))[:40]


def _auto_submitted(headers: Headers) -> Iterator[str]:
    for raw in headers.all_raw("auto-submitted"):
        value = raw.decode("latin-1").partition(";")[0].partition("(")[0].strip().lower()
        if value and value != "no":
            yield f"A1 Auto-Submitted: {value}"


def _robot_sender(headers: Headers, who: Who, envelope: Mapping[str, Any]) -> Iterator[str]:
    path = headers.plain("return-path").strip() if headers.has("return-path") else None
    mail_from = envelope.get("mail_from")
    if (path is not None and path.replace(" ", "") in {"<>", ""}) or (
        isinstance(mail_from, str) and mail_from.strip("<> ") == ""
    ):
        yield "A2 Return-Path: <>"
    bounces_to = next((box.address for box in addresses.mailboxes(headers.raw("return-path"), 1)), "") or str(
        mail_from or ""
    )
    for address in dict.fromkeys((who.header_from, who.sender.address)):
        if _ROBOT.fullmatch(addresses.local_of(address)[:200]):
            yield f"A2 From: {address}"
    if _ROBOT.fullmatch(addresses.local_of(bounces_to.strip("<>"))[:200]):
        yield f"A2 Return-Path: {bounces_to}"


def _bulk(headers: Headers) -> Iterator[str]:
    for name in ("precedence", "x-precedence"):
        if headers.has(name) and _PRECEDENCE.match(value := headers.plain(name)):
            yield f"A3 {name.title()}: {value}"
    for name, _ in headers.fields:
        if name in _LIST or (name[:3] == "x-c" and name.startswith("x-campaign")):
            yield f"A3 {name.title()}"


def _autoreply_fields(headers: Headers) -> Iterator[str]:
    for name in _AUTOREPLY if headers.has(*_AUTOREPLY) else ():
        if headers.has(name) and headers.plain(name).lower() not in {"no", "false", "0"}:
            yield f"A4 {name.title()}"
    if "autoresponder" in headers.plain("x-post-messageclass").lower():
        yield "A4 X-POST-MessageClass: Autoresponder"
    if any(raw.strip().lower() == b"autoresponder" for raw in headers.all_raw("delivered-to")):
        yield "A4 Delivered-To: Autoresponder"


def _asks_for_silence(headers: Headers) -> Iterator[str]:
    for raw in headers.all_raw("x-auto-response-suppress"):
        if _SUPPRESS.search(value := raw.decode("latin-1").strip()):
            yield f"A5 X-Auto-Response-Suppress: {value}"
    for name in ("x-ms-exchange-inbox-rules-loop", "x-ms-exchange-generated-message-source"):
        if headers.has(name):
            yield f"A5 {name.title()}"


def _report(root: Part, subject: str) -> Iterator[str]:
    if root.declared == "multipart/report":
        yield f"A6 multipart/report: {root.params.get('report-type', 'unknown')}"
    elif any(part.kind in _REPORT_KINDS for part in root.walk()):
        yield "A6 delivery report inside"
    low = subject[:300].lower()
    if root.headers.has("x-failed-recipients"):
        yield "A6 X-Failed-Recipients"
    if low.startswith("report domain:") and "submitter:" in low:
        yield "A6 aggregate report"


def _out_of_office(subject: str) -> Iterator[str]:
    if found := _OUT_OF_OFFICE.match(subject[:300]):
        yield f"A7 Subject: {found[0].strip()}"


def _ours(headers: Headers, who: Who, own: frozenset[str]) -> Iterator[str]:
    if without_plus(who.sender.address) in own:
        yield f"A8 our own address: {who.sender.address}"
    if OUR_ID.fullmatch(headers.plain("message-id").strip("<> ")):
        yield "A8 our own Message-ID"
    if headers.has("x-switchboard"):
        yield "A8 our own mark"
    loop = headers.plain("x-loop").casefold() if headers.has("x-loop") else ""
    if loop in {"yes", "true"} or loop.strip("<>") in own:
        yield f"A4 X-Loop: {loop}"


def _not_for_us(headers: Headers, envelope: Mapping[str, Any], own: frozenset[str]) -> Iterator[str]:
    """Nobody who writes to us leaves us out of the fields, unless it is a copy to a crowd."""
    delivered = [str(a) for a in envelope.get("rcpt_to") or ()]
    delivered += [raw.decode("latin-1").strip() for raw in headers.all_raw(*_DELIVERY_FIELDS)]
    if any(without_plus(a.strip("<> ")) in own for a in delivered):
        return
    named = addresses.listed(headers.all_raw(*_RECIPIENT_FIELDS))
    if not any(without_plus(a.address) in own for a in named):
        yield "A9 none of our addresses is a recipient"


def _spam(headers: Headers) -> Iterator[str]:
    if any(
        headers.plain(name).lower().startswith("yes") for name in ("x-spam-flag", "x-spam-status") if headers.has(name)
    ):
        yield "A10 spam flag"

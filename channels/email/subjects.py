"""What a subject says about the mail: an answer, something passed on, and which ticket it names."""

from __future__ import annotations

import re

from channels.email.headers import Headers

_REPLY_WORDS = (
    "re|aw|antw|antwort|sv|svar|ref|rif|r|res|resp|rép|réf|vs|odp|ynt|yan|απ|σχετ|ha|vá"
    "|ответ|отв|на|відп|відповідь|re:re"
    "|回复|回復|回覆|答复|答復|答覆|回信|返信|답장|회신|bls|balas|balasan"
)
_FORWARD_WORDS = (
    "fw|fwd|wg|tr|rv|enc|i|doorst|vb|vl|pd|přep|fs|ilt|i̇lt|πρθ|пересл|пер|переслано"
    "|转发|轉寄|轉發|转寄|転送|전달|trs|terusan|vs: fw"
)
_COUNT = r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|[*^]\d{1,3}|\d{0,2})\s*[:：]"
_LEAD = r"\s*(?:[\[【(][^\]】)]{0,60}[\]】)]\s*){0,4}"
_REPLY = re.compile(rf"{_LEAD}(?:{_REPLY_WORDS}){_COUNT}", re.IGNORECASE)
_FORWARD = re.compile(
    rf"{_LEAD}(?:{_FORWARD_WORDS}){_COUNT}|{_LEAD}\(?fwd\)?\b.*\(fwd\)\s*$|.{{0,300}}\(fwd\)\s*$", re.IGNORECASE
)
# The alphabet of references: no vowels, nothing that looks like another letter.
_REF = re.compile(
    r"[\[［【〔(（]?\s*[#＃]\s*([2-9B-DF-HJ-KM-NP-TV-Z]{4})-?([2-9B-DF-HJ-KM-NP-TV-Z]{4})(?![0-9A-Z])\s*[\]］】〕)）]?",
    re.IGNORECASE,
)
_FORWARDED_BLOCK = re.compile(
    r"^[ \t>]{0,8}(?:[-_=]{3,60})?[ \t]{0,8}(?:forwarded message|begin forwarded message"
    r"|weitergeleitete nachricht|anfang der weitergeleiteten"
    r" (?:nachricht|e-mail)|message transféré|début du message (?:transféré|réexpédié)"
    r"|mensaje reenviado|inicio del mensaje reenviado"
    r"|messaggio inoltrato|inizio messaggio inoltrato|mensagem encaminhada"
    r"|início da mensagem reencaminhada|doorgestuurd bericht"
    r"|begin doorgestuurd bericht|przekazana wiadomość|wiadomość przekazana|přeposlaná zpráva"
    r"|vidarebefordrat (?:brev|meddelande)"
    r"|videresendt (?:besked|melding)|välitetty viesti|пересылаемое сообщение"
    r"|пересланное сообщение|переслане повідомлення"
    r"|iletilmiş mesaj|yönlendirilmiş ileti|転送されたメッセージ|전달된 메시지|pesan terusan|pesan yang diteruskan"
    r"|转发的(?:邮件|消息|信息)|转发邮件信息|转发邮件|轉寄的(?:郵件|訊息)|轉寄郵件|轉發的郵件"
    r"|被转发邮件的信息|开始转发邮件|已轉寄的郵件)"
    r"[ \t]{0,8}[:：]?[ \t]{0,8}(?:[-_=]{3,60})?[ \t]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)


def is_reply(subject: str) -> bool:
    return bool(_REPLY.match(subject[:400]))


def is_forward(subject: str) -> bool:
    return bool(_FORWARD.match(subject[:400]))


def refs(subject: str) -> tuple[str, ...]:
    """The ticket references that a subject names, as `QK7M-4XPB`, in order."""
    if "#" not in subject and "＃" not in subject:
        return ()
    return tuple(dict.fromkeys(f"{a}-{b}".upper() for a, b in _REF.findall(subject[:1000])))[:5]


def forwarded_block(text: str) -> int:
    """Where a forwarded message begins in `text`, or -1."""
    found = _FORWARDED_BLOCK.search(text[:200_000])
    return found.start() if found else -1


def passed_on(subject: str, text: str, headers: Headers) -> bool:
    """Is this mail something passed on, and so no answer? By its subject, or by a forwarded block where nothing else
    speaks for an answer."""
    if is_forward(subject):
        return True
    answers = is_reply(subject) or headers.has("in-reply-to")
    return not answers and forwarded_block(text) >= 0

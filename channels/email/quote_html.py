"""Where the quoted history begins in HTML, by the structure that each mail program leaves.

Works on the source, not on a tree: what is found is only where to fold, and each piece is sanitised by itself afterwards,
so a wrong guess costs a fold in a wrong place and nothing else. Linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from channels.email import quote_words as known

# Cheap to look for, and one of them is in every structure below: a mail without them costs a few searches of a word.
_HINTS = (
    "gmail_", "blockquote", "divrplyfwdmsg", "appendonsend", "solid #e1e1e1", "solid #b5c4df", "solid rgb(", "stopspelling",
    "yahoo_quoted", "moz-", "protonmail_quote", "zmail_extra", "olk_src", "mail-editor-reference", "isreplycontent",
    "includetail",
    "ntes-", "tutanota_quote", "=quote", '="quote', "outlookmessageheader", "_mailoriginal", "separator-line", "front-blockquote",
    "hey_quote", "airmail_ext", "originalsrc", "replysplit", "origbody",
)  # fmt: skip
_OPEN = re.compile(r"<(div|blockquote|hr|span|table|p|section|td|includetail|font|br)\b([^>]*)>", re.IGNORECASE)
_QUOTE = re.compile(
    r"class\s*=\s*[\"']?(?:[^\"'>]*[\s])?(?:x_)*(?:gmail_quote(?:_container)?|gmail_attr|yahoo_quoted"
    r"|moz-cite-prefix|protonmail_quote|zmail_extra"
    r"|ntes-mailmaster-quote|tutanota_quote|front-blockquote|hey_quote|airmail_ext|outlookmessageheader"
    r"|moz-email-headers-table|_mailoriginal)"
    r"|id\s*=\s*[\"']?(?:x_)*(?:divrplyfwdmsg|appendonsend|stopspelling|olk_src_body_section"
    r"|mail-editor-reference-message-container|isreplycontent"
    r"|ymail_android_signature_quote|[\w-]{0,40}yahoo_quoted|replysplit|reply-intro|origbody"
    r"|ms-outlook-mobile-body-separator-line|_originalcontent)"
    r"|(?<=\s)(?:type\s*=\s*[\"']?cite|name\s*=\s*[\"']?quote\b|originalsrc)"
    r"|style\s*=\s*(?:\"[^\">]*|'[^'>]*)border(?:-top)?:\s*(?:none;\s*border-top:\s*)?solid\s+(?:#E1E1E1"
    r"|#B5C4DF|rgb\(181, ?196, ?223\)|rgb\(225, ?225, ?225\))",
    re.IGNORECASE,
)
_CITE_CLASS = re.compile(
    r"class\s*=\s*[\"']?[^\"'>]*(?:gmail_quote|cite|quot)|type\s*=\s*[\"']?cite"
    r"|id\s*=\s*[\"']?isreplycontent|margin:\s*0px 0px 0px 0?\.8ex|border-left",
    re.IGNORECASE,
)
# These announce the quote; it follows behind them, up to the end of the mail.
_DIVIDER = re.compile(
    r"divrplyfwdmsg|appendonsend|stopspelling|border-top|border:|separator-line|olk_src_body"
    r"|moz-email-headers|replysplit|outlookmessageheader|_mailoriginal|gmail_attr|moz-cite-prefix",
    re.IGNORECASE,
)
_BOLD_FROM = re.compile(
    r"<(?:b|strong)\b[^>]{0,200}>\s*(?:<[^>]{0,200}>\s*){0,3}(?:from|von|de|da|van|od|från|fra|lähettäjä"
    r"|от|від|από|kimden|feladó|差出人|보낸 사람|dari|发件人|發件人|寄件者)"
    r"\s*(?:<[^>]{0,100}>\s*){0,3}[:：]",
    re.IGNORECASE,
)
_BOLD_NEXT = re.compile(
    r"(?:sent|date|gesendet|datum|envoyé|enviado|fecha|inviato|data|verzonden|wysłano|odesláno"
    r"|skickat|sendt|lähetetty|отправлено|дата|надіслано|gönderilme|tarih|日時"
    r"|送信日時|보낸 날짜"
    r"|dikirim|tanggal|发送时间|發送時間|日期|时间|寄件日期|傳送日期)\s*(?:<[^>]{0,100}>\s*){0,4}[:：]",
    re.IGNORECASE,
)
_BOLD = re.compile(r"<[bBsS](?:>|\s|[tT][rR])")
_MAX_BOLD = 20
_BLOCK = re.compile(r"<(?:div|p|blockquote|table|hr|section|center)\b", re.IGNORECASE)
_TEXT = re.compile(r"(?:^|>)\s*[^\s<]")
_BLANK_TEXT = re.compile(r"&nbsp;|&#160;|\xa0|\u200b")


@dataclass(frozen=True, slots=True)
class Quote:
    """source[start:end] is the history; what follows after `end` is the author's again."""

    start: int
    end: int


def find(source: str) -> Quote | None:
    """The first quote of a mail's HTML, or None."""
    low = source.lower()
    hinted = [at for hint in _HINTS if (at := low.find(hint)) >= 0]
    bold = "<b" in low or "<strong" in low
    found = (
        _structure(source, min(hinted)) if hinted else None,
        _separator(source) if "--" in low else None,
        _bold_header(source) if bold else None,
    )
    spans = [span for span in found if span]
    if not spans:
        return None
    best = min(spans, key=lambda span: span.start)
    return best if _has_text(source[best.start : best.end]) else None


def _structure(source: str, hint: int) -> Quote | None:
    """The first tag that a mail program marks a quote with; none stands before the first hint."""
    for tag in _OPEN.finditer(source, max(source.rfind("<", 0, hint + 1), 0)):
        name, attributes = tag[1].lower(), tag[2]
        if name == "blockquote" and _CITE_CLASS.search(attributes):
            return _container(source, tag)
        if name == "includetail" or (attributes and _QUOTE.search(attributes)):
            if name in {"hr", "br"} or _DIVIDER.search(attributes):
                return _divided(source, tag)
            return _container(source, tag)
    return None


def _divided(source: str, tag: re.Match[str]) -> Quote:
    """A divider: the quote is all that follows, but for an answer below a closed blockquote."""
    cite = "cite" in tag[2].lower() or "gmail_attr" in tag[2].lower()
    following = (
        re.compile("<blockquote\\b", re.IGNORECASE).search(source, tag.end(), tag.end() + 4000) if cite else None
    )
    return Quote(tag.start(), _end_of(source, following.end(), "blockquote") if following else len(source))


def _container(source: str, tag: re.Match[str]) -> Quote:
    return Quote(tag.start(), _end_of(source, tag.end(), tag[1].lower()))


def _end_of(source: str, position: int, name: str) -> int:
    """Behind the end tag that belongs to a start tag just before `position`; the end of the source if there is none."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b[^>]*>", re.IGNORECASE).finditer(source, position):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(source)


def _separator(source: str) -> Quote | None:
    """A separator line in words, such as `------ 原始邮件 ------`, with the block that holds it."""
    found = known.SEPARATOR_HTML.search(source)
    return Quote(_block_start(source, found.start()), len(source)) if found else None


def _bold_header(source: str) -> Quote | None:
    """Bold `From:` and, soon after it, `Sent:`: the header that Outlook and its kin write above a quote."""
    froms = (found for bold in _BOLD.finditer(source) if (found := _BOLD_FROM.match(source, bold.start())))
    for found in islice(froms, _MAX_BOLD):
        if _BOLD_NEXT.search(source, found.end(), found.end() + 1500):
            return Quote(_block_start(source, found.start()), len(source))
    return None


def _block_start(source: str, position: int) -> int:
    """The start of the innermost block around `position`: where a fold looks natural."""
    start = position
    for tag in _BLOCK.finditer(source, max(position - 2000, 0), position):
        start = tag.start()
    between = source[start:position]
    return position if _has_text(re.sub(r"^<[^>]*>", "", between)) else start


def _has_text(source: str) -> bool:
    return bool(_TEXT.search(_BLANK_TEXT.sub(" ", source))) or "<img" in source

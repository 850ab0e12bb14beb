"""Bounces in prose: whom they are about and why, out of the wordings of a few dozen mail systems. Linear."""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.base import RecipientReport
from channels.email import addresses

_SCAN = 30_000
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}"
_DOMAIN = r"(?:[^\W_][\w-]{0,62}\.){1,8}[^\W\d_][\w-]{1,30}"
_ADDRESS = re.compile(rf"(?<![\w.!#$%&'*+/=?^`{{|}}~-]){_LOCAL}@{_DOMAIN}")
_LISTED = re.compile(
    rf"^[ \t>*|•-]*(?:(?:smtp|rfc822|e-?mail|to|rcpt to|recipient(?: address)?|original recipient"
    rf"|failed recipient|user|unknown user|invalid (?:final delivery )?user"
    rf"|destinataire|empfänger|destinatario|收件人(?:邮件)?(?:地址)?|收件者|無法送達|无法发送到|退信邮箱|delivery to"
    rf"|your message to|message to|address)\s*[:：;=（(]*\s*)?[<'\"(（]?"
    rf"(?:(?:smtp|mailto|rfc822)[:;]\s?)?({_LOCAL}@{_DOMAIN})[>'\")）]{{0,2}}",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,2}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.:/-])([45])\d\d[ -](?=\W|\w)")
_COPY = re.compile(
    r"^[ \t>]*(?:-{2,}.{0,60}(?:copy|original|returned|below this line|message header|undelivered|unsent"
    r"|the header|原邮件|原始邮件|原郵件).{0,80}$"
    r"|-{2,}\s*(?:message|headers?)\b.{0,60}-{2,}\s*$|(?:this|below|following|here) is a copy of (?:the"
    r"|your) .{0,60}$|original message(?: headers?)? follows?.{0,20}$"
    r"|(?:the|your) (?:original |first .{0,30})?(?:message|mail)(?: headers?| text)? (?:is|are"
    r"|follows?).{0,40}:?$|message header follows.{0,10}$|received: .*|return-path: .*"
    r"|unsent message (?:follows|below).{0,10}$|以下是.{0,20}原.{0,10}$|原始邮件.{0,20}$)",
    re.IGNORECASE | re.MULTILINE,
)
_ID = re.compile(r"^[ \t>]*message-id\s*:\s*<([^<>\s]{3,998})>", re.IGNORECASE | re.MULTILINE)
_TO = re.compile(r"^[ \t>]*to\s*:\s*(.{3,300})$", re.IGNORECASE | re.MULTILINE)
_DAEMON = re.compile(
    r"mailer-?daemon|\bpostmaster\b|mail-?daemon|mdaemon|mail[- ]?delivery|delivery[- ]?(?:sub)?system"
    r"|delivery status|delivery agent|mail (?:admin|system|server|transport|router)"
    r"|mailadmin|mailerdaemon|mail\.?daemon|email ?engine|microsoftexchange|system (?:administrator"
    r"|attendant)|exchange|internet mail (?:delivery|system)|smtp(?:d| server)?\b|bounces?\b"
    r"|undeliver|postoffice|post office|majordomo|systemadministrator|administrator|退信|邮件系统"
    r"|郵件系統|メール配信|no-?reply",
    re.IGNORECASE,
)
_UNDELIVERED = re.compile(
    r"undeliver|delivery (?:status|failure|failed|report|error|problem|notification|has failed|incomplete"
    r"|was not|unsuccessful|to the following|attempt)|failure notice|failure notification|failure delivery"
    r"|returned mail|returned to sender|returned e-?mail|mail (?:delivery|system error|failure|returned"
    r"|error|could not)|message (?:delivery|not delivered|undeliver|returned|delayed|could not|you sent)"
    r"|non[- ]?deliver|\bndr?n?\b|\bndr\b|not (?:be )?deliver|could not be (?:deliver|sent|reached)"
    r"|couldn't be delivered|unable to (?:deliver|send|reach)|cannot (?:be )?deliver"
    r"|could ?n[o']t (?:deliver|send)"
    r"|did not reach|wasn't delivered|was not delivered|has not been delivered"
    r"|permanent(?:ly)? (?:fatal )?(?:error|fail|failure)|bounced?\b|warning: (?:message|could not)"
    r"|rejected|user unknown|unknown (?:user|recipient|address)"
    r"|no such user|(?:user|address|recipient|mailbox|account)\b.{0,40}(?:does not|doesn't|not) (?:exist"
    r"|found)|delayed|invalid (?:recipient|address|user)|nondeliverable|mail (?:konnte|nicht)|unzustellbar"
    r"|nicht zugestellt"
    r"|unzustellbarkeit|fehlgeschlagen|zustellung|non remis|échec (?:de|d')|non distribué|message non"
    r"|no (?:se )?(?:ha )?(?:pudo|podido) (?:ser )?entreg|no entregado|no se puede entregar|devuelto"
    r"|mancat[ao] (?:consegna|recapito)"
    r"|non recapitabile|impossibile (?:consegnare|recapitare)|não (?:foi )?(?:pôde )?(?:ser )?entreg"
    r"|não entregue|falha (?:na|de) entrega|onbestelbaar|niet (?:worden )?(?:af|be)gele?verd"
    r"|nie (?:została )?dostarczon|niedostarczon"
    r"|zwrot|nedoručiteln|olevererbar|kunde inte levereras|kunne ikke leveres|toimittamaton"
    r"|не (?:было )?(?:может быть )?доставлен|недоставлен"
    r"|ошибка доставки|teslim edilemedi|配信できません|配信不能"
    r"|配達できません|届けられ|送信できません"
    r"|エラーメール|メール.{0,6}エラー|반송|전송 실패|전달되지|退信|退回|无法(?:投递|送达|发送|传递"
    r"|到达)|無法(?:投遞|送達|發送|傳送|傳遞)|投递失败|投遞失敗|发送失败"
    r"|發送失敗|未送达|递送失败|gagal (?:terkirim|dikirim)|tidak (?:dapat|bisa) (?:ter|di)kirim",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"warning: (?:message|could not)|delayed|will (?:continue|keep|be retried)|no action is required"
    r"|you do not need to resend|do not need to (?:do anything|resend)|still (?:trying|being)"
    r"|attempts? will continue"
    r"|this is (?:only )?a warning|has not yet been delivered|not been delivered yet|temporar(?:y"
    r"|ily) (?:fail|error|problem)|verzögert|retardé|retrasad|继续尝试|延迟|延遲|尚未",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"giving up|given up|gave up|permanent|no further|has failed|failed permanently|could not be delivered"
    r"|will not be retried|returned to sender|expired",
    re.IGNORECASE,
)
_STATUSES = tuple(
    (code, re.compile(pattern, re.IGNORECASE))
    for code, pattern in (
        (
            "5.1.2",
            r"host (?:or domain name )?(?:not found|unknown)|unknown host|domain (?:name )?(?:not found"
            r"|does ?n[o']t exist|is not valid|unknown|lookup)|no such (?:domain|host)"
            r"|unrouteable (?:mail )?domain|name or service not known|bad destination (?:host|system)|nxdomain"
            r"|域名.{0,10}(?:不存在|错误)|couldn't find any host|illegal host|mx .{0,20}not found",
        ),
        (
            "5.2.2",
            r"(?:mail)?box (?:is )?(?:\w+ )?(?:full|exceed)|full mailbox|over ?(?:its |the )?(?:disk )?quota"
            r"|quota ?(?:is )?(?:has been )?(?:exceed|full|violation)|exceed\w* (?:\w+ ){0,3}(?:quota|storage"
            r"|mailbox size)|insufficient (?:disk|system) ?s|not enough (?:storage|space)|(?:邮箱|信箱|容量|空间"
            r"|空間).{0,8}(?:已满|已滿|不足|超)|postfach.{0,20}voll|inbox is full",
        ),
        (
            "5.3.4",
            r"(?:message|mail|file|header)s? (?:size |is |was )?(?:too (?:large|big|long)|exceed|larger)"
            r"|size (?:limit|exceeds)|exceeds? (?:the )?(?:\w+ ){0,3}(?:size|limit)|邮件.{0,6}(?:过大|超过)",
        ),
        (
            "5.2.1",
            r"(?:account|mailbox|user|address)\b.{0,30}(?:disabled|inactive|suspended|deactivated|locked|expired"
            r"|closed|no longer (?:active|available|valid))|not accepting (?:mail|messages)"
            r"|is (?:currently )?inactive|已(?:停用|冻结|注销)",
        ),
        (
            "5.7.1",
            r"relay(?:ing)? (?:access )?(?:denied|not|prohibited|is not)|unable to relay|spam|black ?list"
            r"|block ?list|blocked|\brbl\b|dnsbl|spamhaus|polic(?:y|ies)|not (?:authori[sz]ed|permitted|allowed)"
            r"|access denied|dmarc|\bspf\b|dkim|virus|content (?:rejected|filter)|message (?:rejected|refused)"
            r"|refused by|垃圾邮件|拒收|拒绝|拦截",
        ),
        (
            "5.1.1",
            r"(?:user|recipient|mailbox|account|address|member|alias|person|local part)\b.{0,60}(?:unknown"
            r"|not (?:be )?(?:found|known|listed|exist|recogni[sz]ed|valid|available|a valid)"
            r"|does ?n[o']t (?:exist|have)|doesnt exist|invalid|unavailable|rejected|doesn't|incorrect|disabled"
            r"|not here|is not)"
            r"|(?:unknown|no such|invalid|bad|unrouteable|unroutable|undeliverable|illegal|nonexistent"
            r"|non-existent|not a valid|no) (?:\w+ ){0,3}(?:user|recipient|mailbox|address|account|person|alias"
            r"|local|destination|name|box)|not listed in|nobody by (?:that|this) name|this (?:user|address)"
            r"|user doesn't have|nicht (?:bekannt|gefunden|vorhanden)|unbekannt|inconnu|desconocid|sconosciut|不存在"
            r"|无此用户|無此用戶|找不到|查無|not our customer|has moved|no longer (?:works|with|employed|on server)"
            r"|mailbox unavailable|存在しません|見つかりません|宛先不明|User unknown",
        ),
        ("5.4.6", r"too many hops|mail loop|loops? back|routing loop|hop count|looping"),
        (
            "5.4.7",
            r"timed? ?out|expired|retry time(?:out)? (?:not reached|exceeded)|retry timeout|too long"
            r"|for (?:the (?:past|last) )?\d+ (?:hours?|days?|minutes)|hasn't been (?:\w+ )?accepted"
            r"|connection (?:refused|reset|closed)|not responding|no (?:answer|response)|unreachable|could(?: not"
            r"|n't) connect|couldn't make contact|无法连接|超时|連線",
        ),
    )
)
_NOT_CUSTOMERS = re.compile(
    r"(?:postmaster|mailer-?daemon|abuse|hostmaster|webmaster|helpdesk|mail-?daemon|.*mailer-daemon"
    r"|microsoftexchange[0-9a-f]{8,})$",
    re.IGNORECASE,
)


def says_undelivered(text: str) -> bool:
    return bool(_UNDELIVERED.search(text))


def is_daemon(address: str, name: str) -> bool:
    """Is the sender a mail system, by its address or by its name?"""
    return bool(_DAEMON.search(addresses.local_of(address)[:200]) or _DAEMON.search(name[:200]) or not address)


def has_evidence(text: str) -> bool:
    """A reply code, an enhanced status, or a phrase of failure in the report's own words."""
    own = _own_words(text)
    return bool(
        _CODE.search(own) or _REPLY_CODE.search(own) or any(pattern.search(own) for _, pattern in _STATUSES)
    ) and bool(_ADDRESS.search(own))


def first_address(text: str) -> str:
    found = _ADDRESS.search(text[:1000])
    return addresses.valid(found[0].strip("'")) if found else ""


def ids_in(text: str) -> list[str]:
    """Message ids in the copy of a mail that was pasted into the text."""
    return _ID.findall(text[:200_000])[:10]


def to_in_copy(text: str) -> list[str]:
    copy = _COPY.search(text[:_SCAN])
    found = _TO.findall(text[copy.start() : copy.start() + _SCAN]) if copy else []
    return [a.address for raw in found[:3] for a in addresses.listed([raw.encode("utf-8", "replace")])]


def recipients(
    text: str, subject: str, failed: list[str], written_to: list[str], unlike: Iterable[str]
) -> list[RecipientReport]:
    """One entry for each address that the text is about: named by the server, listed at a line's start, mentioned
    anywhere, or, when the text names none, those that the returned mail was written to."""
    own = _own_words(text)
    others = set(unlike)
    listed = _listed(own, others)
    if failed:
        return [_entry(address, listed.get(address.casefold(), ("", ""))[1], own, subject) for address in failed]
    if not listed:
        listed = _mentioned(own, others, {address.casefold() for address in written_to})
    if not listed:
        listed = {address.casefold(): (address, "") for address in written_to if address.casefold() not in others}
    return [_entry(address, words, own, subject) for address, words in listed.values()]


def status(given: str, words: str, action: str) -> str:
    """The most telling status: the enhanced code given, the one in the server's words, or what the words mean."""
    stated = _CODE.search(given)
    if stated and not stated[1].endswith(".0.0"):
        return stated[1]
    found = _CODE.search(words)
    if found and not found[1].endswith(".0.0"):
        return found[1]
    meant = _meaning(words)
    if meant:
        return "4" + meant[1:] if action == "delayed" or (stated and stated[1][0] == "4") else meant
    first = stated or found or _REPLY_CODE.search(words)
    return f"{first[1][0]}.0.0" if first else {"delayed": "4.0.0", "failed": "5.0.0"}.get(action, "2.0.0")


def _meaning(words: str) -> str:
    return next((code for code, pattern in _STATUSES if pattern.search(words[:4000])), "")


def _own_words(text: str) -> str:
    """The report without the copy of the mail below it."""
    text = text[:_SCAN]
    for found in _COPY.finditer(text):
        if found.start() > 40:
            return text[: found.start()]
    return text


def _listed(own: str, others: set[str]) -> dict[str, tuple[str, str]]:
    """Addresses that open a line, each with the words that follow it up to the next."""
    found: dict[str, tuple[str, str]] = {}
    current, words = "", list[str]()
    for line in own.split("\n"):
        match = _LISTED.match(line[:1000])
        address = _acceptable(match[1], others) if match else ""
        if address and address.casefold() != current:
            _close(found, current, words)
            current, words = address.casefold(), []
            found.setdefault(current, (address, ""))
        if current and len(words) < 12:
            words.append(line[match.end() :] if match and address else line)
    _close(found, current, words)
    return found


def _close(found: dict[str, tuple[str, str]], current: str, words: list[str]) -> None:
    if current and not found[current][1]:
        found[current] = (found[current][0], " ".join(" ".join(words).split()).strip(" :;-"))


def _mentioned(own: str, others: set[str], written_to: set[str]) -> dict[str, tuple[str, str]]:
    found = {a.casefold(): (a, "") for raw in _ADDRESS.findall(own)[:200] if (a := _acceptable(raw, others))}
    known = {key: value for key, value in found.items() if key in written_to}
    return known or found


def _acceptable(raw: str, others: set[str]) -> str:
    address = addresses.valid(raw.strip("'.`=").removeprefix("mailto:"))
    if not address or address.casefold() in others or _NOT_CUSTOMERS.match(addresses.local_of(address)):
        return ""
    return address


def _entry(address: str, words: str, own: str, subject: str) -> RecipientReport:
    clear = bool(_CODE.search(words) or _meaning(words) or _REPLY_CODE.search(words))
    reason = words if clear else " ".join(own.split())
    delayed = bool(_DELAYED.search(subject) or (_DELAYED.search(own) and not _FINAL.search(own)))
    code = status("", reason, "delayed" if delayed else "failed")
    if delayed:
        code = "4" + code[1:]
    elif code.startswith("4"):
        # A report in prose that gives up on a temporary error has failed all the same: the code keeps telling why.
        return RecipientReport(address, "failed", code, reason[:1000])
    return RecipientReport(address, "delayed" if delayed else "failed", code, reason[:1000])

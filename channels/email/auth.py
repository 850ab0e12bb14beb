"""Does our own border server vouch for the sender? RFC 8601, read with distrust: anybody can write such a header."""

from __future__ import annotations

import re

from channels.email.addresses import domain_of
from channels.email.headers import Headers

_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*(dmarc|dkim|spf)\s*=\s*(\w+)\b(.*)$", re.IGNORECASE | re.DOTALL)
_PROPERTY = re.compile(r"\b(header\.from|header\.d|header\.i|smtp\.mailfrom)\s*=\s*([^\s;]+)", re.IGNORECASE)
# Under these, a registered domain has three labels: sharing two proves nothing.
_SECOND_LEVEL = frozenset({"co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go", "gob", "web", "my", "sch"})


def verified(headers: Headers, sender: str, authserv_id: str) -> bool | None:
    """True when the topmost Authentication-Results is ours and vouches for the domain of `sender`, False when it says
    that the mail is forged, None when nobody says anything. Only the topmost counts: the others may be the sender's."""
    if not authserv_id or not sender:
        return None
    text = headers.plain("authentication-results")
    server, _, results = _bare(text).partition(";")
    if (server.split() or [""])[0].lower() != authserv_id.lower():
        return None
    return _verdict([_RESULT.match(piece) for piece in results.split(";")], domain_of(sender))


def _verdict(results: list[re.Match[str] | None], domain: str) -> bool | None:
    verdict: bool | None = None
    for found in filter(None, results):
        method, outcome = found[1].lower(), found[2].lower()
        if method == "dmarc":
            if outcome == "pass" and _names(found[3], ("header.from",), domain, exact=True):
                return True
            if outcome in {"fail", "permerror"}:
                return False
        elif outcome == "pass" and _names(found[3], ("header.d", "header.i", "smtp.mailfrom"), domain):
            verdict = True
    return verdict


def _names(properties: str, wanted: tuple[str, ...], domain: str, *, exact: bool = False) -> bool:
    named = [
        value.rpartition("@")[2].strip('"<>').lower()
        for name, value in _PROPERTY.findall(properties)
        if name.lower() in wanted
    ]
    return any(value == domain or (not exact and aligned(value, domain)) for value in named)


def aligned(one: str, other: str) -> bool:
    """The same registered domain, as far as that can be told without a list of all of them: too strict rather than lax."""
    if one == other:
        return True
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    labels = shorter.split(".")
    public = len(labels) < 2 or (len(labels) == 2 and labels[0] in _SECOND_LEVEL)
    return longer.endswith("." + shorter) and not public


def _bare(text: str) -> str:
    """Without quoted strings and comments: what is in them is the sender's to choose."""
    text = _QUOTED.sub("", text)
    for _ in range(4):
        text = _COMMENT.sub("", text)
    return text

"""Names that cannot be guessed: ticket references, and the keyed tokens that let an answer find its ticket.

A token is `ref.nonce.mac`; the mac is 80 bits of HMAC-SHA256 over ref and nonce, under a key derived for this use alone.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from hashlib import sha256

from channels.base import ReplyToken

# No vowels (no words), and nothing that sounds or looks like another: 28^8 references, drawn at random.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
_REF = re.compile(rf"[{_ALPHABET}]{{4}}-?[{_ALPHABET}]{{4}}", re.IGNORECASE)


def new_ref() -> str:
    """A fresh public reference, such as `QK7M-4XPB`: short enough to read out, not guessable from another."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def canonical_ref(text: str) -> str:
    """`qk7m4xpb` and `QK7M-4XPB` are the same reference; empty when `text` is none."""
    if not _REF.fullmatch(text):
        return ""
    letters = text.replace("-", "").upper()
    return f"{letters[:4]}-{letters[4:]}"


def make(key: bytes, ref: str, nonce: str) -> str:
    """The token of one outgoing message: the same ref and nonce give the same token, so every attempt carries one id."""
    short = ref.replace("-", "").lower()
    return f"{short}.{nonce}.{_mac(key, short, nonce)}"


def verified_ref(key: bytes, token: ReplyToken) -> str:
    """The ticket reference that `token` proves, or empty. Compared in constant time."""
    good = hmac.compare_digest(_mac(key, token.ref.lower(), token.nonce.lower()), token.mac.lower())
    return canonical_ref(token.ref) if good else ""


def _mac(key: bytes, short: str, nonce: str) -> str:
    digest = hmac.new(hmac.new(key, b"reply-token/1", sha256).digest(), f"{short}.{nonce}".encode(), sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def fixed_nonce(key: bytes, purpose: str) -> str:
    """The nonce of something that exists at most once, such as a ticket's acknowledgement."""
    digest = hmac.new(hmac.new(key, b"nonce/1", sha256).digest(), purpose.encode(), sha256).digest()
    return base64.b32encode(digest[:5]).decode().lower()


def new_nonce() -> str:
    """A fresh nonce for an agent's answer."""
    return base64.b32encode(secrets.token_bytes(5)).decode().lower()

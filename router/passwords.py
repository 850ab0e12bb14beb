"""Passwords: what is refused, how they are kept (argon2id), and the same work for people who do not exist."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 8
# Longer ones only cost time and memory; 64 must be possible (ASVS 6.2.9).
MAX_LENGTH = 256

# OWASP's second profile for argon2id: 19 MiB and two passes keep sixteen threads that hash at once below 310 MiB.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_COMMON = frozenset(
    (
        "00000000 11111111 12121212 12341234 12344321 12345678 123456789 1234567890 123123123 123321123 "
        "123456abc 123qweasd 147258369 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 11223344 22222222 55555555 "
        "5201314520 66666666 66668888 77777777 87654321 88888888 98765432 987654321 99999999 a1234567 "
        "a12345678 aa123456 aa123456789 abc12345 abc123456 abcd1234 abcdefgh admin123 administrator "
        "adminadmin asdfasdf asdfghjk asdfghjkl asdf1234 baseball basketball bismillah changeme changeme123 "
        "charlie1 computer dearbook football iloveyou iloveyou1 indonesia jakarta1 jennifer letmein1 "
        "liverpool master123 michelle password password1 password12 password123 passw0rd p@ssw0rd p@ssword "
        "princess q1w2e3r4 qazwsxedc qq123456 qwer1234 qwerasdf qwertyui qwertyuiop qwerty12 qwerty123 "
        "rahasia1 sayangku secret123 starwars sunshine superman support1 support123 switchboard test1234 "
        "testtest trustno1 welcome1 welcome123 whatever wo123456 woaini1314 woaini520 woaini521 xiaoming "
        "zaq12wsx zxcvbnm1 zxcvbnm123"
    ).split()
)


def problem(password: str, *about: str) -> str:
    """Why this password is refused: `short`, `long`, `common`, `about_you`; empty when it is good.

    `about` are the person's own words (name, address): they are guessed first.
    """
    plain = password.casefold()
    if len(password) < MIN_LENGTH:
        return "short"
    if len(password) > MAX_LENGTH:
        return "long"
    if plain in _COMMON or len(set(plain)) < 4:
        return "common"
    own = {word for text in about for word in (text.casefold(), text.casefold().partition("@")[0]) if len(word) >= 4}
    return "about_you" if any(word in plain and len(plain) - len(word) < 4 for word in own) else ""


def hash_of(password: str) -> str:
    return _hasher.hash(_normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Is it the password behind `password_hash`? An empty hash matches nothing, and takes as long to say so: the time
    of an answer must not tell which addresses work here."""
    try:
        return _hasher.verify(password_hash or _nobody(), _normal(password)) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


def _normal(password: str) -> str:
    # The same word may be typed composed or decomposed on two keyboards.
    return unicodedata.normalize("NFC", password)[: MAX_LENGTH + 1]

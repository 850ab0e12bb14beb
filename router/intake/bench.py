"""What every message of a batch is judged with, and small words shared by the judges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from router.context import App
from router.intake.drafts import Plan
from router.intake.lookup import Lookup
from rules.rulebook import Rulebook

SNIPPET = 180


@dataclass(slots=True)
class Bench:
    """What every message of a batch is judged with."""

    app: App
    rulebook: Rulebook
    lookup: Lookup
    plan: Plan
    key: bytes
    now: datetime


def answer_references(external_ref: str, references: tuple[str, ...] | list[str]) -> list[str]:
    """What an answer to a message names: that message first, then what it named itself."""
    return list(dict.fromkeys(ref for ref in (external_ref, *references) if ref))


def body_hash(text: str) -> str:
    """The same for the same words, however they are spaced."""
    return sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def snippet(text: str) -> str:
    """The first words of a message on one line."""
    return " ".join(text[: SNIPPET * 4].split())[:SNIPPET]

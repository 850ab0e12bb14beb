"""Rulebooks for the tests: the starter, and small ones made from a few lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from rules.facts import Facts
from rules.rulebook import Rulebook, load

# Generated examples are judged by what they show, never by how long a busy machine takes over them.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

STARTER = Path(__file__).parents[2] / "router" / "starter"

HEAD = """
[desk]
languages = ["en", "zh-Hans"]
topics = ["refund", "security", "other"]
teams = ["triage", "payments"]
default_clock = "office"

[promises]
review_by = 3
payout_by = 8

[calendars.office]
zone = "Asia/Shanghai"
hours.mon = ["09:00-18:00"]

[clocks.office]
calendar = "office"
low = 1440
normal = 480
high = 120
urgent = 30

[identifiers]
order_number = ['\\bord-(\\d{6,12})\\b']

[words.money]
zh = ["退款"]
en = ["refund*"]
"""

TAIL = """
[[rule]]
name = "everything"
then.topic = "other"
"""

REPLIES = """
[thanks.en]
body = "Hello, {ref} until {due}."
[thanks.zh-Hans]
body = "您好，{ref}，{due}。"
"""


def make(rules: str, head: str = HEAD, tail: str = TAIL, replies: str = REPLIES) -> Rulebook:
    return load(head + rules + tail, replies)


def with_condition(condition: str) -> Rulebook:
    """A rulebook whose first rule is called `tried` and has this condition."""
    return make(f'[[rule]]\nname = "tried"\nwhen = ["received", "replied"]\nif = {condition}\nthen.tag = ["hit"]\n')


@pytest.fixture(scope="session", name="make")
def _make() -> Callable[..., Rulebook]:
    return make


@pytest.fixture(scope="session", name="with_condition")
def _with_condition() -> Callable[[str], Rulebook]:
    return with_condition


@pytest.fixture(scope="session")
def starter() -> Rulebook:
    return load((STARTER / "rulebook.toml").read_text("utf-8"), (STARTER / "replies.toml").read_text("utf-8"), 1)


@pytest.fixture(scope="session")
def written(starter: Rulebook) -> Callable[[str, str], Facts]:
    """The facts of a first message with this text and language."""

    def facts(text: str, language: str = "en") -> Facts:
        return Facts(
            "received", text=text, language=language, is_first=True, identifiers=starter.find_identifiers("", text)
        )

    return facts

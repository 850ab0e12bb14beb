"""Which ticket a message belongs to: the claims in their order, and the guard that every claim passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from services.letters import NOON

from channels.base import Address, Parsed, ReplyToken
from router import tokens
from router.intake.threads import REOPEN_DAYS, Known, ThreadBy, resolve
from router.models import Status

KEY = b"key"
REF = "QK7M-4XPB"


@dataclass
class Ticket:
    participants: set[str] = field(default_factory=lambda: {"linda@mail.example.com"})
    status: Status = Status.OPEN
    last_message_at: datetime = NOON


TICKET = Ticket()
KNOWN = Known({REF: TICKET}, {"first@mail.example.com": TICKET})


def message(sender: str = "linda@mail.example.com", **claims: object) -> Parsed:
    return Parsed(Address(sender), "s", "t", "t", "mail:1", **claims)


def token(ref: str = REF, nonce: str = "abcd2345", key: bytes = KEY) -> ReplyToken:
    return ReplyToken(*tokens.make(key, ref, nonce).split("."))


@pytest.mark.parametrize(
    ("claims", "by"),
    [
        ({"tokens": (token(),)}, ThreadBy.TOKEN),
        ({"references": ("unknown@x", "first@mail.example.com")}, ThreadBy.REFERENCE),
        ({"subject_refs": (REF,)}, ThreadBy.SUBJECT),
        ({"subject_refs": ("qk7m4xpb",)}, ThreadBy.SUBJECT),
    ],
)
def test_a_participant_joins_by_token_reference_or_subject(claims, by):
    thread = resolve(message(**claims), KEY, KNOWN, NOON)
    assert (thread.ticket, thread.by) == (TICKET, by)


@pytest.mark.parametrize(
    "claims", [{"tokens": (token(),)}, {"references": ("first@mail.example.com",)}, {"subject_refs": (REF,)}]
)
def test_nobody_else_joins_whatever_they_hold(claims):
    thread = resolve(message("eve@elsewhere.example", **claims), KEY, KNOWN, NOON)
    assert (thread.ticket, thread.linked, thread.by) == (None, TICKET, ThreadBy.STRANGER)


@pytest.mark.parametrize(
    "forged",
    [token(key=b"other"), ReplyToken("qk7m4xpb", "abcd2345", ""), ReplyToken("qk7m4xpb", "abcd2345", "a" * 16)],
)
def test_a_forged_token_is_no_claim_at_all(forged):
    assert resolve(message(tokens=(forged,)), KEY, KNOWN, NOON).by is ThreadBy.NOTHING


def test_a_forward_opens_a_new_ticket_that_links_the_old():
    thread = resolve(message(tokens=(token(),), is_forward=True), KEY, KNOWN, NOON)
    assert (thread.ticket, thread.linked, thread.by) == (None, TICKET, ThreadBy.FORWARD)


def test_an_answer_to_something_settled_long_ago_is_a_new_matter():
    old = Ticket(status=Status.RESOLVED, last_message_at=NOON - timedelta(days=REOPEN_DAYS, seconds=1))
    thread = resolve(message(references=("a",)), KEY, Known({}, {"a": old}), NOON)
    assert (thread.ticket, thread.linked, thread.by) == (None, old, ThreadBy.SETTLED)
    recent = Ticket(status=Status.RESOLVED, last_message_at=NOON - timedelta(days=REOPEN_DAYS))
    assert resolve(message(references=("a",)), KEY, Known({}, {"a": recent}), NOON).ticket is recent


def test_a_token_counts_before_a_reference_and_a_reference_before_the_subject():
    other = Ticket()
    known = Known({REF: TICKET, "2222-2222": other}, {"a": other})
    assert resolve(message(tokens=(token(),), references=("a",)), KEY, known, NOON).ticket is TICKET
    assert resolve(message(references=("a",), subject_refs=(REF,)), KEY, known, NOON).ticket is other

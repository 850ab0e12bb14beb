"""The sample mails as the desk would receive them. Pure and deterministic: the same `now` gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from router.demo.compose import Answered, compose, message_id, recipient, subject_of
from router.demo.letters import Letter, arrivals, letters

DESK = "support@localhost"

Schedule = Mapping[str, tuple[Letter, datetime]]


@dataclass(frozen=True, slots=True)
class SampleMail:
    """One mail on the doorstep. `external_id` is the same whenever the sample is loaded, so it is never stored twice."""

    raw: bytes
    received_at: datetime
    mail_from: str
    rcpt_to: tuple[str, ...]
    external_id: str


def sample_mails(now: datetime, desk: str = DESK) -> list[SampleMail]:
    """All mails that have arrived by `now`, in order. Nobody has answered here, so answers follow the writer's own mail."""
    mails = schedule(now)
    return [mail(letter.id, mails, desk, own_earlier(letter, mails, desk)) for letter, _ in mails.values()]


def schedule(now: datetime) -> Schedule:
    """Every letter that has arrived by `now` with its time, in the order of arrival."""
    times = arrivals(letters(), now)
    there = [(letter, times[letter.id]) for letter in letters() if letter.id in times]
    return {letter.id: (letter, at) for letter, at in sorted(there, key=lambda pair: (pair[1], pair[0].id))}


def mail(letter_id: str, mails: Schedule, desk: str, answered: Answered | None) -> SampleMail:
    """One mail as it arrives. A machine's report comes from nobody: an answer to it must reach no one (RFC 3834 s.3.3)."""
    letter, at = mails[letter_id]
    nobody = letter.shape in ("bounce", "delay", "out-of-office")
    written, written_at = mails[letter.repeats] if letter.repeats else (letter, at)
    raw = compose(written, written_at, desk, answered)
    return SampleMail(
        raw, at, "" if nobody else letter.address, (recipient(letter, desk, answered),), f"sample:{letter_id}"
    )


def own_earlier(letter: Letter, mails: Schedule, desk: str) -> Answered | None:
    """The mail before `letter` in its conversation, as its writer's Sent folder has it."""
    if letter.answers not in mails:
        return None
    first, at = mails[letter.answers]
    return Answered(
        message_id(first), first.sender or first.address, first.address, desk, subject_of(first, None), first.text, at
    )

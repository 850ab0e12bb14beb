"""A conversation in the order in which it happened: messages, and between them runs of small events. Pure.

What a message shows by itself (that it came, was sent, was refused) is not told again as an event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from router.models import Event, EventKind, Message

_TOLD_BY_MESSAGES = frozenset(
    {
        EventKind.CREATED,
        EventKind.RECEIVED,
        EventKind.REPLIED,
        EventKind.NOTED,
        EventKind.ACKNOWLEDGED,
        EventKind.SENT,
        EventKind.SEND_FAILED,
        EventKind.SEND_UNKNOWN,
        EventKind.DELIVERY,
        EventKind.CLOCK_STARTED,
    }
)


@dataclass(slots=True)
class Entry:
    """Either one message, or a run of events."""

    message: Message | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Stays the same while the entry grows, so that a page can tell what is new."""
        return f"m-{self.message.id}" if self.message else f"e-{self.events[0].id}"


def entries(messages: Sequence[Message], events: Iterable[Event]) -> list[Entry]:
    """Messages and runs of events by time; at the same moment the message comes before what followed from it."""
    found: list[Entry] = []
    for _, _, _, item in sorted(_moments(messages, events)):
        if isinstance(item, Message):
            found.append(Entry(message=item))
        elif found and not found[-1].message:
            found[-1].events.append(item)
        else:
            found.append(Entry(events=[item]))
    return found


def is_told(event: Event) -> bool:
    """Is this event worth a line of its own?"""
    if event.kind in _TOLD_BY_MESSAGES:
        return False
    # The rules look at every message; a line for each look that changed nothing would drown the rest.
    return event.kind is not EventKind.DECIDED or bool(event.data.get("decision", {}).get("fired"))


def _moments(
    messages: Iterable[Message], events: Iterable[Event]
) -> Iterable[tuple[datetime, int, int, Message | Event]]:
    yield from ((message.created_at, 0, message.id or 0, message) for message in messages)
    yield from ((event.at, 1, event.id or 0, event) for event in events if is_told(event))


def quoted_part(message: Message) -> str:
    """What the writer quoted: the rest of the text after what is new in it."""
    text, new = message.text.strip(), message.new_text.strip()
    if not new or new == text:
        return ""
    return text.removeprefix(new).strip() if text.startswith(new) else text


def shown_text(message: Message) -> str:
    """What is new in the message; all of it where the reading found nothing new."""
    return message.new_text.strip() or message.text.strip()

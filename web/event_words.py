"""One sentence for each event: who did what, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from router.models import Event, EventKind, Priority
from web.ticket_words import term
from web.tongue import gettext as _

Names = Mapping[int, str]


def sentence(event: Event, names: Names) -> str:
    """What happened, with the person's name where a person did it."""
    teller = _TELLERS.get(event.kind)
    who = names.get(event.agent_id or 0, "")
    return teller(who, event.data, names) if teller else event.kind.value


def _decided(_who: str, data: Mapping[str, Any], _names: Names) -> str:
    decision = data.get("decision", {})
    set_ = [
        _("%(fact)s %(value)s", fact=term("fact", name), value=term(name, decision.get(name)))
        for name in ("topic", "priority", "team")
        if decision.get(name)
    ]
    if not set_:
        return _("The rules looked at it and changed nothing")
    return _("The rules set %(what)s", what=_(", ").join(set_))


def _silent(_who: str, data: Mapping[str, Any], _names: Names) -> str:
    reasons = " ".join(term("silence", reason) for reason in data.get("reasons", ()))
    return _("Not acknowledged. %(reasons)s", reasons=reasons)


def _assigned(who: str, data: Mapping[str, Any], names: Names) -> str:
    to = data.get("after")
    if to is None:
        return _("%(who)s took the ticket from its assignee", who=who)
    assignee = names.get(int(to), "?")
    if assignee == who:
        return _("%(who)s took the ticket", who=who)
    return _("%(who)s assigned the ticket to %(assignee)s", who=who, assignee=assignee)


def _status(who: str, data: Mapping[str, Any], _names: Names) -> str:
    status = term("status", data.get("after"))
    if not who:
        return _("The status became %(status)s", status=status)
    return _("%(who)s set the status to %(status)s", who=who, status=status)


def _priority(who: str, data: Mapping[str, Any], _names: Names) -> str:
    return _("%(who)s set the priority to %(priority)s", who=who, priority=term("priority", _word(data.get("after"))))


def _topic(who: str, data: Mapping[str, Any], _names: Names) -> str:
    return _("%(who)s set the topic to %(topic)s", who=who, topic=term("topic", data.get("after")))


def _team(who: str, data: Mapping[str, Any], _names: Names) -> str:
    if not data.get("after"):
        return _("%(who)s took the ticket from its team", who=who)
    return _("%(who)s gave the ticket to the team %(team)s", who=who, team=term("team", data.get("after")))


def _tagged(who: str, data: Mapping[str, Any], _names: Names) -> str:
    return _("%(who)s added the tag %(tag)s", who=who, tag=data.get("tag"))


def _untagged(who: str, data: Mapping[str, Any], _names: Names) -> str:
    return _("%(who)s took away the tag %(tag)s", who=who, tag=data.get("tag"))


def _sent_again(who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return _("%(who)s sent the message again", who=who)


def _linked(_who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return _("Linked to an earlier ticket")


def _stopped(_who: str, data: Mapping[str, Any], _names: Names) -> str:
    return _("The promise was kept") if data.get("state") == "met" else _("Answered after the promised time")


def _resumed(_who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return _("The answer was refused, so the promise runs on")


def _breached(_who: str, _data: Mapping[str, Any], _names: Names) -> str:
    return _("The promised time has passed")


_TELLERS: dict[EventKind, Callable[[str, Mapping[str, Any], Names], str]] = {
    EventKind.DECIDED: _decided,
    EventKind.NOT_ACKNOWLEDGED: _silent,
    EventKind.ASSIGNED: _assigned,
    EventKind.STATUS: _status,
    EventKind.PRIORITY: _priority,
    EventKind.TOPIC: _topic,
    EventKind.TEAM: _team,
    EventKind.TAGGED: _tagged,
    EventKind.UNTAGGED: _untagged,
    EventKind.SENT_AGAIN: _sent_again,
    EventKind.LINKED: _linked,
    EventKind.CLOCK_STOPPED: _stopped,
    EventKind.CLOCK_RESUMED: _resumed,
    EventKind.BREACHED: _breached,
}


def _word(rank: object) -> str:
    """Priorities are stored as ranks."""
    return Priority(rank).word if isinstance(rank, int) and rank in set(Priority) else str(rank or "")

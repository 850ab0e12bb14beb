"""The one door for each permission: who may do what. Pages ask `may()`; nothing else decides."""

from __future__ import annotations

from enum import StrEnum

from router.models import Agent, Role, Ticket


class Action(StrEnum):
    """What people do, in the words of the pages."""

    READ_TICKETS = "read_tickets"
    WORK_TICKETS = "work_tickets"
    HANDLE_QUARANTINE = "handle_quarantine"
    READ_OUTBOX = "read_outbox"
    READ_ACCOUNTS = "read_accounts"
    OWN_PROFILE = "own_profile"
    MANAGE_PEOPLE = "manage_people"
    LOAD_SAMPLE = "load_sample"
    READ_METRICS = "read_metrics"
    READ_STYLES = "read_styles"


_MANAGERS_ONLY = frozenset({Action.MANAGE_PEOPLE, Action.LOAD_SAMPLE, Action.READ_METRICS, Action.READ_STYLES})


def may(agent: Agent | None, action: Action | str, ticket: Ticket | None = None) -> bool:  # noqa: ARG001
    """May this person do it, and to this ticket? Nobody, the deactivated and unknown actions get no.

    Everybody on the desk works on every ticket so far; the parameter is there so that no page changes when teams close
    their tickets to each other.
    """
    if agent is None or not agent.active or action not in set(Action):
        return False
    return Action(action) not in _MANAGERS_ONLY or agent.role is Role.MANAGER

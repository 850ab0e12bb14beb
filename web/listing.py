"""The list of a view: what was asked for in the address, and what its page needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import abort, g, request, url_for
from sqlmodel import Session

from router import gauges, live
from router.tickets import views
from web import security
from web.assets import asset
from web.desk import desk, now
from web.guard import current_agent

DEFAULT_VIEW = "open"
PAGE = 50
_MANY = 99


@dataclass(frozen=True, slots=True)
class Asked:
    """Which list: a view, perhaps one topic or one team of it."""

    view: str
    topic: str = ""
    team: str = ""

    @property
    def filters(self) -> dict[str, str]:
        return {name: value for name, value in (("topic", self.topic), ("team", self.team)) if value}

    @property
    def address(self) -> str:
        values: dict[str, Any] = {"view": self.view, **self.filters}
        return url_for("inbox.view", **values)

    @property
    def query(self) -> str:
        """What a ticket's address carries so that the list beside it stays the same."""
        kept = ({"view": self.view} if self.view != DEFAULT_VIEW else {}) | self.filters
        return f"?{urlencode(kept)}" if kept else ""


def asked(view: str | None = None) -> Asked:
    """The list that this request names; 404 for a view that does not exist."""
    name = view or request.args.get("view") or DEFAULT_VIEW
    if name not in views.VIEWS:
        abort(404)
    # The rail marks where one is, also beside a ticket.
    g.view = name
    return Asked(name, request.args.get("topic", "")[:64], request.args.get("team", "")[:64])


def fragment(session: Session, which: Asked) -> dict[str, Any]:
    """One page of rows, and the counts beside all views."""
    try:
        page = views.page(
            session,
            current_agent(),
            which.view,
            now=now(),
            cursor=request.args.get("after"),
            limit=PAGE,
            topic=which.topic,
            team=which.team,
        )
    except views.BadCursor:
        abort(400)
    return {"asked": which, "page": page, "counts": shown_counts(session)}


def whole(session: Session, which: Asked) -> dict[str, Any]:
    """Everything that the list pane and the scripts of the page need."""
    rulebook = desk().rulebooks.current(session)
    return {
        **fragment(session, which),
        "topics": rulebook.topics,
        "teams": rulebook.teams,
        "density": current_agent().preferences.get("density", ""),
        "newest": live.newest(session),
        "live_address": f"{security.live_url(desk().config)}/live",
        "worker_address": asset("js/live-worker.js"),
        "empty_desk": not gauges.has_tickets(session),
    }


def shown_counts(session: Session) -> dict[str, str]:
    """Counts as the rail shows them."""
    found = views.counts(session, current_agent())
    return {name: "" if not n else str(n) if n <= _MANY else f"{_MANY}+" for name, n in found.items()}


def high_from(due_at: datetime, started_at: datetime) -> datetime:
    """When the last quarter of a promise begins."""
    return due_at - max(due_at - started_at, due_at - due_at) / 4

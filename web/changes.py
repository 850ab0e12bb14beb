"""What changed, for browsers that cannot hold a stream: the same numbered events, asked for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from router import live
from router.live import Change
from router.permissions import Action
from web.desk import desk
from web.guard import needs

pages = Blueprint("changes", __name__)


@pages.get("/changes")
@needs(Action.READ_TICKETS)
def index() -> Response:
    """Events after `after`, oldest first, at most 200; without `after` only where to start."""
    after = request.args.get("after", type=int)
    with desk().db.read() as session:
        if after is None:
            return jsonify(last=live.newest(session), changes=[])
        found = live.since(session, max(0, after))
    return jsonify(last=found[-1].id if found else after, changes=[plain(change) for change in found])


def plain(change: Change) -> dict[str, Any]:
    """A change as browsers read it: names only, never a word of a message."""
    return {"id": change.id, "ref": change.ticket_ref, "kind": change.kind, "at": change.at.isoformat()}

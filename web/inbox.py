"""The inbox: views of tickets, a page of rows at a time."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from router.models import Agent
from router.permissions import Action
from web import faces, listing, pane
from web.desk import desk
from web.guard import current_agent, needs

pages = Blueprint("inbox", __name__)
pages.record(lambda state: faces.install(cast("Flask", state.app)))


@pages.get("/inbox")
@needs(Action.READ_TICKETS)
def index() -> BaseResponse:
    return redirect(url_for("inbox.view", view=request.args.get("view", listing.DEFAULT_VIEW)))


@pages.get("/inbox/<view>")
@needs(Action.READ_TICKETS)
def view(view: str) -> str:
    """The list, with room for a ticket beside it."""
    with desk().db.read() as session:
        context = listing.whole(session, listing.asked(view))
    return render_template("inbox/page.html", **context, **pane.common(), ticket=None)


@pages.get("/inbox/<view>/list")
@needs(Action.READ_TICKETS)
def rows(view: str) -> str:
    """The rows alone: the first page again, or the one after `after`."""
    with desk().db.read() as session:
        context = listing.fragment(session, listing.asked(view))
    return render_template("inbox/rows.html", **context, **pane.common(), ticket=None)


@pages.post("/inbox/density")
@needs(Action.OWN_PROFILE)
def density() -> BaseResponse:
    """Comfortable or compact rows, remembered with the person."""
    compact = request.form.get("density") == "compact"
    with desk().db.begin() as session:
        person = session.get_one(Agent, current_agent().id)
        person.preferences = {**person.preferences, "density": "compact" if compact else ""}
    if request.headers.get("HX-Request"):
        return Response(status=204)
    return redirect(url_for("inbox.index"))

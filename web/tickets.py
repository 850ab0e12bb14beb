"""One ticket at its own address, and what people do to it. What is done is the router's; here is only asking and telling.

Each form says what its writer saw (`was`, `seen`, `version`). When somebody was faster, nothing is saved: the ticket comes
back as it is now, with a sentence about what happened and the draft still in its field.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request
from sqlalchemy.orm.exc import StaleDataError
from sqlmodel import Session
from werkzeug.wrappers import Response

from channels.base import OutgoingAttachment
from router.models import EventKind, Message, Priority, Status, Ticket
from router.permissions import Action
from router.tickets import actions, views
from web import conflicts, listing, pane, toasts
from web.conflicts import Conflict
from web.desk import desk, now
from web.guard import current_agent, needs, require
from web.ticket_words import term
from web.tongue import gettext as _

pages = Blueprint("tickets", __name__)

Act = Callable[[Session, Ticket], object]


@pages.get("/tickets/<ref>")
@needs(Action.READ_TICKETS)
def ticket(ref: str) -> str:
    """The whole page: the ticket with the list that it was opened from."""
    return _page(ref)


@pages.get("/tickets/<ref>/pane")
@needs(Action.READ_TICKETS)
def beside(ref: str) -> str:
    """The ticket alone, for the page that is already there."""
    with desk().db.read() as session:
        return pane.fragment(session, ref, listing.asked()) or abort(404)


@pages.post("/tickets/<ref>/messages")
@needs(Action.WORK_TICKETS)
def write(ref: str) -> Response:
    """A reply or a note. Sent twice under one `client_key` it exists once."""
    form = request.form
    text, key = form.get("text", ""), form.get("client_key", "")[:64]

    def reply(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_answered(session, ticket, current_agent(), form.get("seen", type=int), key)
        actions.reply(
            desk(),
            session,
            current_agent(),
            ticket,
            text=text,
            now=now(),
            resolve="resolve" in form,
            attachments=_uploads(),
            client_key=key,
        )

    def note(session: Session, ticket: Ticket) -> None:
        actions.note(desk(), session, current_agent(), ticket, text=text, now=now(), client_key=key)

    return _done(ref, note if form.get("kind") == "note" else reply, draft=text)


@pages.post("/tickets/<ref>/messages/<int:message_id>/again")
@needs(Action.WORK_TICKETS)
def send_again(ref: str, message_id: int) -> Response:
    """Sends a letter once more that was refused, or of which nobody knows what became."""

    def act(session: Session, ticket: Ticket) -> None:
        message = session.get(Message, message_id)
        if message is None or message.ticket_id != ticket.id:
            abort(404)
        actions.send_again(desk(), session, current_agent(), ticket, message, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/status")
@needs(Action.WORK_TICKETS)
def status(ref: str) -> Response:
    wanted = _one_of(Status, request.form.get("status", ""))
    was: list[str] = []

    def act(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_changed(session, ticket, ticket.status.value, wanted.value, EventKind.STATUS)
        was.append(ticket.status.value)
        actions.set_status(desk(), session, current_agent(), ticket, wanted, now())

    response = _done(ref, act)
    if response.status_code < 300 and was and was[0] != wanted.value:
        told = _("%(ref)s is now: %(status)s", ref=ref, status=term("status", wanted))
        toasts.trigger(response, told, undo=request.path, fields={"status": was[0]})
    return response


@pages.post("/tickets/<ref>/assignee")
@needs(Action.WORK_TICKETS)
def assignee(ref: str) -> Response:
    wanted = request.form.get("assignee", "")
    if wanted and not wanted.isdigit():
        abort(400)

    def act(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_changed(session, ticket, str(ticket.assignee_id or ""), wanted, EventKind.ASSIGNED)
        actions.assign(desk(), session, current_agent(), ticket, int(wanted) if wanted else None, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/priority")
@needs(Action.WORK_TICKETS)
def priority(ref: str) -> Response:
    words = {priority.word: priority for priority in Priority}
    wanted = words.get(request.form.get("priority", ""))
    if wanted is None:
        abort(400)

    def act(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_changed(session, ticket, Priority(ticket.priority).word, wanted.word, EventKind.PRIORITY)
        actions.set_priority(desk(), session, current_agent(), ticket, wanted, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/topic")
@needs(Action.WORK_TICKETS)
def topic(ref: str) -> Response:
    wanted = request.form.get("topic", "")

    def act(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_changed(session, ticket, ticket.topic, wanted, EventKind.TOPIC)
        actions.set_topic(desk(), session, current_agent(), ticket, wanted, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/team")
@needs(Action.WORK_TICKETS)
def team(ref: str) -> Response:
    wanted = request.form.get("team", "")

    def act(session: Session, ticket: Ticket) -> None:
        conflicts.refuse_if_changed(session, ticket, ticket.team, wanted, EventKind.TEAM)
        actions.set_team(desk(), session, current_agent(), ticket, wanted, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/tags")
@needs(Action.WORK_TICKETS)
def tags(ref: str) -> Response:
    """Adds `tag`, or takes `untag` away."""
    add, remove = request.form.get("tag", ""), request.form.get("untag", "")

    def act(session: Session, ticket: Ticket) -> None:
        if remove:
            actions.remove_tag(desk(), session, current_agent(), ticket, remove, now())
        else:
            actions.add_tag(desk(), session, current_agent(), ticket, add, now())

    return _done(ref, act)


@pages.post("/tickets/<ref>/read")
@needs(Action.READ_TICKETS)
def read(ref: str) -> Response:
    """This person has looked at it for a while."""
    with desk().db.begin() as session:
        actions.mark_read(session, current_agent(), _loaded(session, ref), now())
    return Response(status=204)


def _done(ref: str, act: Act, *, draft: str = "") -> Response:
    """Do `act` in a transaction, and answer with the ticket as it is afterwards."""
    try:
        with desk().db.begin() as session:
            found = _loaded(session, ref)
            require(Action.WORK_TICKETS, found)
            act(session, found)
    except actions.Refused as refused:
        return _told(ref, 422, conflicts.refusal(refused), draft)
    except Conflict as conflict:
        return _told(ref, 409, str(conflict), draft)
    except StaleDataError:
        return _told(ref, 409, conflicts.faster(), draft)
    return _told(ref, 200)


def _told(ref: str, code: int, warning: str = "", draft: str = "") -> Response:
    if request.headers.get("HX-Request"):
        with desk().db.read() as session:
            html = pane.fragment(session, ref, listing.asked(), warning=warning, draft=draft) or abort(404)
        return Response(html, code, content_type="text/html; charset=utf-8")
    if code == 200:
        return redirect(f"/tickets/{ref}{listing.asked().query}", 303)
    return Response(_page(ref, warning=warning, draft=draft), code, content_type="text/html; charset=utf-8")


def _page(ref: str, **more: object) -> str:
    which = listing.asked()
    with desk().db.read() as session:
        context = pane.gather(session, ref, which) or abort(404)
        context |= listing.whole(session, which)
    return render_template("inbox/page.html", **{**pane.common(), **context, **more})


def _loaded(session: Session, ref: str) -> Ticket:
    return views.ticket_by_ref(session, ref) or abort(404)


def _one_of(kind: type[Status], value: str) -> Status:
    try:
        return kind(value)
    except ValueError:
        abort(400)


def _uploads() -> list[OutgoingAttachment]:
    files = (file for file in request.files.getlist("files") if file.filename)
    return [
        OutgoingAttachment(file.filename or "file", file.mimetype or "application/octet-stream", file.read())
        for file in files
    ]

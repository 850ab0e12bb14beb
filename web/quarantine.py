"""What could not become a ticket by itself: why, what it is, and what to do with it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from router import accounts, quarantine
from router.models import Inbound, InboundState
from router.permissions import Action
from web import raw_source, toasts
from web.desk import desk, now
from web.guard import needs

pages = Blueprint("quarantine", __name__)


@pages.get("/quarantine")
@needs(Action.HANDLE_QUARANTINE)
def index() -> str:
    with desk().db.read() as session:
        page = quarantine.page(session, cursor=request.args.get("after", type=int))
    return render_template("quarantine.html", page=page)


@pages.get("/quarantine/<int:key>")
@needs(Action.HANDLE_QUARANTINE)
def item(key: int) -> str:
    with desk().db.read() as session:
        inbound = _held(session, key)
        names = accounts.names(session)
    shown = raw_source.summary(_raw(inbound))
    return render_template("quarantine_item.html", inbound=inbound, names=names, shown=shown)


@pages.get("/quarantine/<int:key>/source")
@needs(Action.HANDLE_QUARANTINE)
def source(key: int) -> Response:
    """The bytes as they arrived, as a download: nothing of it is ever opened by the browser."""
    with desk().db.read() as session:
        inbound = _held(session, key)
    return send_file(
        raw_source.opened(_raw(inbound)),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=f"quarantined-{key}.eml",
    )


@pages.post("/quarantine/<int:key>/release")
@needs(Action.HANDLE_QUARANTINE)
def release(key: int) -> Response:
    _act(key, quarantine.release)
    toasts.say(_("Released: it becomes a ticket like any other message."))
    return _back()


@pages.post("/quarantine/<int:key>/retry")
@needs(Action.HANDLE_QUARANTINE)
def retry(key: int) -> Response:
    _act(key, quarantine.retry)
    toasts.say(_("It is being read again. If it still cannot be, it comes back here with the reason."))
    return _back()


@pages.post("/quarantine/<int:key>/discard")
@needs(Action.HANDLE_QUARANTINE)
def discard(key: int) -> Response:
    _act(key, quarantine.discard)
    toasts.say(_("Discarded. Its source is kept."), undo=url_for("quarantine.restore", key=key))
    return _back()


@pages.post("/quarantine/<int:key>/restore")
@needs(Action.HANDLE_QUARANTINE)
def restore(key: int) -> Response:
    _act(key, quarantine.restore)
    toasts.say(_("It is back in quarantine."))
    return _back()


def _act(key: int, action: Callable[..., object]) -> None:
    with desk().db.begin() as session:
        action(desk(), session, g.agent, _held(session, key), now())


def _held(session: Session, key: int) -> Inbound:
    inbound = quarantine.get(session, key)
    if inbound is None or inbound.state not in {InboundState.QUARANTINED, InboundState.DISCARDED}:
        abort(404)
    return inbound


def _raw(inbound: Inbound) -> bytes:
    return quarantine.raw(desk(), inbound)


def _back() -> Response:
    return redirect(url_for("quarantine.index"), 303)  # type: ignore[return-value]

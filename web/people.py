"""Who works on this desk. Managers add people, hand them their sign-in link, and let them go."""

from __future__ import annotations

import logging

from flask import Blueprint, Response, abort, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from router import agents, sign_ins
from router.models import Agent, Role
from router.permissions import Action
from web import toasts
from web.desk import desk, now
from web.guard import needs
from web.words import word_of

pages = Blueprint("people", __name__)
log = logging.getLogger(__name__)


@pages.get("/people")
@needs(Action.MANAGE_PEOPLE)
def index() -> str:
    return _page()


@pages.post("/people")
@needs(Action.MANAGE_PEOPLE)
def add() -> str | tuple[str, int]:
    email, name = request.form.get("email", ""), request.form.get("name", "")
    try:
        with desk().db.begin() as session:
            agent = agents.create(session, email, name, request.form.get("role", Role.AGENT), now())
            token = agents.make_link(session, agent, now())
    except agents.AgentError as error:
        return _page(mistake=word_of("refused", error.code), email=email, name=name), 422
    log.info("person added", extra={"agent": agent.id, "by": g.agent.id})
    return _page(linked=agent, token=token)


@pages.post("/people/<int:key>/link")
@needs(Action.MANAGE_PEOPLE)
def link(key: int) -> str:
    """Shown once, on this answer: only the hash of a link is kept."""
    with desk().db.begin() as session:
        agent = _person(session, key)
        if not agent.active:
            abort(409)
        token = agents.make_link(session, agent, now())
    log.info("sign-in link made", extra={"agent": agent.id, "by": g.agent.id})
    return _page(linked=agent, token=token)


@pages.post("/people/<int:key>/deactivate")
@needs(Action.MANAGE_PEOPLE)
def deactivate(key: int) -> Response:
    try:
        with desk().db.begin() as session:
            agent = _person(session, key)
            agents.deactivate(session, agent, now())
    except agents.AgentError as error:
        return _back(word_of("refused", error.code))
    log.info("person deactivated", extra={"agent": agent.id, "by": g.agent.id})
    toasts.say(
        _("%(name)s is signed out everywhere and cannot come back in.", name=agent.name), undo=_path("activate", key)
    )
    return _back()


@pages.post("/people/<int:key>/activate")
@needs(Action.MANAGE_PEOPLE)
def activate(key: int) -> Response:
    with desk().db.begin() as session:
        agent = _person(session, key)
        agents.activate(session, agent)
    log.info("person activated", extra={"agent": agent.id, "by": g.agent.id})
    toasts.say(_("%(name)s can sign in again.", name=agent.name))
    return _back()


@pages.post("/people/<int:key>/role")
@needs(Action.MANAGE_PEOPLE)
def role(key: int) -> Response:
    wanted = request.form.get("role", "")
    if wanted not in set(Role):
        abort(400)
    try:
        with desk().db.begin() as session:
            agent = _person(session, key)
            before = agent.role
            agents.change_role(session, agent, Role(wanted))
    except agents.AgentError as error:
        return _back(word_of("refused", error.code))
    log.info("role changed", extra={"agent": agent.id, "by": g.agent.id, "role": wanted})
    done = _("%(name)s is now: %(role)s.", name=agent.name, role=word_of("role", wanted))
    toasts.say(done, undo=_path("role", key), fields={"role": before.value})
    return _back()


def _page(*, linked: Agent | None = None, token: str = "", mistake: str = "", email: str = "", name: str = "") -> str:
    with desk().db.read() as session:
        people = agents.everyone(session)
        seen = sign_ins.last_seen(session)
    return render_template(
        "people.html",
        people=people,
        seen=seen,
        linked=linked,
        link=f"{desk().config.base_url}/sign-in/{token}" if token else "",
        mistake=mistake,
        email=email,
        name=name,
    )


def _person(session: Session, key: int) -> Agent:
    agent = session.get(Agent, key)
    if agent is None:
        abort(404)
    return agent


def _back(refused: str = "") -> Response:
    if refused:
        toasts.say(refused, danger=True)
    return redirect(url_for("people.index"), 303)  # type: ignore[return-value]


def _path(step: str, key: int) -> str:
    return url_for(f"people.{step}", key=key)

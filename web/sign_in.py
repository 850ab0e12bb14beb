"""The way in: by password, or by a one-time link that also lets a person choose their password. And the way out."""

from __future__ import annotations

import logging

from flask import Blueprint, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from router import agents, sign_ins
from router.models import Agent
from router.permissions import Action
from web import limits, who
from web.desk import desk, now
from web.guard import needs, public
from web.security import own_path
from web.words import word_of

pages = Blueprint("sign_in", __name__)
log = logging.getLogger(__name__)


@pages.get("/sign-in")
@public
def ask() -> Response | str:
    target = own_path(request.args.get("next"))
    if g.agent:
        return redirect(target)
    return render_template("sign_in.html", target=target, email="")


@pages.post("/sign-in")
@public
def check() -> Response | tuple[str, int]:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    target = own_path(request.form.get("next"))
    agent = _by_password(email, password)
    if agent is None:
        log.warning("sign-in refused", extra={"account": limits.account(), "address": request.remote_addr})
        # The same words for a wrong address and a wrong password.
        mistake = _("Address and password do not belong together. Check both, or ask a manager for a sign-in link.")
        return render_template("sign_in.html", target=target, email=email, mistake=mistake), 403
    log.info("signed in", extra={"agent": agent.id})
    return who.begin(agent, redirect(target, 303))


@pages.post("/sign-out")
@needs(Action.OWN_PROFILE)
def leave() -> Response:
    who.leave()
    return who.forget(redirect("/sign-in", 303))


@pages.get("/sign-in/<token>")
@public
def link(token: str) -> str | tuple[str, int]:
    """Shows a button and uses nothing up: mail programs and chat previews open links before the person does."""
    with desk().db.read() as session:
        agent = agents.peek_link(session, token, now())
    return _link_page(agent) if agent else _used_up()


@pages.post("/sign-in/<token>")
@public
def use_link(token: str) -> Response | tuple[str, int]:
    with desk().db.read() as session:
        agent = agents.peek_link(session, token, now())
    if agent is None:
        return _used_up()
    name, password = request.form.get("name", "").strip()[:200], request.form.get("password", "")
    try:
        # A password that is refused must not use the link up.
        password_hash = agents.new_hash(password, agent.email, name) if password or not agent.password_hash else ""
    except agents.AgentError as error:
        return _link_page(agent, name=name, mistake=word_of("refused", error.code)), 422
    entered = _enter(token, name, password_hash)
    return who.begin(entered, redirect("/", 303)) if entered else _used_up()


def _by_password(email: str, password: str) -> Agent | None:
    with desk().db.read() as session:
        agent = agents.by_email(session, email)
    return agent if agents.knows_password(agent, password) else None


def _enter(token: str, name: str, password_hash: str) -> Agent | None:
    """Use the link up; a new password ends the sessions that were opened with the old one."""
    with desk().db.begin() as session:
        agent = agents.use_link(session, token, now())
        if agent is None:
            return None
        agent.name = name or agent.name
        if password_hash:
            agent.password_hash = password_hash
            sign_ins.end_all(session, agent.id or 0, now())
        log.info("sign-in link used", extra={"agent": agent.id})
        return agent


def _link_page(agent: Agent, *, name: str = "", mistake: str = "") -> str:
    # A name that is only the address was put there by us: the person chooses their own.
    shown = name or ("" if agent.name == agent.email else agent.name)
    return render_template("sign_in_link.html", person=agent, name=shown, mistake=mistake)


def _used_up() -> tuple[str, int]:
    return render_template("sign_in_used_up.html"), 410

"""One's own password, language, theme, time zone, and the browsers that are signed in."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from router import agents, passwords, sign_ins
from router.models import Agent
from router.permissions import Action
from web import languages, toasts
from web.desk import desk, now
from web.guard import needs
from web.words import word_of

pages = Blueprint("profile", __name__)

_REGIONS = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@pages.get("/profile")
@needs(Action.OWN_PROFILE)
def index() -> str:
    return _page()


@pages.post("/profile")
@needs(Action.OWN_PROFILE)
def save() -> Response:
    name, locale = request.form.get("name", "").strip()[:200], request.form.get("locale", "")
    theme, zone = request.form.get("theme", ""), request.form.get("zone", "")
    with desk().db.begin() as session:
        agent = session.get_one(Agent, g.agent.id)
        agent.name = name or agent.name
        agent.locale = locale if locale in languages.LANGUAGES else ""
        chosen = {
            "theme": theme if theme in {"light", "dark"} else "",
            "zone": zone if languages.known_zone(zone) else "",
        }
        agent.preferences = {**agent.preferences, **chosen}
    g.agent = agent
    return _done(_("Saved."))


@pages.post("/profile/password")
@needs(Action.OWN_PROFILE)
def password() -> Response | tuple[str, int]:
    """Asks for the present one: a browser left open is not enough to take an account over."""
    old, new = request.form.get("old", ""), request.form.get("new", "")
    if not passwords.matches(g.agent.password_hash, old):
        return _page(wrong="old", mistake=word_of("refused", "wrong")), 422
    try:
        password_hash = agents.new_hash(new, g.agent.email, g.agent.name)
    except agents.AgentError as error:
        return _page(wrong="new", mistake=word_of("refused", error.code)), 422
    with desk().db.begin() as session:
        agent = session.get_one(Agent, g.agent.id)
        agent.password_hash = password_hash
        sign_ins.end_all(session, agent.id or 0, now(), keep=g.sign_in.id)
    return _done(_("Your password is changed. You are signed out everywhere else."))


@pages.post("/profile/sessions/<int:key>/end")
@needs(Action.OWN_PROFILE)
def end(key: int) -> Response:
    with desk().db.begin() as session:
        ended = sign_ins.end(session, g.agent, key, now())
    return _done(_("That browser is signed out.") if ended else _("That browser was signed out already."))


@pages.post("/profile/sessions/end-others")
@needs(Action.OWN_PROFILE)
def end_others() -> Response:
    with desk().db.begin() as session:
        sign_ins.end_all(session, g.agent.id, now(), keep=g.sign_in.id)
    return _done(_("You are signed out everywhere but here."))


def _page(*, wrong: str = "", mistake: str = "") -> str:
    with desk().db.read() as session:
        sessions = sign_ins.of_agent(session, g.agent, now())
    return render_template(
        "profile.html",
        sessions=sessions,
        here=g.sign_in.id,
        languages=languages.LANGUAGES,
        zones=sorted(name for name in available_timezones() if name.startswith(_REGIONS)),
        chosen_zone=g.agent.preferences.get("zone", ""),
        desk_zone=languages.desk_zone().key,
        wrong=wrong,
        mistake=mistake,
    )


def _done(text: str) -> Response:
    toasts.say(text)
    return redirect(url_for("profile.index"), 303)  # type: ignore[return-value]

"""What every template can use, and the rail beside every page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, g, request, url_for
from flask_babel import gettext as _
from werkzeug.routing import BuildError

from router import quarantine
from router.permissions import Action, may
from router.tickets import views
from web import languages, security, times, toasts, words
from web.desk import desk, now

_ICONS = {
    "open": "inbox",
    "mine": "user",
    "unassigned": "hand",
    "due": "clock",
    "priority": "flag",
    "waiting": "pause",
    "resolved": "check",
    "spam": "bin",
    "machine": "robot",
}
# Beyond this a count says nothing more; counting further would read the table for nothing.
_MANY = 99


@dataclass(frozen=True, slots=True)
class RailItem:
    """One place, with the count of what is in it."""

    name: str
    word: str
    icon: str
    href: str
    count: int | None = None
    here: bool = False

    @property
    def shown(self) -> str:
        if not self.count:
            return ""
        return str(self.count) if self.count <= _MANY else f"{_MANY}+"


def install(flask: Flask) -> None:
    flask.context_processor(_for_every_template)
    flask.jinja_env.trim_blocks = flask.jinja_env.lstrip_blocks = True
    flask.jinja_env.globals.update(
        icon=lambda name: _icons(flask).icon(name),
        icon_names=lambda: sorted(_icons(flask).drawings),
        rail_views=rail_views,
        rail_pages=rail_pages,
        toasts=toasts.waiting,
        word_of=words.word_of,
        now=now,
    )
    flask.jinja_env.filters.update(initials=initials, browser=browser)
    times.install(flask)


def _for_every_template() -> dict[str, Any]:
    agent = g.get("agent")
    return {
        "agent": agent,
        "may": lambda action, ticket=None: may(agent, action, ticket),
        "theme": theme(),
        "lang": languages.lang_attribute(),
        "zone": languages.zone,
        "desk_name": desk().config.desk_name,
        "live_url": security.live_url(desk().config),
        "rail_width": "narrow" if request.cookies.get("rail") == "narrow" else "wide",
    }


def initials(name: str) -> str:
    """Two letters for the avatar; of a Chinese name its last character."""
    words_ = name.split() or ["?"]
    if ord(words_[-1][-1]) > 0x2E80:
        return words_[-1][-1]
    return "".join(word[0] for word in (words_[0], *words_[1:][-1:])).upper()


def browser(user_agent: str) -> str:
    """The browser and the system, as far as a person needs them to know their own devices."""
    systems = ("Android", "iPhone", "iPad", "Windows", "Macintosh", "CrOS", "Linux")
    browsers = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "curl", "python")
    system = next((name for name in systems if name in user_agent), "")
    named = next((name for name in browsers if name in user_agent), "")
    plain = {"Edg": "Edge", "OPR": "Opera", "Macintosh": "macOS", "CrOS": "ChromeOS"}
    return ", ".join(plain.get(name, name) for name in (named, system) if name) or _("Unknown browser")


def theme() -> str:
    """`light` or `dark` where the person chose one; empty follows the system."""
    agent = g.get("agent")
    chosen = agent.preferences.get("theme", "") if agent else ""
    return chosen if chosen in {"light", "dark"} else ""


def rail_views() -> list[RailItem]:
    """The views of the inbox with their counts."""
    with desk().db.read() as session:
        counts = views.counts(session, g.agent)
    here = g.get("view") or (request.view_args or {}).get("view")
    return [
        RailItem(
            name,
            words.word_of("view", name),
            _ICONS[name],
            view_path(name),
            counts.get(name),
            here == name,
        )
        for name in views.VIEWS
    ]


def rail_pages() -> list[RailItem]:
    """The other places that this person may go to."""
    with desk().db.read() as session:
        held = quarantine.count(session)
    pages = (
        ("quarantine", _("Quarantine"), "shield", Action.HANDLE_QUARANTINE, held),
        ("outbox", _("Outbox"), "outbox", Action.READ_OUTBOX, None),
        ("accounts", _("Accounts"), "plug", Action.READ_ACCOUNTS, None),
        ("people", _("People"), "users", Action.MANAGE_PEOPLE, None),
    )
    return [
        RailItem(name, word, icon, url_for(f"{name}.index"), count, request.blueprint == name)
        for name, word, icon, action, count in pages
        if may(g.agent, action)
    ]


def view_path(name: str) -> str:
    try:
        return url_for("inbox.view", view=name)
    except BuildError:
        return url_for("inbox.index", view=name)


def _icons(flask: Flask) -> Any:
    return flask.jinja_env.get_template("icons.html").module

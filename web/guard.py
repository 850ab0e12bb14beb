"""Who stands at the door of each page. A page names what it needs; a page that names nothing is refused at start."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, abort, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response

from router.models import Agent, Ticket
from router.permissions import Action, may

View = TypeVar("View", bound=Callable[..., object])

# What Flask adds by itself.
_PUBLIC_ENDPOINTS = frozenset({"static"})


def needs(action: Action) -> Callable[[View], View]:
    """Only people who may do `action` reach this page. Goes below the route decorator."""

    def mark(view: View) -> View:
        view.needed_action = action  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Anybody reaches this page, signed in or not."""
    view.needed_action = None  # type: ignore[attr-defined]
    return view


def current_agent() -> Agent:
    """The person who is signed in. Only for pages behind `needs`."""
    agent: Agent | None = g.get("agent")
    assert agent is not None, "this page is not behind `needs`"
    return agent


def require(action: Action, ticket: Ticket | None = None) -> None:
    """Stop here with 403 unless the signed-in person may do `action` to `ticket`."""
    if not may(g.get("agent"), action, ticket):
        abort(403)


def needed_action(app: Flask, endpoint: str) -> Action | None:
    """What `endpoint` needs; None for a public page. A view that says nothing is a mistake of ours, found at start."""
    if endpoint in _PUBLIC_ENDPOINTS:
        return None
    view = app.view_functions[endpoint]
    if not hasattr(view, "needed_action"):
        raise RuntimeError(f"the page {endpoint} says neither @needs(...) nor @public")
    action: Action | None = view.needed_action
    return action


def install(app: Flask) -> None:
    """Check every request before its page runs. Call when all blueprints are registered."""
    for endpoint in app.view_functions:
        needed_action(app, endpoint)
    app.before_request(_stand_at_the_door)


def _stand_at_the_door() -> Response | None:
    if request.endpoint is None:
        # 404 and 405 say the same to everybody, and nothing about what is there.
        return None
    action = needed_action(current_app, request.endpoint)
    if action is None:
        return None
    if g.get("agent") is None:
        return _to_sign_in()
    require(action)
    return None


def _to_sign_in() -> Response:
    """A page is worth coming back to; a fragment or a form is not, and must not be swapped into the page."""
    if request.method not in {"GET", "HEAD"}:
        abort(401)
    if request.headers.get("HX-Request"):
        response = current_app.response_class(status=401)
        response.headers["HX-Redirect"] = url_for("sign_in.ask")
        return response
    here = request.full_path.removesuffix("?")
    return redirect(url_for("sign_in.ask", next=here if here != "/" else None))

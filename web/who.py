"""Who is asking: from the cookie to the person, asked of the database at each request."""

from __future__ import annotations

from flask import Flask, abort, g, request
from werkzeug.wrappers import Response

from router import sign_ins
from router.models import Agent
from web.desk import desk, now


def install(flask: Flask) -> None:
    flask.before_request(_recognise)


def cookie_name() -> str:
    """`__Host-` makes browsers refuse the cookie from other hosts and over plain HTTP; it needs HTTPS itself."""
    return "__Host-switchboard" if is_https() else "switchboard"


def is_https() -> bool:
    return request.is_secure or desk().config.base_url.startswith("https://")


def remember(response: Response, token: str) -> Response:
    """Hand the browser its new session."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=int(sign_ins.WHOLE_LIFE.total_seconds()),
        path="/",
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def forget(response: Response) -> Response:
    response.delete_cookie(cookie_name(), path="/", secure=is_https(), httponly=True, samesite="Lax")
    return response


def begin(agent: Agent, response: Response) -> Response:
    """A new session for `agent` on `response`, never the one that the browser came with (session fixation)."""
    leave()
    browser = request.user_agent.string
    try:
        with desk().db.begin() as session:
            token = sign_ins.open_session(session, agent, now(), address=request.remote_addr or "", browser=browser)
    except LookupError:
        # Deactivated since the password was checked.
        abort(403)
    return remember(response, token)


def leave() -> None:
    """End the session that this request came with, if it came with one."""
    agent, row = g.get("agent"), g.get("sign_in")
    if agent is not None and row is not None:
        with desk().db.begin() as session:
            sign_ins.end(session, agent, row.id, now())


def _recognise() -> None:
    g.agent = g.sign_in = None
    token = request.cookies.get(cookie_name(), "")
    # Assets and probes need nobody, and a database that is away must not take them along.
    if not token or request.blueprint in {None, "assets", "health"}:
        return
    with desk().db.read() as session:
        found = sign_ins.find(session, token, now())
    if found is None:
        return
    g.sign_in, g.agent = found
    if sign_ins.is_seen_stale(g.sign_in, now()):
        with desk().db.begin() as session:
            sign_ins.mark_seen(session, g.sign_in, now())

"""The stream of changes: one connection a browser, on a port of its own, so that open streams never hold up a page.

A stream carries names of changed tickets and nothing of their content. It is numbered by events: a browser that comes
back says which was its last, and gets what it missed from the database.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from time import monotonic
from typing import cast

from flask import Flask, Response, current_app, g, jsonify, request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

from router import live, sign_ins
from router.context import App, utc_now
from router.live import Hub, Reader
from router.permissions import Action, may
from web import security, who
from web.changes import plain

HEARTBEAT_SECONDS = 15.0
# Room for the probes and for those who are told to come back later.
_SPARE_THREADS = 4
_RETRY_AFTER = "30"


class Seats:
    """How many streams this process serves at once: each holds a thread, and the last ones must stay free."""

    def __init__(self, room: int) -> None:
        self._free = threading.BoundedSemaphore(room)

    def take(self) -> bool:
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


def create_live_app(app: App) -> Flask:
    """The WSGI application of the `live` process. Its Hub starts with the first stream, after any fork."""
    flask = Flask("web.live", static_folder=None)
    flask.extensions["switchboard"] = app
    flask.extensions["hub"] = Hub(app.bells)
    flask.extensions["seats"] = Seats(max(1, app.config.settings.live_threads - _SPARE_THREADS))
    who.install(flask)
    flask.before_request(_refuse_strangers)
    flask.after_request(_harden)
    flask.add_url_rule("/live", "live.stream", stream)
    flask.add_url_rule("/healthz", "health.healthz", _healthz)
    hops = app.config.settings.trusted_proxies
    if hops:
        flask.wsgi_app = ProxyFix(flask.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return flask


def hub_of(flask: Flask) -> Hub:
    """The hub of a live application; stop it at shutdown, and every stream ends."""
    return cast("Hub", flask.extensions["hub"])


def stream() -> Response:
    """Changes after `Last-Event-ID` (or `?after=`), then each as it happens, until the session or the process ends."""
    if not may(g.agent, Action.READ_TICKETS):
        return Response(status=401)
    seats, hub = cast("Seats", current_app.extensions["seats"]), hub_of(current_app)
    if hub.stopped or not seats.take():
        return Response("too many streams", 503, {"Retry-After": _RETRY_AFTER}, content_type="text/plain")
    app = cast("App", current_app.extensions["switchboard"])
    reader = Reader(_start(app))
    token = request.cookies.get(who.cookie_name(), "")
    hub.start()
    response = Response(_events(app, hub, reader, token), content_type="text/event-stream; charset=utf-8")
    # Not in the generator: one that was never begun does not end either.
    response.call_on_close(seats.leave)
    # nginx would hold events back until its buffer is full.
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _start(app: App) -> int:
    asked = request.headers.get("Last-Event-ID") or request.args.get("after", "")
    if asked.isdigit():
        return int(asked)
    with app.db.read() as session:
        return live.newest(session)


def _events(app: App, hub: Hub, reader: Reader, token: str) -> Iterator[str]:
    yield "retry: 3000\n\n"
    with hub.listening() as flag:
        checked = monotonic()
        while not hub.stopped:
            flag.clear()
            fresh = reader.read(app.db)
            yield from (_event(plain(change)) for change in fresh)
            if fresh:
                continue
            if not flag.wait(HEARTBEAT_SECONDS):
                # Also how a browser that has gone is noticed: writing to it fails.
                yield ": still here\n\n"
            if monotonic() - checked >= HEARTBEAT_SECONDS:
                checked = monotonic()
                if not _still_signed_in(app, token):
                    return


def _event(change: dict[str, object]) -> str:
    return f"id: {change['id']}\nevent: change\ndata: {json.dumps(change)}\n\n"


def _still_signed_in(app: App, token: str) -> bool:
    """Signing out, or being deactivated, ends what is open already."""
    with app.db.read() as session:
        found = sign_ins.find(session, token, utc_now())
    return found is not None and may(found[1], Action.READ_TICKETS)


def _refuse_strangers() -> BaseResponse | None:
    """A stream with a person's cookie is only for our own pages (ASVS 3.5.5)."""
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins():
        return Response(status=403)
    return None


def _own_origins() -> set[str]:
    """The pages: under the configured address, or under this host's name on the pages' port."""
    app = cast("App", current_app.extensions["switchboard"])
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return {security.origin_of(app.config.base_url), f"{request.scheme}://{host}:{app.config.settings.port}"}


def _harden(response: BaseResponse) -> BaseResponse:
    origin = request.headers.get("Origin")
    if origin in _own_origins():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
    response.vary.add("Origin")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


def _healthz() -> BaseResponse:
    return jsonify(status="ok")

"""The pages: what people see of the desk. Views are thin; every decision and every write is the router's."""

from __future__ import annotations

import hmac
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from web import assets, errors, guard, languages, limits, rendering, security, who

if TYPE_CHECKING:
    from router.context import App

# One line for each part of the pages: the module holds a blueprint named `pages`.
PARTS = (
    "web.sign_in",
    "web.welcome",
    "web.inbox",
    "web.tickets",
    "web.messages",
    "web.changes",
    "web.quarantine",
    "web.outbox",
    "web.accounts",
    "web.people",
    "web.profile",
    "web.health",
    "web.metrics",
    "web.styleguide",
)


def create_app(app: App) -> Flask:
    """The WSGI application of the pages. Connects to nothing before its first request."""
    flask = Flask("web", static_folder=None)
    flask.extensions["switchboard"] = app
    _configure(flask, app)
    languages.install(flask)
    assets.install(flask)
    security.install(flask, app.config)
    who.install(flask)
    for name in PARTS:
        blueprint: Blueprint = import_module(name).pages
        flask.register_blueprint(blueprint)
    rendering.install(flask)
    errors.install(flask)
    limits.install(flask, app)
    guard.install(flask)
    return flask


def _configure(flask: Flask, app: App) -> None:
    flask.config.update(
        # A key of its own: what signs toasts must not be able to sign reply tokens.
        SECRET_KEY=hmac.digest(app.config.secret_key, b"pages", sha256),
        SESSION_COOKIE_NAME="switchboard_toasts",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.config.base_url.startswith("https://"),
        MAX_CONTENT_LENGTH=32 * 2**20,
        MAX_FORM_MEMORY_SIZE=security.MAX_FORM_BYTES,
        MAX_FORM_PARTS=200,
        TEMPLATES_AUTO_RELOAD=False,
    )
    hops = app.config.settings.trusted_proxies
    if hops:
        flask.wsgi_app = ProxyFix(flask.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

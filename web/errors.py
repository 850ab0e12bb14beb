"""When something goes wrong: what happened, what it means, what to do next. Never a traceback, never a secret."""

from __future__ import annotations

import logging
import secrets
from typing import cast

from flask import Flask, g, render_template, request
from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

log = logging.getLogger(__name__)


def install(flask: Flask) -> None:
    flask.register_error_handler(HTTPException, _refused)
    flask.register_error_handler(OperationalError, _database_away)
    flask.register_error_handler(StaleDataError, _overtaken)
    flask.register_error_handler(Exception, _broken)


def words(code: int) -> tuple[str, str]:
    """What happened, and what to do next."""
    known = {
        400: (_("The form could not be read."), _("Go back, reload the page and send it again.")),
        401: (
            _("You are signed out."),
            _("Sign in again. What you were writing is still in the page that you came from."),
        ),
        403: (
            _("This is not open to you."),
            _("Your role does not include it, or the request came from another site. Ask a manager for it."),
        ),
        404: (
            _("There is nothing here."),
            _("The address may be mistyped, or what it named is gone. Go on from the inbox."),
        ),
        405: (_("This address does not take that."), _("Open the page from the inbox and try again.")),
        409: (
            _("Somebody else was faster."),
            _("Reload to see what they did, then decide again. Nothing was overwritten."),
        ),
        413: (_("That is too large."), _("Send a smaller file, or several. Nothing was stored.")),
        429: (_("Too many attempts."), _("Wait a minute, then try again. Nothing is locked.")),
        503: (
            _("The database does not answer."),
            _("Nothing was changed, and incoming mail waits where it is. Try again in a minute."),
        ),
    }
    broken = (
        _("Something broke on our side."),
        _("Nothing was half done. Try again; if it stays, give this reference to whoever runs the desk."),
    )
    return known.get(code, broken)


def _refused(error: HTTPException) -> Response:
    if error.response is not None:
        return cast("Response", error.response)
    code = error.code or 500
    answer = _page(code)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _database_away(_error: OperationalError) -> Response:
    # The driver's text may hold the address of the database: it goes to the log only.
    log.exception("database is away")
    return _page(503)


def _overtaken(_error: StaleDataError) -> Response:
    return _page(409)


def _broken(_error: Exception) -> Response:
    reference = secrets.token_hex(4)
    log.exception("page broke", extra={"reference": reference, "endpoint": request.endpoint})
    return _page(500, reference)


def _page(code: int, reference: str = "") -> Response:
    """A whole page, or for a fragment the sentences alone, which the page shows as a toast."""
    happened, next_step = words(code)
    if request.headers.get("HX-Request"):
        answer = Response(f"{happened} {next_step} {reference}".strip(), code, content_type="text/plain; charset=utf-8")
    else:
        html = render_template(
            "error.html", code=code, happened=happened, next_step=next_step, reference=reference, person=g.get("agent")
        )
        answer = Response(html, code, content_type="text/html; charset=utf-8")
    return answer

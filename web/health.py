"""For machines that watch the desk: is it alive, is it ready. Says nothing about its tickets."""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from web.desk import desk
from web.guard import public

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def healthz() -> Response:
    """The process answers. Asks nobody: a probe that fails with the database would restart all for nothing."""
    return jsonify(status="ok")


@pages.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """Without the database no page works: 503. Without the queue all do, only later: that is told, and ready."""
    database, queue = _database(), desk().bells.answers()
    status = "ok" if database and queue else "degraded" if database else "away"
    answer = jsonify(status=status, database="ok" if database else "away", queue="ok" if queue else "away")
    return answer, 200 if database else 503


def _database() -> bool:
    try:
        with desk().db.read() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True

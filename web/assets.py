"""Style sheets, scripts and icons under names that change with their content, so browsers keep them for good."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path

from flask import Blueprint, Flask, abort, send_file
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

from web.guard import public

pages = Blueprint("assets", __name__)

_FOLDER = Path(__file__).parent / "static"
_LIBRARIES = {"lib/htmx.js": ("js_lib_htmx", "static/htmx/htmx.min.js")}


def install(flask: Flask) -> None:
    flask.register_blueprint(pages)
    flask.jinja_env.globals["asset"] = asset


def asset(path: str) -> str:
    """The address of a file in web/static or of a library. Modules may import each other by relative paths."""
    return f"/assets/{edition()}/{path}"


@lru_cache(maxsize=1)
def edition() -> str:
    """A word that changes when any file does: one for all, since modules import each other by relative paths."""
    digest = sha256()
    for path in sorted(p for p in _FOLDER.rglob("*") if p.is_file()):
        digest.update(path.relative_to(_FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    for name in sorted(_LIBRARIES):
        digest.update(_library(name).read_bytes())
    return digest.hexdigest()[:12]


@pages.get("/assets/<asked>/<path:path>")
@public
def file(asked: str, path: str) -> Response:
    found = _library(path) if path in _LIBRARIES else _own(path)
    response = send_file(found, conditional=True, max_age=0)
    # A page from before an update may still ask for the old name: it gets today's file, and does not keep it.
    fresh = asked == edition()
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return response


@pages.get("/favicon.ico")
@public
def favicon() -> Response:
    return file(edition(), "icon.svg")


def _own(path: str) -> Path:
    joined = safe_join(str(_FOLDER), path)
    if joined is None or not Path(joined).is_file():
        abort(404)
    return Path(joined)


@lru_cache(maxsize=8)
def _library(name: str) -> Path:
    package, inside = _LIBRARIES[name]
    return Path(str(resources.files(package) / inside))

"""Style sheets, scripts and icons under names that change with their content, so browsers keep them for good."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path, PurePath

from flask import Blueprint, Flask, Response, abort

from web.guard import public

pages = Blueprint("assets", __name__)

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
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
    for name, data in sorted(_contents().items()):
        digest.update(name.encode() + b"\0" + data)
    return digest.hexdigest()[:12]


@pages.get("/assets/<asked>/<path:path>")
@public
def file(asked: str, path: str) -> Response:
    if path not in _contents():
        abort(404)
    response = Response(_contents()[path], mimetype=_TYPES.get(PurePath(path).suffix, "application/octet-stream"))
    # A page from before an update may still ask for the old name: it gets today's file, and does not keep it.
    fresh = asked == edition()
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return response


@pages.get("/favicon.ico")
@public
def favicon() -> Response:
    return file(edition(), "icon.svg")


@lru_cache(maxsize=1)
def _contents() -> dict[str, bytes]:
    """Every file by its path: some hundred kilobytes, read once. No path of a request ever reaches the disk."""
    own = {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in _FOLDER.rglob("*") if path.is_file()}
    libraries = {name: (resources.files(package) / path).read_bytes() for name, (package, path) in _LIBRARIES.items()}
    return own | libraries

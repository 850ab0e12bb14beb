"""What every answer says to the browser, and what every unsafe request must prove.

Cross-site requests are told by Origin and Sec-Fetch-Site, which pages cannot forge; SameSite=Lax stands behind that.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, abort, request
from werkzeug.wrappers import Response

from router.config import Config

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# `none`: typed or bookmarked, so no page asked for it.
_OWN_SITES = frozenset({"same-origin", "none"})
_YEAR = 365 * 86400
# A form without files. With files the whole request may be larger, each field may not.
MAX_FORM_BYTES = 2 * 2**20

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: that would make browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "X-Robots-Tag": "noindex",
}


def install(flask: Flask, config: Config) -> None:
    flask.before_request(_bound_plain_forms)
    flask.before_request(lambda: _refuse_cross_site(config))
    flask.after_request(_harden(config))


def live_url(config: Config) -> str:
    """Where this browser finds the live updates: the configured place, or our host under the other port."""
    if config.settings.live_url:
        return config.settings.live_url.rstrip("/")
    host = urlsplit(request.host_url).hostname or "127.0.0.1"
    return f"{request.scheme}://{f'[{host}]' if ':' in host else host}:{config.live_port}"


def page_policy(live: str) -> str:
    """The Content-Security-Policy of a page: our own files and nothing else, no inline script or style."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {origin_of(live)}",
            "worker-src 'self'",
            "frame-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def frame(response: Response, *, images: str = "'self' data:") -> Response:
    """Mark the answer as a foreign document: shown only inside our own sandboxed frame, where nothing runs, and nothing
    is loaded except `images`. Mail brings its styles inline."""
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src {images}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
    )
    return response


def own_path(target: str | None) -> str:
    """`target` when it is a path of ours, `/` otherwise: nobody is sent elsewhere by a link to our sign-in page."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return "/"
    if any(ord(letter) < 33 or letter in "\\\x7f" for letter in target):
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc else target


def is_cross_site(config: Config) -> bool:
    """Did another site make the browser send this? An unsafe request that does not say where it comes from counts."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in _OWN_SITES:
        return True
    if origin is not None:
        return origin not in {origin_of(config.base_url), origin_of(request.host_url)}
    return site != "same-origin"


def _bound_plain_forms() -> None:
    # Werkzeug bounds the fields of a multipart form only; a plain one is read whole.
    if request.mimetype != "multipart/form-data":
        request.max_content_length = MAX_FORM_BYTES


def _refuse_cross_site(config: Config) -> None:
    if request.method not in _SAFE_METHODS and is_cross_site(config):
        abort(403)


def _harden(config: Config) -> Callable[[Response], Response]:
    https = config.base_url.startswith("https://")

    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", page_policy(live_url(config)))
        response.headers.setdefault("Cache-Control", "no-store")
        if "immutable" not in response.headers["Cache-Control"]:
            response.vary.add("Cookie")
            response.vary.add("HX-Request")
        if https or request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")
        return response

    return harden


def origin_of(url: str) -> str:
    """Scheme, host and port, as browsers write them in Origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

"""Serving: gunicorn inside a process that the desk has already made. One worker with threads; more machines, more desks.

No control socket, no trust in anybody's forwarded headers (web.create_app counts proxies itself), and a stop that does
not wait for browsers that only listen.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from router.context import App
from web import create_app
from web.live import create_live_app, hub_of

# The supervisor ends what has not gone after six seconds.
_GRACE_SECONDS = 4
_LIVE_GRACE_SECONDS = 2


def serve_pages(app: App, bind: str) -> None:
    """Serve the pages at `host:port` until SIGTERM."""
    _Server(lambda: create_app(app), _settings(bind, app.config.settings.web_threads)).run()


def serve_live(app: App, bind: str) -> None:
    """Serve live updates at `host:port` until SIGTERM, which ends every stream at once."""
    settings = _settings(bind, app.config.settings.live_threads)
    settings |= {"graceful_timeout": _LIVE_GRACE_SECONDS, "post_worker_init": _end_streams_on_stop}
    _Server(lambda: create_live_app(app), settings).run()


def _settings(bind: str, threads: int) -> dict[str, Any]:
    return {
        "bind": bind,
        "workers": 1,
        "worker_class": "gthread",
        "threads": threads,
        "worker_connections": threads + 256,
        "preload_app": True,
        "graceful_timeout": _GRACE_SECONDS,
        "timeout": 60,
        "keepalive": 15,
        "control_socket_disable": True,
        "proc_name": "switchboard",
        "logger_class": _DeskLogger,
        # gunicorn would believe X-Forwarded-Proto from this machine by default.
        "forwarded_allow_ips": "",
        "secure_scheme_headers": {},
        "limit_request_line": 4094,
        "limit_request_fields": 64,
    }


class _DeskLogger(Logger):  # type: ignore[misc]
    """Leaves lines to the process's own log."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self.error_log.propagate = self.access_log.propagate = True


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, make: Callable[[], Flask], settings: dict[str, Any]) -> None:
        self._make, self._settings = make, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make()


def _end_streams_on_stop(worker: Any) -> None:
    """An open stream would otherwise make every stop last the whole grace."""
    stop, hub = worker.handle_exit, hub_of(worker.wsgi)

    def handle_exit(number: int, frame: FrameType | None) -> None:
        hub.stop()
        stop(number, frame)

    signal.signal(signal.SIGTERM, handle_exit)

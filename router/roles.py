"""The processes of the desk by name, and how each of them runs until it is told to stop.

`switchboard up` forks all of them from one parent; the Procfile runs each by itself. They share nothing but the
database, the queue and the files.
"""

from __future__ import annotations

import importlib
import logging
import signal
import threading
import time
from collections.abc import Callable
from types import ModuleType

from sqlalchemy import make_url
from sqlalchemy.orm import configure_mappers

from router import logs, valkey
from router.config import Config
from router.context import utc_now
from router.processes import Errand, name_process, share_heaps
from router.start import build_app

log = logging.getLogger(__name__)

QUEUES = ("ingest", "send", "clocks", "bulk")
ROLES = ("web", "live", *QUEUES, "beat", "mail")

HEAVY = ("web.serve", "router.worker", "router.jobs", "router.beat", "router.mail", "gunicorn.workers.gthread")


def preload(config: Config) -> None:
    """Load what the roles will need, once, in their parent: its memory is then shared by all that are forked."""
    for name in (*HEAVY, *_module("web").PARTS):
        _module(name)
    _module("router.rulebooks").warm(utc_now())
    # Both would happen at the first query of each process, and be kept by each for itself.
    configure_mappers()
    make_url(config.database_url).get_dialect().import_dbapi()


def run(role: str, config: Config) -> None:
    """Be `role` until SIGTERM. The database is expected to be ready, the queue may come later."""
    logs.setup(role, config.settings.log_level, config.data_dir)
    name_process(f"desk-{role}")
    share_heaps()
    if role in QUEUES:
        wait_for_queue(config)
        _module("router.worker").run(build_app(config), role)
    elif role in ("beat", "mail"):
        _module(f"router.{role}").run(build_app(config), stop_on_signal())
    else:
        _serve(role, config)


def _serve(role: str, config: Config) -> None:
    serve = _module("web.serve")
    app, host = build_app(config), config.settings.host
    if role == "web":
        serve.serve_pages(app, f"{host}:{config.settings.port}")
    else:
        serve.serve_live(app, f"{host}:{config.live_port}")


def prepared(config: Config, *, link: bool = False) -> str | None:
    """Wait until the database is ready, making it so if nobody else does. With `link`, the first manager's link."""

    def errand() -> str | None:
        start = _module("router.start")
        now = _module("router.context").utc_now()
        app = start.prepare(config, now)
        return start.first_link(app, now) if link else None

    # In a child: the migration library would otherwise stay in this process's memory for good.
    url: str | None = Errand(errand).result()
    return url


def serve_queue(config: Config) -> None:
    """Be the embedded queue's keeper until SIGTERM; idle where REDIS_URL names another queue."""
    logs.setup("valkey", config.settings.log_level, config.data_dir)
    stop = stop_on_signal()
    if config.settings.redis_url:
        log.info("REDIS_URL names the queue; nothing to do here")
        stop.wait()
        return
    server = valkey.start(config.data_dir)
    log.info("queue is ready", extra={"pid": server.pid})
    try:
        while not stop.wait(1.0):
            if not server.running():
                log.warning("queue ended; it starts again")
                server = valkey.start(config.data_dir)
    finally:
        server.stop()


def wait_for_queue(config: Config, pause: Callable[[float], None] = time.sleep) -> None:
    """Return when the queue answers. Says after a second, then every ten, that it still does not."""
    from redis.exceptions import RedisError

    from router.bells import connect

    client, tries = connect(valkey.url(config)), 0
    while True:
        try:
            client.ping()
        except RedisError as error:
            tries += 1
            if tries % 50 == 5:
                log.warning("waiting for the queue", extra={"error": type(error).__name__})
            pause(0.2)
        else:
            client.close()
            return


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _module(name: str) -> ModuleType:
    # By name: `router` must not import `web`, yet a process of the desk serves its pages.
    return importlib.import_module(name)

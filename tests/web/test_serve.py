"""The pages and the live updates, each served by a process of its own, as the desk does it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from services.whole_desk import free_ports

from router import agents, sign_ins
from router.context import App
from router.models import Role
from router.processes import wait_until

SERVE = """
import os
from router import config, context
from web import serve
app = context.build(config.load(dict(os.environ)), redis_url="")
serve.{what}(app, "127.0.0.1:{port}")
"""
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(app: App, what: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environ = {
        **os.environ,
        "DATA_DIR": str(app.config.data_dir),
        "SECRET_KEY": "a key for tests only",
        "HOME": "/nowhere",
    }
    process = subprocess.Popen([sys.executable, "-c", SERVE.format(what=what, port=port)], cwd=ROOT, env=environ)
    try:
        assert wait_until(lambda: answers(port), 60)
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        return ask(port, "/healthz")[0] == 200
    except OSError:
        return False


def ask(port: int, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


@pytest.fixture
def port() -> int:
    return free_ports(1)[0]


def test_a_request_from_this_machine_is_not_believed_to_be_https(small_desk: App, port: int) -> None:
    with serving(small_desk, "serve_pages", port):
        _, headers = ask(port, "/sign-in", **{"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"})
        assert "Strict-Transport-Security" not in headers


def test_the_pages_stop_on_a_signal_though_a_browser_keeps_its_connection(small_desk: App, port: int) -> None:
    with serving(small_desk, "serve_pages", port) as process:
        kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        kept.request("GET", "/sign-in")
        kept.getresponse().read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        kept.close()
        assert not list(Path("/nowhere").glob("*"))


def test_open_streams_end_with_the_live_process(make_desk: Callable[..., App], port: int) -> None:
    desk = make_desk()
    now = datetime.now(UTC)
    with desk.db.begin() as session:
        agent = agents.create(session, "linda@desk.example.com", "Linda", Role.AGENT, now)
        token = sign_ins.open_session(session, agent, now)
    with serving(desk, "serve_live", port) as process:
        stream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        stream.request("GET", "/live", headers={"Cookie": f"switchboard={token}"})
        answer = stream.getresponse()
        assert answer.status == 200
        assert answer.readline() == b"retry: 3000\n"
        process.send_signal(signal.SIGTERM)
        assert answer.read().strip() == b""
        assert process.wait(timeout=20) == 0
        stream.close()

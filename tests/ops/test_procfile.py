"""The Procfile: every line runs, and together they are a desk with nothing configured."""

from __future__ import annotations

import re
import signal
import smtplib
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from services.whole_desk import PROJECT, Place, free_ports, tree_of, until

from router import roles, valkey
from router.processes import alive

PROCFILE = dict(re.findall(r"^(\w+): (.+)$", (PROJECT / "Procfile").read_text(), re.MULTILINE))


def ports_a_hundred_apart() -> int:
    """A base port for honcho, which gives each line of the Procfile a hundred more than the last."""
    while True:
        (port,) = free_ports(1)
        if port < 60000 and port + 100 not in taken():
            return port


def taken() -> set[int]:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {int(line.split()[1].rpartition(":")[2], 16) for line in lines}


@pytest.fixture
def honcho(place: Place) -> Iterator[subprocess.Popen[bytes]]:
    commands = place.folder / "bin"
    commands.mkdir()
    switchboard = commands / "switchboard"
    switchboard.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m router.cli "$@"\n')
    switchboard.chmod(0o755)
    port = ports_a_hundred_apart()
    place.environ |= {"PATH": f"{commands}:{place.environ['PATH']}", "PORT": str(port)}
    del place.environ["LIVE_PORT"]
    with place.log.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "honcho", "start"], cwd=PROJECT, env=place.environ, stdout=log, stderr=log
        )
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_every_role_of_the_desk_has_its_line() -> None:
    started = {line.split("switchboard run ")[1].removeprefix("worker ") for line in PROCFILE.values()}
    assert started == {*roles.ROLES, "valkey"}


def test_honcho_runs_the_desk_with_nothing_configured(place: Place, honcho: subprocess.Popen[bytes]) -> None:
    until(lambda: honcho.poll() is not None or place.healthy(), "the pages answer")
    with urllib.request.urlopen(f"{place.address}/sign-in", timeout=10) as page:
        told = re.search(r"connect-src [^;]*(http://127\.0\.0\.1:\d+)", page.headers["Content-Security-Policy"])
    assert told, "the pages say where live updates are"
    until(lambda: listens(told[1]), "live updates listen where the pages say they do")
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "ani@customer.net", "support@localhost", "Payment failed"
    letter.set_content("My payment failed.")
    until(lambda: listens(f"http://{place.environ['SMTP_LISTEN']}"), "the mail listener listens")
    host, _, port = place.environ["SMTP_LISTEN"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as server:
        server.send_message(letter)
    until(lambda: list((place.data / "outbox").glob("*.eml")), "the acknowledgement is in the outbox")
    assert place.output().count("/sign-in/") == 1
    everything = tree_of(honcho.pid)
    honcho.send_signal(signal.SIGTERM)
    honcho.wait(20)
    until(lambda: not any(alive(pid) for pid in everything), "every process is gone", 10)
    assert not valkey.answering(valkey.socket_path(place.data))


def listens(address: str) -> bool:
    host, _, port = address.removeprefix("http://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def test_the_queue_line_idles_where_another_queue_is_named(place: Place) -> None:
    process = place.start("run", "valkey", REDIS_URL="redis://127.0.0.1:1/0")
    until(lambda: "nothing to do here" in place.output(), "it says that it idles")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert not (place.data / "valkey").exists()


def test_a_worker_waits_for_its_queue_and_stops_when_told(place: Place) -> None:
    process = place.start("run", "worker", "ingest")
    until(lambda: "waiting for the queue" in place.output(), "it says that it waits")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.mark.parametrize("words", [("worker",), ("worker", "shoes"), ("web", "ingest"), ("shoes",)])
def test_a_wrong_role_is_a_plain_error(place: Place, words: tuple[str, ...]) -> None:
    result = place.ask("run", *words)
    assert result.returncode == 2
    assert "Usage" in result.stderr

"""The queue that comes with the desk."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from router import config, valkey
from router.processes import alive, wait_until

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[valkey.Server]:
    running = valkey.start(tmp_path)
    yield running
    running.stop()


def configured(data_dir: Path, **environ: str) -> config.Config:
    return config.load({"DATA_DIR": str(data_dir), **environ})


def starter_in(data_dir: Path) -> subprocess.Popen[str]:
    """A process that starts the queue of `data_dir`, prints its number, and waits to be told to end."""
    program = "\n".join(
        (
            "from pathlib import Path",
            "from router import valkey",
            f"print(valkey.start(Path({str(data_dir)!r})).pid, flush=True)",
            "input()",
        )
    )
    command = [sys.executable, "-c", program]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT)


def test_it_answers_where_every_process_of_the_desk_looks(server: valkey.Server, tmp_path: Path) -> None:
    assert Redis.from_url(valkey.url(configured(tmp_path))).ping()


def test_a_folder_with_a_blank_in_its_name_works(tmp_path: Path) -> None:
    data = tmp_path / "a desk = 100%?"
    running = valkey.start(data)
    try:
        client = Redis.from_url(valkey.url(configured(data)))
        # A worker asks this first; a blank or "=" in the path of the socket made the answer unreadable.
        assert client.client_info()["db"] == 0
    finally:
        running.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    running = valkey.start(data)
    try:
        assert Redis.from_url(valkey.url(configured(data))).ping()
        assert stat.S_IMODE(running.socket.parent.stat().st_mode) == 0o700
    finally:
        running.stop()
    assert not running.socket.parent.exists(), "nothing stays behind under /tmp"


def test_a_given_queue_is_used_and_none_is_guessed(tmp_path: Path) -> None:
    assert valkey.url(configured(tmp_path, REDIS_URL="redis://elsewhere:6379/3")) == "redis://elsewhere:6379/3"


def test_only_the_own_user_may_reach_it(server: valkey.Server) -> None:
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700


def test_it_refuses_rather_than_forgets_and_keeps_a_journal(server: valkey.Server) -> None:
    client = Redis.from_url(server.url)
    told = client.config_get("maxmemory-policy", "appendonly", "appendfsync", "port")
    assert told == {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec", "port": "0"}


def test_one_that_a_crash_left_behind_is_used_again(server: valkey.Server, tmp_path: Path) -> None:
    Redis.from_url(server.url).set("kept", "yes")
    again = valkey.start(tmp_path)
    assert again.pid == server.pid
    assert Redis.from_url(again.url).get("kept") == b"yes"


def test_one_that_was_adopted_can_be_stopped(server: valkey.Server, tmp_path: Path) -> None:
    valkey.start(tmp_path).stop()
    assert not server.running()


def test_what_it_held_survives_its_own_death(tmp_path: Path) -> None:
    first = valkey.start(tmp_path)
    client = Redis.from_url(first.url)
    client.set("kept", "yes")
    client.execute_command("WAITAOF", 1, 0, 5000)
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until(lambda: not first.running(), 5)
    second = valkey.start(tmp_path)
    try:
        assert second.pid != first.pid
        assert Redis.from_url(second.url).get("kept") == b"yes"
    finally:
        second.stop()


def test_a_broken_journal_is_set_aside_since_it_holds_bells_only(tmp_path: Path) -> None:
    valkey.start(tmp_path).stop()
    manifest = next((tmp_path / "valkey" / "appendonlydir").glob("*.manifest"))
    manifest.write_text("this is no manifest\n")
    running = valkey.start(tmp_path)
    try:
        assert Redis.from_url(running.url).ping()
        assert list((tmp_path / "valkey").glob("broken-*"))
    finally:
        running.stop()


def test_two_starters_at_once_end_with_one_server(tmp_path: Path) -> None:
    starters = [starter_in(tmp_path) for _ in range(2)]
    pids = {int(starter.stdout.readline()) for starter in starters if starter.stdout}
    for starter in starters:
        starter.communicate("\n")
    assert len(pids) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_it_goes_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = starter_in(tmp_path)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: not alive(pid), 5)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    with pytest.raises(valkey.ValkeyError, match="belongs to somebody else"):
        valkey.start(tmp_path)

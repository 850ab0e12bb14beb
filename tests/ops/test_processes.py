"""Forking, and finding what was forked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from router.errors import PlainError
from router.processes import Errand, ErrandError, alive, fork, kill, session_members, wait_until

# The test runner has threads of its own; what is forked here never asks them for anything.
pytestmark = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")

PROJECT = Path(__file__).resolve().parents[2]


def ended(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_child_leaves_with_what_it_says() -> None:
    assert ended(fork(lambda: None)) == 0
    assert ended(fork(lambda: sys.exit(7))) == 7


def test_a_child_that_raises_leaves_with_one() -> None:
    assert ended(fork(lambda: 1 / 0)) == 1


def test_what_a_child_forked_is_found_by_its_session() -> None:
    child = fork(lambda: (fork_without_session(), time.sleep(60)))
    assert wait_until(lambda: len(session_members({child})) == 2, 10)
    members = session_members({child})
    kill(members, signal.SIGKILL)
    assert ended(child) == -signal.SIGKILL
    assert wait_until(lambda: not session_members({child}), 10)


def fork_without_session() -> None:
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)


def test_an_errand_brings_its_answer_back() -> None:
    assert Errand(lambda: {"link": "x" * 200_000}).result() == {"link": "x" * 200_000}


def test_an_errand_that_fails_says_so_in_its_own_words() -> None:
    def fail() -> None:
        raise PlainError("The shop was shut. Come back tomorrow.")

    with pytest.raises(ErrandError, match=r"^The shop was shut\. Come back tomorrow\.$"):
        Errand(fail).result()


def test_an_errand_that_is_killed_is_not_taken_for_an_answer() -> None:
    errand = Errand(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ErrandError, match="Start again"):
        errand.result()


def test_an_errand_that_nobody_waits_for_any_more_is_ended() -> None:
    errand = Errand(lambda: time.sleep(600))
    assert errand.result(lambda: True) is None
    assert not alive(errand.pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_child_goes_when_its_parent_is_killed() -> None:
    program = "import time\nfrom router.processes import fork\nprint(fork(lambda: time.sleep(60)), flush=True)\ntime.sleep(60)"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    assert wait_until(lambda: not alive(child), 10)

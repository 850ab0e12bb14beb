"""Forking, and the promise that nothing outlives the desk.

A forked role gets a session of its own: a terminal's Ctrl-C reaches only the supervisor, and whatever the role forks in
turn can be found by that session. On Linux the kernel tells it to stop when its parent dies, however that happened.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from typing import Any, NoReturn

from router.errors import PlainError, plain

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15
_M_ARENA_MAX = -8
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def stop_with_parent(parent: int) -> None:
    """Get SIGTERM when `parent` dies, and end at once when it is dead already (Linux; elsewhere nothing)."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def name_process(name: str) -> None:
    """What `ps` and `top` call this process; Linux keeps fifteen letters, other systems none."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_NAME, name.encode()[:15])


def share_heaps() -> None:
    """Let the threads of this process share two heaps (glibc). One for each would cost the pages some ten megabytes,
    and gain nothing where the interpreter lets one thread run at a time."""
    if _LIBC is not None and hasattr(_LIBC, "mallopt"):
        _LIBC.mallopt(_M_ARENA_MAX, 2)


def fork(work: Callable[[], object]) -> int:
    """Run `work` in a child and return its process id. The child leaves through here, whatever happens in it."""
    _flush()
    parent = os.getpid()
    child = os.fork()
    if not child:
        _leave_with(work, parent)
    return child


def _leave_with(work: Callable[[], object], parent: int) -> NoReturn:
    code = 1
    try:
        _start_clean(parent)
        work()
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        log.critical("stopped by an error", exc_info=True)
    finally:
        _flush()
        os._exit(code)


def _start_clean(parent: int) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    stop_with_parent(parent)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


class ErrandError(PlainError):
    """What a child could not do, in the words that it left with."""


class Errand:
    """Work that a child does on the side; its answer is plain JSON. What it imports never weighs on the parent."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._reading, writing = os.pipe()
        self.pid = fork(lambda: _answer(writing, work))
        os.close(writing)

    def result(self, given_up: Callable[[], bool] = lambda: False) -> Any:
        """Wait for the answer; None once `given_up`, which ends the child. Raises ErrandError in the child's words."""
        with os.fdopen(self._reading, "rb") as pipe:
            while not select.select([pipe], [], [], 0.1)[0]:
                if given_up():
                    kill([self.pid], signal.SIGKILL)
            words = pipe.read()
        os.waitpid(self.pid, 0)
        if given_up():
            return None
        if not words:
            raise ErrandError("A step of the start was stopped from outside. Start again.")
        answer = json.loads(words)
        if "error" in answer:
            raise ErrandError(answer["error"])
        return answer["result"]


def _answer(pipe: int, work: Callable[[], Any]) -> None:
    try:
        answer = {"result": work()}
    except Exception as error:
        lines = plain(error)
        if not lines:
            log.critical("a step of the start failed", exc_info=True)
        answer = {"error": "\n".join(lines) or f"A step of the start failed ({type(error).__name__}). See error.log."}
    with os.fdopen(pipe, "wb") as file:
        file.write(json.dumps(answer).encode())


def end_on_signal() -> None:
    """SIGTERM ends this process in an orderly way, as Ctrl-C does, until a role sets its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def session_members(sessions: Collection[int]) -> list[int]:
    """Living processes of these sessions: the roles themselves, and what they left behind."""
    return [pid for pid in _all_pids() if _session_of(pid) in sessions and pid != os.getpid()]


def kill(pids: Collection[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def alive(pid: int) -> bool:
    """Is there such a process? One that belongs to somebody else counts."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(claim: Callable[[], bool], seconds: float) -> bool:
    """Look until `claim` holds; False when `seconds` have passed without."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _session_of(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:
        return -1


def _all_pids() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:  # macOS has no /proc
        listed = subprocess.run(["/bin/ps", "-A", "-o", "pid="], capture_output=True, text=True, check=False)
        return [int(word) for word in listed.stdout.split()]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()

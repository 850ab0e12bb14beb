"""Makes the virtual environment that bin/run and bin/test use: `prepare.py run|test FOLDER`.

Standard library only, for Python 3.11 and newer. Does nothing when the environment already fits the lock file. Two at
once are safe: the second waits for the first, and a lock whose owner died is free (the kernel sees to that).
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
MARKER = "# --- only for tests ---"


class PrepareError(Exception):
    """Says what happened and what to do, in one line."""


def main(purpose: str, folder: Path) -> None:
    if not is_ready(folder, purpose):
        with only_one():
            if not is_ready(folder, purpose):
                build(folder, purpose)


def requirements(purpose: str) -> str:
    """The part of the lock file that `purpose` needs."""
    lock = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    return lock if purpose == "test" else lock.partition(MARKER)[0]


def stamp(purpose: str) -> str:
    """Changes whenever the environment has to be made anew; where the project lies is written into it, too."""
    parts = (requirements(purpose), (PROJECT / "pyproject.toml").read_text(encoding="utf-8"), sys.version, str(PROJECT))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_ready(folder: Path, purpose: str) -> bool:
    """What tests need holds all that the desk needs, so either stamp will do for running."""
    enough = ("test",) if purpose == "test" else ("run", "test")
    return (folder / "bin/python").exists() and any(read(folder / f"ready.{name}") == stamp(name) for name in enough)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


@contextmanager
def only_one() -> Iterator[None]:
    """One at a time in this project; the lock file itself is what they take turns on, so nothing is left behind."""
    with (PROJECT / "requirements.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(folder: Path, purpose: str) -> None:
    # A fitting environment is added to, not replaced: a desk may be running from it.
    if read(folder / "made") != made_by(folder):
        make_environment(folder)
    say(f"Installing into {folder}. This happens once and takes about a minute.")
    for stale in folder.glob("ready.*"):
        stale.unlink()
    lock = folder / "requirements.txt"
    lock.write_text(requirements(purpose), encoding="utf-8")
    # Wheels only: no package gets to run its own code while it is being installed.
    install(folder, "--require-hashes", "--only-binary", ":all:", "-r", str(lock))
    install(folder, "--no-deps", "--no-build-isolation", "-e", str(PROJECT))
    (folder / f"ready.{purpose}").write_text(stamp(purpose), encoding="utf-8")


def made_by(folder: Path) -> str:
    """An environment holds paths to itself and to its Python: it fits only there, and only for that one."""
    return f"{folder}\n{sys.version}\n"


def make_environment(folder: Path) -> None:
    """A fresh environment in place of what is there; a folder that never was one is left alone."""
    if folder.exists() and any(folder.iterdir()) and not (folder / "pyvenv.cfg").exists():
        raise PrepareError(f"{folder} holds something else. Name an empty folder in VENV.")
    if not importlib.util.find_spec("venv"):
        raise PrepareError(f"{sys.executable} cannot make virtual environments. Debian: apt-get install python3-venv")
    if not has_own_pip() and not importlib.util.find_spec("pip"):
        raise PrepareError(f"{sys.executable} has neither venv nor pip. Debian: apt-get install python3-venv")
    shutil.rmtree(folder, ignore_errors=True)
    bare = [] if has_own_pip() else ["--without-pip"]
    run([sys.executable, "-m", "venv", *bare, str(folder)], "make the environment")
    (folder / "made").write_text(made_by(folder), encoding="utf-8")


def has_own_pip() -> bool:
    """Debian keeps ensurepip in a package of its own; a pip outside of the environment will do as well."""
    return importlib.util.find_spec("ensurepip") is not None


def install(folder: Path, *arguments: str) -> None:
    python = str(folder / "bin/python")
    pip = [python, "-m", "pip"] if has_own_pip() else [sys.executable, "-m", "pip", "--python", python]
    run([*pip, "--disable-pip-version-check", "--no-input", "--quiet", "install", *arguments], "install the packages")


def run(command: list[str], what: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(done.stdout, done.stderr, sep="", file=sys.stderr)  # noqa: T201
        raise PrepareError(f"Could not {what}; the reason is above. Mend it and run this again.")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except (PrepareError, OSError) as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("Stopped before the environment was ready. Run this again to finish.")
        sys.exit(130)

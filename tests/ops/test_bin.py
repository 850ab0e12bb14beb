"""The README's two commands: they find a Python, say plainly when there is none, and prepare once."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare", PROJECT / "bin" / "prepare.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def only(folder: Path) -> str:
    """A PATH with the plain tools and no Python but those in `folder`."""
    for name in ("sh", "dirname", "pwd"):
        target = shutil.which(name)
        if target and not (folder / name).exists():
            (folder / name).symlink_to(target)
    return str(folder)


def run(script: Path, *arguments: str, path: str, **environ: str) -> subprocess.CompletedProcess[str]:
    # Called from elsewhere, with no standard input.
    return subprocess.run(
        [str(script), *arguments],
        cwd="/",
        env={"PATH": path, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project in a folder whose name has blanks."""
    folder = tmp_path / "a desk of my own"
    for name in ("bin", "router", "rules", "channels", "web"):
        shutil.copytree(PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock"):
        shutil.copy(PROJECT / name, folder / name)
    return folder


@pytest.fixture
def ready(copy: Path, tmp_path: Path) -> Path:
    """An environment that looks prepared for `copy`: its Python is the one that runs this test."""
    environment = tmp_path / "environment"
    environment.mkdir()
    program(environment / "bin", "python", f'exec "{sys.executable}" "$@"')
    for purpose in ("run", "test"):
        asked = f"import sys; sys.path.insert(0, 'bin'); import prepare; print(prepare.stamp('{purpose}'), end='')"
        stamp = subprocess.run([sys.executable, "-c", asked], cwd=copy, capture_output=True, text=True, check=True)
        (environment / f"ready.{purpose}").write_text(stamp.stdout)
    return environment


def test_an_old_python_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    program(tmp_path / "path", "python3", 'case $1 in --version) echo "Python 3.9.2";; *) exit 1;; esac')
    result = run(PROJECT / "bin/run", path=only(tmp_path / "path"))
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Python 3.11 or newer is needed, and there is Python 3.9.2. Install one")


def test_no_python_at_all_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "path").mkdir()
    result = run(PROJECT / "bin/test", path=only(tmp_path / "path"))
    assert result.returncode == 1
    assert "there is no Python" in result.stderr


def test_a_python_that_is_only_a_name_is_passed_over(ready: Path, copy: Path, tmp_path: Path) -> None:
    program(tmp_path / "path", "python3.13", "echo 'not installed' >&2; exit 127")
    program(tmp_path / "path", "python3", f'exec "{sys.executable}" "$@"')
    result = run(copy / "bin/run", "--help", path=only(tmp_path / "path"), VENV=str(ready))
    assert result.returncode == 0, result.stderr
    assert "Run the whole desk here" in result.stdout


def test_it_starts_from_another_folder_and_keeps_its_data_at_home(ready: Path, copy: Path) -> None:
    result = run(
        copy / "bin/run", path=os.environ["PATH"], PYTHON=sys.executable, VENV=str(ready), SMTP_LISTEN="192.0.2.1:25"
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("SMTP_LISTEN: 192.0.2.1:25 cannot be opened")
    assert (copy / "data").is_dir()


def test_a_ready_environment_is_not_touched_again(ready: Path, copy: Path) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in ready.rglob("*"))
    result = run(copy / "bin/run", "--help", path=os.environ["PATH"], PYTHON=sys.executable, VENV=str(ready))
    assert (result.returncode, result.stderr) == (0, "")
    assert sorted((path, path.stat().st_mtime_ns) for path in ready.rglob("*")) == before


def test_a_python_without_venv_is_one_line(tmp_path: Path, copy: Path) -> None:
    # What Debian gives without python3-venv and python3-pip: new enough, but neither ensurepip nor pip.
    hide = "import sys; sys.modules['ensurepip'] = None; sys.modules['pip'] = None; import runpy; sys.argv = sys.argv[1:]; "
    stripped = f"""case "$1" in
      -c) case "$2" in *ensurepip*) exit 1;; *) exec "{sys.executable}" "$@";; esac;;
      *) exec "{sys.executable}" -c "{hide} runpy.run_path(sys.argv[0], run_name='__main__')" "$@";;
    esac"""
    program(tmp_path / "path", "python3", stripped)
    result = run(copy / "bin/run", path=only(tmp_path / "path"), VENV=str(tmp_path / "environment"))
    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_folder_with_something_else_in_it_is_never_emptied(tmp_path: Path, copy: Path) -> None:
    precious = tmp_path / "home"
    precious.mkdir()
    (precious / "letter.txt").write_text("keep me")
    result = run(copy / "bin/run", path=os.environ["PATH"], PYTHON=sys.executable, VENV=str(precious))
    assert result.returncode == 1
    assert "holds something else" in result.stderr.splitlines()[-1]
    assert (precious / "letter.txt").read_text() == "keep me"


def test_what_tests_need_is_enough_for_running_but_not_the_other_way(prepare: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    (tmp_path / "ready.run").write_text(prepare.stamp("run"))
    assert prepare.is_ready(tmp_path, "run")
    assert not prepare.is_ready(tmp_path, "test")
    (tmp_path / "ready.run").unlink()
    (tmp_path / "ready.test").write_text(prepare.stamp("test"))
    assert prepare.is_ready(tmp_path, "run")
    assert prepare.is_ready(tmp_path, "test")


def test_a_changed_lock_file_makes_the_environment_anew(
    prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(PROJECT / name, tmp_path)
    monkeypatch.setattr(prepare, "PROJECT", tmp_path)
    before, tests_before = prepare.stamp("run"), prepare.stamp("test")
    with (tmp_path / "requirements.lock").open("a") as lock:
        lock.write("another-test-tool==1.0\n")
    assert prepare.stamp("run") == before, "what only tests need is no reason to install the desk again"
    assert prepare.stamp("test") != tests_before


def test_two_at_once_take_turns(prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[Path] = []

    def build(folder: Path, purpose: str) -> None:
        builds.append(folder)
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "python").touch()
        (folder / f"ready.{purpose}").write_text(prepare.stamp(purpose))

    monkeypatch.setattr(prepare, "build", build)
    both = [threading.Thread(target=prepare.main, args=("run", tmp_path / "environment")) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert builds == [tmp_path / "environment"]


def test_missing_services_are_named_one_line_each(ready: Path, copy: Path, tmp_path: Path) -> None:
    program(tmp_path / "path", "python3", f'exec "{sys.executable}" "$@"')
    result = run(copy / "bin/test", "--version", path=only(tmp_path / "path"), VENV=str(ready))
    assert result.returncode == 0
    assert "bin/test: Chromium is missing" in result.stderr

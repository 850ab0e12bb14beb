"""The lock file: complete, hashed, and without any address in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
LOCK = (PROJECT / "requirements.lock").read_text()
RUNTIME, _, TESTS = LOCK.partition("# --- only for tests ---")
BLOCK = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+)(.*(?:\n    .*)*)", re.MULTILINE)


def locked(part: str) -> dict[str, str]:
    return {name: version for name, version, _ in BLOCK.findall(part)}


def project() -> dict[str, list[str]]:
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return {"run": table["dependencies"], "dev": table["optional-dependencies"]["dev"]}


@pytest.mark.parametrize("purpose", ["run", "dev"])
def test_every_dependency_is_locked_at_a_version_that_it_allows(purpose: str) -> None:
    there = locked(RUNTIME if purpose == "run" else LOCK)
    for requirement in map(Requirement, project()[purpose]):
        version = there.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked: run bin/lock"
        assert requirement.specifier.contains(version), f"{requirement.name} {version} does not fit: run bin/lock"


def test_every_package_has_hashes() -> None:
    assert all("--hash=sha256:" in rest for _, _, rest in BLOCK.findall(LOCK))


def test_no_package_is_in_both_parts() -> None:
    assert not set(locked(RUNTIME)) & set(locked(TESTS))


def test_what_only_tests_need_is_not_installed_for_running() -> None:
    assert "pytest" in locked(TESTS)
    assert "pytest" not in locked(RUNTIME)


def test_it_names_no_host() -> None:
    assert not re.search(r"https?:|file:|--index|--find-links|--extra", LOCK)

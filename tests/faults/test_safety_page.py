"""The safety page promises nothing without its proof: every test that it names exists."""

from __future__ import annotations

import ast
import re

import pytest
from services.lives import PROJECT

PAGE = PROJECT / "docs" / "safety.md"


def named_tests() -> list[tuple[str, str]]:
    """File and test, in the order of the page; `::name` alone means the file that was named last."""
    found: list[tuple[str, str]] = []
    for file, name in re.findall(r"`(tests/[\w/]+\.py)?::(\w+)`", PAGE.read_text(encoding="utf-8")):
        found.append((file or found[-1][0], name))
    return found


@pytest.mark.parametrize(("file", "name"), named_tests(), ids=lambda word: word.rpartition("/")[2])
def test_the_proof_exists(file: str, name: str) -> None:
    tree = ast.parse((PROJECT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_page_has_its_proofs() -> None:
    assert len(named_tests()) > 30

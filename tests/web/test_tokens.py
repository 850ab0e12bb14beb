"""The colours of the design system can be told apart: WCAG contrast of every pair that pages use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import web

CSS = (Path(web.__file__).parent / "static" / "css" / "tokens.css").read_text()
TOKENS = dict(re.findall(r"--([\w-]+): light-dark\((#\w+, #\w+)\)", CSS))
GROUNDS = ("paper", "surface", "hover", "accent-soft", "note", "agent", "draft")
TEXT = [
    *((ink, ground) for ink in ("ink", "ink-2") for ground in GROUNDS),
    *(
        (ink, ground)
        for ink in ("accent", "urgent", "high", "ok", "waiting")
        for ground in ("paper", "surface", "hover")
    ),
    ("on-accent", "accent"),
    ("accent", "accent-soft"),
    ("urgent", "urgent-soft"),
    ("ink", "urgent-soft"),
    ("high", "high-soft"),
    ("ink", "high-soft"),
    ("ink", "mark"),
    ("on-toast", "toast"),
    ("on-toast-2", "toast"),
    ("toast-accent", "toast"),
]
GRAPHICS = [
    ("edge", "paper"),
    ("edge", "surface"),
    ("accent", "accent-soft"),
    ("urgent", "accent-soft"),
    ("high", "accent-soft"),
]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str, scheme: int) -> float:
    one, other = (luminance(TOKENS[name].split(", ")[scheme]) for name in (first, second))
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT)
def test_text_can_be_read(ink: str, ground: str, scheme: int) -> None:
    assert contrast(ink, ground, scheme) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), GRAPHICS)
def test_marks_and_edges_can_be_seen(mark: str, ground: str, scheme: int) -> None:
    assert contrast(mark, ground, scheme) >= 3


def test_colours_are_written_in_the_tokens_alone() -> None:
    folder = Path(web.__file__).parent / "static" / "css"
    # A mail's frame is a document of its own, with no other style sheet beside it.
    allowed = {"tokens.css", "mail.css"}
    strays = {
        path.name: found
        for path in folder.glob("*.css")
        if path.name not in allowed and (found := re.findall(r":[^;{]*(#[0-9a-fA-F]{3,8})\b", path.read_text()))
    }
    assert not strays

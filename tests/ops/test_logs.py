"""One calm line for each event, and nothing of a customer's in it."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from router import logs

log = logging.getLogger("tests.ops")


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Hand the log back as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    for handler in set(root.handlers) - set(before):
        handler.close()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_ids_follow_the_words_as_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("ingest", "INFO", tmp_path)
    log.info("mail recorded", extra={"account": "support", "inbound": 12})
    assert capsys.readouterr().err[9:] == "ingest   mail recorded account=support inbound=12\n"


def test_what_is_bound_is_in_every_line_inside_and_in_none_outside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.setup("ingest", "INFO", tmp_path)
    with logs.bind(job="send"):
        log.info("inside", extra={"ticket": "QK7M-4XPB"})
    log.info("outside")
    inside, outside = capsys.readouterr().err.splitlines()
    assert inside.endswith("inside job=send ticket=QK7M-4XPB")
    assert outside.endswith("outside")


def test_an_error_is_one_line_and_its_words_stay_in_the_private_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.setup("ingest", "INFO", tmp_path)
    try:
        raise ValueError("Dear desk, my secret is 42")
    except ValueError:
        log.exception("tick failed", extra={"bell": "send"})
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.endswith("error: tick failed bell=send error=ValueError\n")
    kept = logs.error_log(tmp_path)
    assert "my secret is 42" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_no_error_no_file(tmp_path: Path) -> None:
    logs.setup("ingest", "INFO", tmp_path)
    log.warning("only a warning")
    assert not logs.error_log(tmp_path).exists()


def test_a_line_break_cannot_forge_a_second_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.setup("ingest", "INFO", tmp_path)
    log.info("two\nlines", extra={"name_of_file": "a\n12:00:00 web forged"})
    assert capsys.readouterr().err.count("\n") == 1

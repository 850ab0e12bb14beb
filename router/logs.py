"""One calm line for each event: time, process, constant words, then ids as fields.

Never message text, addresses or tokens: events carry ids, and a traceback, which may quote anything, goes to
`DATA_DIR/error.log` alone, readable by the desk's own user.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

_bound: ContextVar[dict[str, Any] | None] = ContextVar("log_fields", default=None)
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Libraries that tell every step at INFO.
_TALKATIVE = ("rq", "gunicorn", "mail.log", "imapclient", "alembic", "asyncio", "flask-limiter", "werkzeug")


def setup(role: str, level: str, data_dir: Path) -> None:
    """Send this process's log to standard error, and tracebacks to `error.log`. Calling it again replaces the last."""
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(LineFormatter(role))
    root = logging.getLogger()
    root.handlers[:] = [console, _error_file(role, data_dir)]
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


@contextmanager
def bind(**fields: Any) -> Iterator[None]:
    """Every event inside carries `fields`, such as the job or the request that it belongs to."""
    token = _bound.set({**(_bound.get() or {}), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


class LineFormatter(logging.Formatter):
    """`12:31:07 ingest   mail recorded account=support`: an error is named by its type, its words are in error.log."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        fields = fields_of(record)
        if record.exc_info and record.exc_info[0]:
            fields.setdefault("error", record.exc_info[0].__name__)
        told = "".join(f" {name}={_plain(value)}" for name, value in fields.items())
        words = " ".join(record.getMessage().split())
        return f"{self.formatTime(record, '%H:%M:%S')} {self.role:<8} {level}{words}{told}"


class ErrorFormatter(LineFormatter):
    """The same line with its date, then the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.formatTime(record, '%Y-%m-%d')} {super().format(record)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What was handed over in `extra`, after what is bound."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD and name != "color_message"}
    return {**(_bound.get() or {}), **own}


def error_log(data_dir: Path) -> Path:
    return data_dir / "error.log"


def _plain(value: Any) -> str:
    """One word, or a quoted one where a blank would split it."""
    text = str(value)
    return text if text and not any(c.isspace() or c in "\"'=" for c in text) else repr(text)


def _error_file(role: str, data_dir: Path) -> logging.Handler:
    # Opened with the first error: most processes never have one. A short append is one write, so processes do not mix.
    handler = _PrivateFile(error_log(data_dir), encoding="utf-8", delay=True)
    handler.setLevel(logging.ERROR)
    handler.setFormatter(ErrorFormatter(role))
    return handler


class _PrivateFile(logging.FileHandler):
    """Made with 0600: a traceback may quote what a customer wrote."""

    def _open(self) -> Any:
        handle = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        return os.fdopen(handle, "a", encoding=self.encoding)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("desk").critical("stopped by an error", exc_info=(kind, error, trace))

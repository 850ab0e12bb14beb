"""A TOML text being read: its values, the line of each, and the list of everything that is wrong so far."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from rules.lines import LineMap, Path
from rules.rulebook import Problem


class Source:
    """Reading never stops at a problem: `problem` notes it and the reader goes on with something harmless."""

    def __init__(self, text: str, what: str) -> None:
        self.what = what
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = {}
        self._lines: LineMap | None = None
        try:
            self.data = tomllib.loads(text)
            self._lines = LineMap(text)
        except tomllib.TOMLDecodeError as error:
            self.problems.append(_syntax(what, str(error)))

    @property
    def broken(self) -> bool:
        """True when the text is no TOML at all, so that nothing else can be said of it."""
        return self._lines is None

    def line(self, *path: str | int) -> int:
        return self._lines.line(*path) if self._lines else 0

    def problem(self, path: Path, reason: str, proposal: str) -> None:
        self.problems.append(Problem(self.line(*path), self.where(path), reason, proposal))

    def where(self, path: Path) -> str:
        """The place in words: `rule "refund", if any 1`."""
        if len(path) > 1 and path[0] == "rule":
            rule = self.data["rule"][path[1]]
            name = rule.get("name") if isinstance(rule, dict) else None
            rest = " ".join(str(part + 1 if isinstance(part, int) else part) for part in path[2:])
            first = f'rule "{name}"' if isinstance(name, str) else f"rule {int(path[1]) + 1}"
            return f"{first}, {rest}" if rest else first
        return f"{self.what}: {'.'.join(map(str, path))}" if path else self.what

    def table(self, *path: str | int) -> dict[str, Any]:
        """The table at `path`, empty when it is absent or something else."""
        value: Any = self.data
        for key in path:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        if isinstance(value, dict):
            return value
        self.problem(path, "This should be a table.", f"Write [{'.'.join(map(str, path))}] and its lines below it.")
        return {}

    def string(self, path: Path, value: Any) -> str:
        if isinstance(value, str):
            return value
        self.problem(path, f"This should be a text, not {value!r}.", "Put it in quotes.")
        return ""

    def strings(self, path: Path, value: Any) -> tuple[str, ...]:
        """A list of texts; one text alone is a list of one."""
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            return tuple(self.string((*path, at), one) for at, one in enumerate(value))
        self.problem(path, f"This should be a list of texts, not {value!r}.", 'Write it like ["one", "two"].')
        return ()

    def whole(self, path: Path, value: Any, least: int = 0) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        reason = f"This should be a whole number from {least}, not {value!r}."
        self.problem(path, reason, "Write digits, without quotes.")
        return least

    def known(self, path: Path, value: str, allowed: Collection[str], what: str) -> bool:
        """True when `value` is one of `allowed`; otherwise the problem names what was probably meant."""
        if value in allowed:
            return True
        self.problem(path, f'There is no {what} "{value}".', suggestion(value, allowed))
        return False

    def only(self, path: Path, keys: Iterable[str], allowed: Collection[str], what: str) -> None:
        for key in keys:
            self.known((*path, key), key, allowed, what)


def suggestion(value: str, allowed: Collection[str]) -> str:
    """What was probably meant, or the whole list while it is short."""
    close = get_close_matches(value, allowed, 1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return f"Use one of {', '.join(sorted(allowed))}." if 0 < len(allowed) <= 40 else "Define it first."


def _syntax(what: str, message: str) -> Problem:
    at = re.search(r"at line (\d+)", message)
    reason = re.sub(r" \(at .*\)$", "", message)
    line = int(at[1]) if at else 0
    return Problem(line, what, f"This is not TOML: {reason}.", "Mend this line; then the rest can be read.")

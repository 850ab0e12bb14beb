"""On which line each value of a TOML text stands: the standard reader does not tell, and people need to know.

Only for texts that the standard reader has accepted; it checks nothing.
"""

from __future__ import annotations

from bisect import bisect_left

Path = tuple[str | int, ...]


class LineMap:
    """Line numbers by path: `("rule", 2, "if", "any", 0)` is the first condition of the third rule."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        _Scanner(text, self.lines).document()

    def line(self, *path: str | int) -> int:
        """The line of the value, or of the nearest thing around it; 0 when not even that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


class _Scanner:
    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self.text = text
        self.at = 0
        self.lines = lines
        self.counts: dict[Path, int] = {}
        self.breaks = [at for at, letter in enumerate(text) if letter == "\n"]

    def document(self) -> None:
        table: Path = ()
        while self.skip_blank():
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.pair(table)

    def header(self, brackets: int) -> Path:
        line = self.line()
        self.at += brackets
        path = self.resolve(self.key("]"))
        self.at += brackets
        if brackets == 2:
            self.counts[path] = self.counts.get(path, -1) + 1
            path = (*path, self.counts[path])
        self.note(path, line)
        return path

    def resolve(self, keys: Path) -> Path:
        """A header below an array of tables means the last table of it."""
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            if path in self.counts:
                path = (*path, self.counts[path])
        return (*path, keys[-1])

    def pair(self, table: Path) -> None:
        line = self.line()
        path = table + self.key("=")
        self.at += 1
        for length in range(len(table) + 1, len(path) + 1):
            self.note(path[:length], line)
        self.value(path)

    def key(self, until: str) -> Path:
        keys: list[str] = []
        while self.text[self.at] != until:
            if self.text[self.at] in "'\"":
                start = self.at
                self.string()
                keys.append(self.text[start + 1 : self.at - 1])
            elif self.text[self.at] in " \t.":
                self.at += 1
            else:
                keys.append(self.bare(until))
        return tuple(keys)

    def bare(self, until: str) -> str:
        start = self.at
        while self.text[self.at] not in f" \t.{until}":
            self.at += 1
        return self.text[start : self.at]

    def value(self, path: Path) -> None:
        self.skip_blank()
        self.note(path, self.line())
        letter = self.text[self.at]
        if letter in "'\"":
            self.string()
        elif letter == "[":
            self.array(path)
        elif letter == "{":
            self.inline_table(path)
        else:
            while self.at < len(self.text) and self.text[self.at] not in ",]}\n#":
                self.at += 1

    def array(self, path: Path) -> None:
        self.at += 1
        count = 0
        while self.skip_blank(",") and self.text[self.at] != "]":
            self.value((*path, count))
            count += 1
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.skip_blank(",") and self.text[self.at] != "}":
            self.pair(path)
        self.at += 1

    def string(self) -> None:
        quote = self.text[self.at]
        mark = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        self.at += len(mark)
        while not self.text.startswith(mark, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(mark)
        while len(mark) == 3 and self.text.startswith(quote, self.at):
            self.at += 1  # a long string may end with quotes of its own

    def skip_blank(self, also: str = "") -> bool:
        """Step over blanks and comments; False at the end of the text."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            elif self.text[self.at] in f" \t\r\n{also}":
                self.at += 1
            else:
                return True
        return False

    def line(self) -> int:
        return bisect_left(self.breaks, self.at) + 1

    def note(self, path: Path, line: int) -> None:
        self.lines.setdefault(path, line)

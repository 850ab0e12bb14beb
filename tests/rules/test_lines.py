import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rules.lines import LineMap

TEXT = '''# comment with [brackets] and "quotes
top = "a # no comment"
[desk]
topics = [ # one
    "a]", # two
    'b\\',
]
words.zh = """
long = "no"
"""
"quoted key" = { a = 1, b = ["x", { c = true }] }

[[rule]]
name = "one"
if.any = [
    { fact = "text", in = ["x"] },
    { all = [
        { fact = "y" },
    ] },
]
[rule.then]
topic = "t"
[[rule]]
name = "two"
last = 2026-01-01'''


def test_every_value_has_its_line() -> None:
    lines = LineMap(TEXT)
    assert lines.line("top") == 2
    assert lines.line("desk", "topics", 1) == 6
    assert lines.line("desk", "words", "zh") == 8
    assert lines.line("desk", "quoted key", "b", 1, "c") == 11
    assert lines.line("rule", 0) == 13
    assert lines.line("rule", 0, "if", "any", 1, "all", 0, "fact") == 18
    assert lines.line("rule", 0, "then", "topic") == 22
    assert lines.line("rule", 1, "name") == 24
    assert lines.line("rule", 1, "last") == 25


def test_what_is_not_there_gets_the_line_of_what_surrounds_it() -> None:
    lines = LineMap(TEXT)
    assert lines.line("rule", 1, "mode") == 23
    assert lines.line("nowhere") == 0


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [p for key, inner in value.items() for p in [(*path, key), *paths(inner, (*path, key))]]
    if isinstance(value, list):
        return [p for at, inner in enumerate(value) for p in [(*path, at), *paths(inner, (*path, at))]]
    return []


VALUES = st.recursive(
    st.sampled_from(["1", "true", '"a"', "'#'", '"""\n"x""""', '"\\""', "2026-01-01", "1.5"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[\n" + ",\n".join(parts) + "]")
        | st.lists(inner, max_size=3).map(lambda p: "{" + ", ".join(f"k{n} = {v}" for n, v in enumerate(p)) + "}")
    ),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4))
def test_whatever_the_standard_reader_finds_has_a_line(values: list[str]) -> None:
    text = "".join(f"[[t]]\nv{n}.w = {value} # c\n" for n, value in enumerate(values))
    lines = LineMap(text)
    for path in paths(tomllib.loads(text)):
        assert path in lines.lines or path == ("t",), path

"""The manual tells all that there is, and its examples work."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from rules.conditions import OPERATORS
from rules.facts import EVENTS, FACTS
from rules.rulebook import ACTIONS, MODES, PLACEHOLDERS, Rulebook, RulebookError

MANUAL = (Path(__file__).parents[2] / "docs" / "rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)


@pytest.mark.parametrize(("name", "fact"), FACTS.items())
def test_every_fact_is_in_the_table_as_the_code_has_it(name: str, fact: tuple[str, str, str]) -> None:
    assert f"| `{name}` | {' | '.join(fact)} |" in MANUAL


@pytest.mark.parametrize("name", OPERATORS)
def test_every_operator_is_in_the_table_as_the_code_has_it(name: str) -> None:
    line = next(line for line in MANUAL.splitlines() if line.startswith(f"| `{name}` |"))
    operator = OPERATORS[name]
    assert line.endswith(f" | {operator.meaning} | `{operator.example}` |")
    kinds = line.split(" | ")[1]
    assert kinds == "all" or kinds.split(", ") == [kind.value for kind in operator.kinds]


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_in_the_table_as_the_code_has_it(name: str) -> None:
    meaning, example = ACTIONS[name]
    assert f"| `{name}` | {meaning} | `{example}` |" in MANUAL


@pytest.mark.parametrize("word", [*EVENTS, *MODES, *(f"`{{{name}}}`" for name in PLACEHOLDERS)])
def test_every_event_mode_and_placeholder_is_named(word: str) -> None:
    assert word in MANUAL


def test_the_tables_name_nothing_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", MANUAL, re.MULTILINE))
    assert named == set(FACTS) | set(OPERATORS) | set(ACTIONS)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_toml(example: str) -> None:
    assert tomllib.loads(example)


@pytest.mark.parametrize("name", OPERATORS)
def test_the_example_of_every_operator_is_accepted(with_condition: Callable[[str], Rulebook], name: str) -> None:
    fact = {"rank": "customer_open_tickets", "ranks": "customer_open_tickets"}.get(OPERATORS[name].takes, "text")
    fact = {"in": "channel", "at_most": "priority", "equals": "channel"}.get(name, fact)
    assert with_condition(f'{{ fact = "{fact}", {name} = {OPERATORS[name].example} }}')


def test_the_mistakes_in_the_manual_are_told_in_these_words(make: Callable[..., Rulebook]) -> None:
    rule = '[[rule]]\nname = "refund"\nif.all = [{ fact = "txet", starts = "a" }]\nthen.topic = "refunds"\n'
    with pytest.raises(RulebookError) as caught:
        make(rule)
    shown = re.findall(r"^line \d+, (rule .*)$", MANUAL, re.MULTILINE)
    assert [str(problem).split(", ", 1)[1] for problem in caught.value.problems] == shown

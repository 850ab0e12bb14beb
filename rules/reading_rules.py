"""Reads the ordered list: names, events, conditions and actions, each with its line where something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from rules import patterns
from rules.conditions import GROUPS, OPERATORS, Check, Condition, Group, kind_of
from rules.facts import EVENTS, FACTS, PRIORITIES, Kind
from rules.index import read_term
from rules.lines import Path
from rules.rulebook import ACTIONS, MODES, STATUSES, Rule
from rules.source import Source

# Words that people will try because other desks have them. Refused, never ignored.
_NOT_YET_EVENTS = ("updated", "clock warning", "clock breached", "waiting", "manual")
_NOT_YET_ACTIONS = ("assignee", "snooze", "note", "notify", "link", "ask", "skill")
_NOT_YET_OPERATORS = ("changed_to", "within_business_hours")
_RULE = ("name", "note", "when", "if", "then", "stop", "mode")
_NEVER = Check("channel", "in", ())


class Names(NamedTuple):
    """What a rule may refer to."""

    topics: tuple[str, ...]
    teams: tuple[str, ...]
    clocks: tuple[str, ...]
    replies: tuple[str, ...]
    languages: tuple[str, ...]
    identifiers: tuple[str, ...]

    def of(self, key: str) -> Collection[str] | None:
        """The only values that a fact or an action can have; None where anything goes."""
        closed: dict[str, Collection[str]] = {
            "topic": self.topics,
            "team": self.teams,
            "clock": self.clocks,
            "acknowledge": (*self.replies, "none"),
            "language": self.languages,
            "priority": PRIORITIES,
            "priority_at_least": PRIORITIES,
            "status": STATUSES,
        }
        return closed.get(key)


def read_rules(source: Source, names: Names, words: Mapping[str, tuple[str, ...]]) -> tuple[Rule, ...]:
    rules = source.data.get("rule", [])
    if not isinstance(rules, list):
        source.problem(("rule",), "Rules are a list.", "Write [[rule]] with two brackets above each.")
        return ()
    reader = _RuleReader(source, names, words)
    return tuple(reader.rule(at, table) for at, table in enumerate(rules))


class _RuleReader:
    def __init__(self, source: Source, names: Names, words: Mapping[str, tuple[str, ...]]) -> None:
        self.source = source
        self.names = names
        self.words = words

    def rule(self, at: int, table: dict[str, Any]) -> Rule:
        path, source = ("rule", at), self.source
        source.only(path, table, _RULE, "part of a rule")
        name = source.string((*path, "name"), table.get("name", ""))
        if not name.strip():
            source.problem(path, "The rule has no name.", 'Give it one, such as name = "refund".')
        mode = source.string((*path, "mode"), table.get("mode", "live"))
        source.known((*path, "mode"), mode, MODES, "mode")
        condition = self.condition((*path, "if"), table["if"]) if "if" in table else None
        note = source.string((*path, "note"), table.get("note", ""))
        stop = self.yes_no((*path, "stop"), table.get("stop", False))
        when, then = self.when(path, table), self.then((*path, "then"), table.get("then", {}))
        return Rule(name, at + 1, when, condition, then, stop, mode, note, source.line(*path))

    def when(self, path: Path, table: dict[str, Any]) -> tuple[str, ...]:
        path = (*path, "when")
        events = self.source.strings(path, table.get("when", ["received"]))
        for event in events:
            if event in _NOT_YET_EVENTS:
                self.source.problem(path, f'The desk cannot act on "{event}" yet.', _use(EVENTS))
            else:
                self.source.known(path, event, EVENTS, "event")
        if not events:
            self.source.problem(path, "A rule without an event never runs.", _use(EVENTS))
        return events

    def then(self, path: Path, table: Any) -> dict[str, Any]:
        if not isinstance(table, dict):
            self.source.problem(path, "Actions are a table.", 'Write then.topic = "refund".')
            return {}
        if "priority" in table and "priority_at_least" in table:
            self.source.problem(path, "Priority is set in two ways.", "Keep priority or priority_at_least.")
        return {name: self.action((*path, name), name, value) for name, value in table.items()}

    def action(self, path: Path, name: str, value: Any) -> Any:
        if name in _NOT_YET_ACTIONS:
            self.source.problem(path, f'The desk cannot do "{name}" yet.', _use(ACTIONS))
            return value
        if not self.source.known(path, name, ACTIONS, "action"):
            return value
        if name in ("tag", "untag"):
            return self.source.strings(path, value)
        word = self.source.string(path, value)
        allowed = self.names.of(name)
        if isinstance(value, str) and allowed is not None:
            self.source.known(path, word, allowed, _called(name))
        return word

    def condition(self, path: Path, table: Any) -> Condition:
        """A group, several groups that must all hold, or one check."""
        if not isinstance(table, dict) or not table:
            self.source.problem(path, "This is no condition.", 'Write { fact = "text", contains_any = ["refund"] }.')
            return _NEVER
        groups = [name for name in GROUPS if name in table]
        if not groups:
            return self.check(path, table)
        self.source.only(path, [key for key in table if key not in GROUPS], GROUPS, "kind of group")
        parts = tuple(self.group((*path, name), name, table[name]) for name in groups)
        return parts[0] if len(parts) == 1 else Group("all", parts)

    def group(self, path: Path, kind: str, value: Any) -> Condition:
        parts = [value] if isinstance(value, dict) else value
        if not isinstance(parts, list) or not parts:
            self.source.problem(path, "The group is empty.", "Put at least one condition into it.")
            return _NEVER
        return Group(kind, tuple(self.condition((*path, at), part) for at, part in enumerate(parts)))

    def check(self, path: Path, table: dict[str, Any]) -> Condition:
        source = self.source
        operators = [key for key in table if key != "fact"]
        if "fact" not in table or len(operators) != 1:
            source.problem(path, "A condition is one fact and one operator.", 'Write { fact = "…", equals = "…" }.')
            return _NEVER
        fact, operator = source.string((*path, "fact"), table["fact"]), operators[0]
        known = source.known(path, fact, (*FACTS, *self.names.identifiers), "fact")
        if operator in _NOT_YET_OPERATORS:
            source.problem(path, f'The desk cannot test "{operator}" yet.', _use(OPERATORS))
        elif source.known(path, operator, OPERATORS, "operator") and known:
            return self.operator(path, fact, operator, table[operator])
        return _NEVER

    def operator(self, path: Path, fact: str, operator: str, value: Any) -> Condition:
        kind = kind_of(fact)
        if kind not in OPERATORS[operator].kinds:
            fitting = [name for name, one in OPERATORS.items() if kind in one.kinds]
            self.source.problem(path, f"{operator} does not fit {fact}, which is {kind.value}.", _use(fitting))
            return _NEVER
        path = (*path, operator)
        read: dict[str, Callable[[Path, str, Any], Any]] = {
            "terms": self.terms,
            "patterns": self.patterns,
            "value": self.value,
            "values": self.values,
            "rank": self.value,
            "ranks": self.ranks,
            "yes/no": lambda path, _fact, value: self.yes_no(path, value),
        }
        return Check(fact, operator, read[OPERATORS[operator].takes](path, fact, value))

    def terms(self, path: Path, fact: str, value: Any) -> tuple[str, ...]:
        """The terms, with each "@name" replaced by the word list of that name."""
        terms: list[str] = []
        for term in self.source.strings(path, value):
            if term.startswith("@"):
                if self.source.known(path, term[1:], tuple(self.words), "word list"):
                    terms += self.words[term[1:]]
            else:
                terms.append(term)
        if not terms:
            self.source.problem(path, "There are no terms, so the outcome is always the same.", "Add terms.")
        for term in terms:
            self.term(path, fact, term)
        return tuple(dict.fromkeys(terms))

    def term(self, path: Path, fact: str, term: str) -> None:
        if not read_term(term).stem:
            self.source.problem(path, f'The term "{term}" is empty and would be found in every text.', "Remove it.")
        allowed = self.names.of(fact)
        if allowed is not None and "*" not in term:
            self.source.known(path, term, allowed, _called(fact))

    def patterns(self, path: Path, _fact: str, value: Any) -> tuple[str, ...]:
        sources = self.source.strings(path, value)
        if not sources:
            self.source.problem(path, "There is no pattern, so it never holds.", "Add one.")
        for pattern in sources:
            try:
                patterns.compile_safe(pattern)
            except patterns.PatternError as error:
                reason = f"The pattern {pattern} is refused: {error}."
                self.source.problem(path, reason, "Use limits such as {1,20}, and no look-around.")
        return sources

    def value(self, path: Path, fact: str, value: Any) -> Any:
        kind = kind_of(fact)
        if kind is Kind.NUMBER:
            return self.source.whole(path, value)
        if kind is Kind.YES_NO:
            return self.yes_no(path, value)
        word = self.source.string(path, value)
        allowed = self.names.of(fact)
        if isinstance(value, str) and allowed is not None and not self.source.known(path, word, allowed, _called(fact)):
            return next(iter(allowed), word)
        return word

    def values(self, path: Path, fact: str, value: Any) -> tuple[Any, ...]:
        if isinstance(value, list) and value:
            return tuple(self.value((*path, at), fact, one) for at, one in enumerate(value))
        self.source.problem(path, "This should be a list with at least one value.", 'Write it like ["one", "two"].')
        return ()

    def ranks(self, path: Path, fact: str, value: Any) -> tuple[Any, ...]:
        if isinstance(value, list) and len(value) == 2:
            low, high = self.values(path, fact, value)
            if kind_of(fact) is Kind.PRIORITY and low in PRIORITIES and high in PRIORITIES:
                ordered = PRIORITIES.index(low) <= PRIORITIES.index(high)
            else:
                ordered = low <= high
            if not ordered:
                self.source.problem(path, "The first is more than the second, so it never holds.", "Swap them.")
            return low, high
        self.source.problem(path, "between needs two values.", "Write it like [1, 5].")
        return (0, 0)

    def yes_no(self, path: Path, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        self.source.problem(path, f"This should be true or false, not {value!r}.", "Write it without quotes.")
        return False


def _use(allowed: Collection[str]) -> str:
    return f"Use one of {', '.join(allowed)}."


def _called(name: str) -> str:
    return {"acknowledge": "reply", "priority_at_least": "priority"}.get(name, name)

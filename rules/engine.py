"""Facts in, decision out. The same rulebook and the same facts give the same decision, byte for byte, for ever.

`decide` is the fast way, `explain` the full story of every rule. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rules.conditions import index_terms
from rules.decision import Decision, Fired
from rules.facts import PRIORITIES, Facts
from rules.found import Node, compile_node, found_by
from rules.index import TermIndex
from rules.rulebook import Rule, Rulebook
from rules.trace import ConditionTrace, examine, written
from rules.view import View

NO_REPLY = "none"


class Step(NamedTuple):
    """One rule, ready to run. `node` None matches everything."""

    rule: Rule
    node: Node | None

    def holds(self, view: View) -> bool:
        """A rule that cannot read a fact is a miss, never a lost message; `explain` gives the reason."""
        try:
            return self.node is None or self.node.holds(view)
        except (TypeError, ValueError, KeyError, AttributeError):
            return False


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of each event in their order, without those that are off, and the index of all their keywords."""

    index: TermIndex
    steps: dict[str, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """What became of one rule. `outcome` is fired, shadow, off, missed or not reached; `reason` says why in words;
    `condition` is None where it was not looked at or matches everything."""

    rule: str
    position: int
    outcome: str
    reason: str = ""
    condition: ConditionTrace | None = None
    fired: Fired | None = None
    stopped_by: str = ""


def compile_rules(rules: Iterable[Rule]) -> Compiled:
    """Everything that can be worked out before the first message."""
    active = [rule for rule in rules if rule.mode != "off"]
    index = TermIndex(term for rule in active for term in index_terms(rule.condition))
    steps = [Step(rule, compile_node(rule.condition, index) if rule.condition else None) for rule in active]
    events = sorted({event for rule in active for event in rule.when})
    return Compiled(index, {event: tuple(step for step in steps if event in step.rule.when) for event in events})


def decide(rulebook: Rulebook, facts: Facts) -> Decision:
    """Read the rules top down and say what they want. Never raises, whatever the text."""
    compiled = rulebook.compiled
    view = View(compiled.index, facts)
    draft = Draft(view)
    for step in compiled.steps.get(facts.event, ()):
        if step.holds(view):
            draft.fire(step, compiled.index)
            if step.rule.stop and step.rule.mode == "live":
                break
    return draft.decision()


def explain(rulebook: Rulebook, facts: Facts) -> tuple[RuleTrace, ...]:
    """Every rule in its order: fired and with what, or why not."""
    compiled = rulebook.compiled
    view = View(compiled.index, facts)
    draft = Draft(view)
    steps = {step.rule.position: step for step in compiled.steps.get(facts.event, ())}
    traces: list[RuleTrace] = []
    stopped_by = ""
    for rule in rulebook.rules:
        trace = _trace(rule, view, stopped_by)
        if trace.outcome in ("fired", "shadow"):
            fired = draft.fire(steps[rule.position], compiled.index)
            trace = RuleTrace(rule.name, rule.position, trace.outcome, condition=trace.condition, fired=fired)
            stopped_by = rule.name if rule.stop and rule.mode == "live" else ""
        traces.append(trace)
    return tuple(traces)


def _trace(rule: Rule, view: View, stopped_by: str) -> RuleTrace:
    def told(outcome: str, reason: str = "", condition: ConditionTrace | None = None) -> RuleTrace:
        return RuleTrace(rule.name, rule.position, outcome, reason, condition, stopped_by=stopped_by)

    if rule.mode == "off":
        return told("off", "the rule is switched off")
    if stopped_by:
        return told("not reached", f"stopped by {stopped_by}")
    if view.facts.event not in rule.when:
        return told("missed", f"it looks at {written(rule.when)}; this is {view.facts.event}")
    outcome = "shadow" if rule.mode == "shadow" else "fired"
    if rule.condition is None:
        return told(outcome)
    condition = examine(rule.condition, view)
    if condition.held:
        return told(outcome, condition=condition)
    return told("missed", "; ".join(_blame(part) for part in condition.failures()), condition)


def _blame(part: ConditionTrace) -> str:
    return f"{part.text}: {part.actual}"


@dataclass(slots=True)
class Draft:
    """The decision while it grows. The first writer of a field keeps it."""

    view: View
    values: dict[str, str] = field(default_factory=dict)
    writers: dict[str, str] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    fired: list[Fired] = field(default_factory=list)

    def fire(self, step: Step, index: TermIndex) -> Fired:
        """Write what the rule wants, as far as nobody above has. A shadow rule writes nothing."""
        rule = step.rule
        wanted = dict(self._wanted(rule))
        # "At least" may write over a rule above, because it can only raise.
        raised = "priority" if "priority_at_least" in rule.then else ""
        lost = {name: self.writers[name] for name in wanted if name in self.writers and name != raised}
        kept = {name: value for name, value in wanted.items() if name not in lost}
        if rule.mode == "live":
            for name, value in kept.items():
                self._write(rule.name, name, value)
        found = found_by(step.node, self.view, index) if step.node else ()
        fired = Fired(rule.name, rule.position, rule.mode == "shadow", found, kept, lost)
        self.fired.append(fired)
        return fired

    def _wanted(self, rule: Rule) -> Iterator[tuple[str, Any]]:
        for name, value in rule.then.items():
            if name == "priority_at_least":
                if self._below(value):
                    yield "priority", value
            elif name == "acknowledge":
                yield name, "" if value == NO_REPLY else value
            else:
                yield name, value

    def _below(self, least: str) -> bool:
        now = self.view.decided["priority"]
        return now not in PRIORITIES or PRIORITIES.index(now) < PRIORITIES.index(least)

    def _write(self, rule: str, name: str, value: Any) -> None:
        now = self.view.decided
        if name == "tag":
            self.added += [tag for tag in value if tag not in self.added and tag not in self.removed]
        elif name == "untag":
            self.removed += [tag for tag in value if tag not in self.added and tag not in self.removed]
        else:
            self.values[name] = value
            self.writers[name] = rule
        if name in ("tag", "untag"):
            now["tags"] = tuple(tag for tag in dict.fromkeys((*now["tags"], *self.added)) if tag not in self.removed)
        elif name in now:
            now[name] = value

    def decision(self) -> Decision:
        return Decision(
            **self.values,
            tags=tuple(self.added),
            untags=tuple(self.removed),
            fired=tuple(self.fired),
        )

"""The story of a decision in the reader's language: a sentence, the rules in their order, the clock's arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.tickets.why import AckStory, ClockStory, DecisionStory, Why
from web.ticket_words import term
from web.tongue import gettext as _

# The fields of which a person asks "why" first.
_TELLING = ("priority", "topic", "team", "status")
_BLAMED = 3
_TERMS = 8
_STEPS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Verdict:
    """The sentence on top: `what` because of `rule`, which found `words`."""

    what: str
    rule: str
    words: tuple[str, ...]
    last_resort: bool


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: what became of it, what it set, and what it missed."""

    position: int
    name: str
    outcome: str
    sets: str = ""
    lost: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    stopped_by: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """All that the panel shows. `others` are the rules' lines for later messages' decisions: only the newest is told."""

    message_id: int | None
    version: int | None
    verdict: Verdict | None
    rules: tuple[RuleLine, ...]
    clock: ClockStory | None
    steps: tuple[Any, ...]
    left_out: int
    acknowledgement: AckStory


def told(why: Why) -> Told:
    """What the panel of a ticket says: of the decision on the opening message, which is what the ticket rests on."""
    story = why.decisions[-1] if why.decisions else None
    steps = why.clock.due.steps if why.clock else ()
    left_out = max(0, len(steps) - _STEPS_SHOWN)
    return Told(
        story.message_id if story else None,
        story.rulebook_version if story else None,
        verdict(story) if story else None,
        tuple(rule_line(trace, story) for trace in story.trace) if story else (),
        why.clock,
        (*steps[: _STEPS_SHOWN // 2], *steps[len(steps) - _STEPS_SHOWN // 2 :]) if left_out else steps,
        left_out,
        why.acknowledgement,
    )


def verdict(story: DecisionStory) -> Verdict | None:
    """Which rule set the most telling field, and by which words."""
    live = [fired for fired in story.decision.fired if not fired.shadow]
    for name in _TELLING:
        for fired in live:
            if fired.set.get(name):
                last = fired.position == len(story.trace)
                return Verdict(_value(name, fired.set[name]), fired.rule, found_words(fired.found, story), last)
    return None


def rule_line(trace: Any, story: DecisionStory) -> RuleLine:
    """One line of the table. A rule that fired says what it set, one that did not, which condition failed."""
    fired = trace.fired
    return RuleLine(
        trace.position,
        trace.rule,
        trace.outcome,
        sets=_(", ").join(_set(name, value) for name, value in fired.set.items()) if fired else "",
        lost=_lost(fired.lost) if fired else (),
        words=found_words(fired.found, story) if fired else (),
        missed=_missed(trace) if trace.outcome == "missed" else (),
        stopped_by=trace.stopped_by if trace.outcome == "not reached" else "",
    )


def found_words(found: Any, story: DecisionStory) -> tuple[str, ...]:
    """The words as the customer wrote them, each once."""
    texts = {"subject": story.facts.subject, "text": story.facts.text}
    written = (texts.get(mark.fact, "")[mark.start : mark.end] or mark.term for mark in found)
    return tuple(dict.fromkeys(word for word in written if word.strip()))[:_TERMS]


def _missed(trace: Any) -> tuple[str, ...]:
    if trace.condition is None:
        return (_("it looks at other messages"),)
    failures = list(trace.condition.failures())
    told = [_blame(part) for part in failures[:_BLAMED]]
    more = len(failures) - len(told)
    return (*told, *([_("and %(count)s more", count=more)] if more else []))


def _blame(part: Any) -> str:
    name, how = term("fact", part.fact), term("operator", part.operator)
    if part.operator == "is_set":
        return _("%(fact)s is set", fact=name) if part.value else _("%(fact)s is not set", fact=name)
    wanted = _written(part.fact, part.value)
    if part.operator.startswith("contains"):
        return _("%(fact)s %(how)s %(wanted)s", fact=name, how=how, wanted=wanted)
    actual = _written(part.fact, part.actual)
    return _("%(fact)s %(how)s %(wanted)s; it was %(actual)s", fact=name, how=how, wanted=wanted, actual=actual)


def _written(fact: str, value: Any) -> str:
    if isinstance(value, tuple):
        shown = _(", ").join(_written(fact, one) for one in value[:_TERMS])
        return shown + (" …" if len(value) > _TERMS else "")
    plain = {
        True: _("yes"),
        False: _("no"),
        "yes": _("yes"),
        "no": _("no"),
        "not set": _("not set"),
        None: _("not set"),
    }
    if isinstance(value, (bool, str)) or value is None:
        value = plain.get(value, value)
    return term(fact, value) if fact in ("status", "priority", "topic", "team", "language") else str(value)


def _set(name: str, value: Any) -> str:
    if name == "acknowledge" and not value:
        return _("no acknowledgement")
    return _("%(field)s: %(value)s", field=_field(name), value=_value(name, value))


def _lost(lost: Mapping[str, str]) -> tuple[str, ...]:
    by_rule: dict[str, list[str]] = {}
    for name, rule in lost.items():
        by_rule.setdefault(rule, []).append(_field(name))
    return tuple(
        _("set already by %(rule)s: %(fields)s", rule=rule, fields=_(", ").join(fields))
        for rule, fields in by_rule.items()
    )


def _field(name: str) -> str:
    fields = {
        "topic": _("topic"),
        "priority": _("priority"),
        "team": _("team"),
        "status": _("status"),
        "clock": _("promise"),
        "acknowledge": _("acknowledgement"),
        "tags": _("tags"),
        "tag": _("tags"),
        "untags": _("tags taken away"),
        "untag": _("tags taken away"),
    }
    return fields.get(name, name)


def _value(name: str, value: Any) -> str:
    if isinstance(value, (tuple, list)):
        return _(", ").join(str(one) for one in value)
    return term(name, value)

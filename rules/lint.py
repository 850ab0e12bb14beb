"""What only shows when everything has been read: rules that hide others, replies that lack a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from rules.facts import EVENTS, PRIORITIES
from rules.rulebook import PLACEHOLDERS, Reply, Rule
from rules.source import Source, suggestion

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")


def check_rules(source: Source, rules: Sequence[Rule]) -> None:
    _names(source, rules)
    _last(source, rules)
    for event in EVENTS:
        _reachable(source, [rule for rule in rules if rule.mode == "live" and event in rule.when], event)
    _raises(source, [rule for rule in rules if rule.mode == "live"])


def _path(rule: Rule) -> tuple[str, int]:
    return "rule", rule.position - 1


def _names(source: Source, rules: Sequence[Rule]) -> None:
    seen: dict[str, Rule] = {}
    for rule in rules:
        first = seen.setdefault(rule.name, rule)
        if first is not rule:
            reason = f"Line {first.line} already has a rule of this name, and traces name rules."
            source.problem(_path(rule), reason, "Give it a name of its own.")


def _last(source: Source, rules: Sequence[Rule]) -> None:
    """Nothing may fall through."""
    if not rules:
        source.problem((), "There are no rules.", "Write at least one that matches everything.")
        return
    last = rules[-1]
    if last.condition is not None or last.mode != "live" or "received" not in last.when or "topic" not in last.then:
        reason = "The last rule must catch every new message: live, on received, without if, with a topic."
        source.problem(_path(last), reason, "Add such a rule at the end, for the triage list.")


def _reachable(source: Source, rules: Sequence[Rule], event: str) -> None:
    closed = next((rule for rule in rules if rule.condition is None and rule.stop), None)
    if closed is None:
        return
    for rule in rules[rules.index(closed) + 1 :]:
        reason = f'It is never reached on {event}: "{closed.name}" above matches everything and stops.'
        source.problem(_path(rule), reason, "Move it up, or remove the stop.")


def _raises(source: Source, rules: Sequence[Rule]) -> None:
    """The first writer wins, so a lower priority further up would keep an alarm down."""
    for urgent in (rule for rule in rules if rule.then.get("priority") == PRIORITIES[-1]):
        for above in _softer_above(urgent, rules):
            reason = f'"{above.name}" above may set a lower priority first, and the first writer wins.'
            source.problem(_path(urgent), reason, 'Move this rule above it, or use priority_at_least = "urgent" here.')


def _softer_above(urgent: Rule, rules: Sequence[Rule]) -> Iterator[Rule]:
    for rule in rules:
        if rule is urgent:
            return
        lower = {rule.then.get("priority"), rule.then.get("priority_at_least")} - {None, PRIORITIES[-1]}
        if lower and set(rule.when) & set(urgent.when):
            yield rule


def check_replies(replies: Source, texts: Mapping[str, Reply], languages: Sequence[str]) -> None:
    for reply in texts.values():
        for language in languages:
            text = reply.texts.get(language)
            if text is None or not text.body:
                path = (reply.name, language)
                proposal = f"Add [{reply.name}.{language}] with a body."
                replies.problem(path, f"The reply has no text in {language}.", proposal)
            else:
                _placeholders(replies, reply.name, language, f"{text.subject}\n{text.body}")


def _placeholders(replies: Source, name: str, language: str, text: str) -> None:
    for match in _BRACES.finditer(text):
        if match[1] not in PLACEHOLDERS:
            reason = f"{match[0]} is nothing that the desk can fill in."
            replies.problem((name, language), reason, suggestion(match[1] or "", PLACEHOLDERS))


def check_promises(
    source: Source, promises: Mapping[str, int], texts: Mapping[str, Reply], rules: Sequence[Rule]
) -> None:
    """A reply that names a day needs to know how many business days away it is."""
    source.only(("promises",), promises, ("review_by", "payout_by"), "promise")
    for rule in rules:
        reply = texts.get(rule.then.get("acknowledge", ""))
        bodies = " ".join(text.body for text in reply.texts.values()) if reply else ""
        for promise in ("review_by", "payout_by"):
            if f"{{{promise}}}" in bodies and promise not in promises:
                reason = f"The reply names {promise}, and the desk does not know how many business days that is."
                source.problem((*_path(rule), "then", "acknowledge"), reason, f"Write {promise} = 3 below [promises].")

"""A broken rulebook says everything that is wrong with it at once, each with line, reason and proposal."""

from collections.abc import Callable

import pytest

from rules.rulebook import Problem, Rulebook, RulebookError

Make = Callable[..., Rulebook]

GOOD = '[[rule]]\nname = "good"\nif = { fact = "text", contains_any = ["refund"] }\nthen.topic = "refund"\n'


def problems(make: Make, rules: str, **parts: str) -> tuple[Problem, ...]:
    with pytest.raises(RulebookError) as caught:
        make(rules, **parts)
    return caught.value.problems


def rule(**lines: str) -> str:
    written = {"name": '"tried"', "then.topic": '"refund"'} | {key.replace("__", "."): v for key, v in lines.items()}
    return "[[rule]]\n" + "".join(f"{key} = {value}\n" for key, value in written.items())


def test_a_good_rulebook_has_no_problems(make: Make) -> None:
    assert [one.name for one in make(GOOD).rules] == ["good", "everything"]


def test_all_problems_come_at_once_each_with_its_line_reason_and_proposal(make: Make) -> None:
    rules = """# line 1
[[rule]]
name = "one"
when = ["recieved"]
if.all = [
    { fact = "txet", contains_any = ["a"] },
    { any = [
        { fact = "text", contians_any = ["a"] },
        { fact = "text", matches = ['(a+)+b'] },
    ] },
]
then.topic = "refunds"
then.team = "nobody"

[[rule]]
name = "one"
colour = "red"
"""
    found = problems(make, rules, head=HEADLESS)
    lines = {problem.line - HEADLESS.count("\n"): problem for problem in found}
    assert sorted(lines) == [4, 6, 8, 9, 12, 13, 15, 17]
    assert lines[4].proposal == 'Did you mean "received"?'
    assert lines[6].proposal == 'Did you mean "text"?'
    assert lines[6].where == 'rule "one", if all 1'
    assert lines[8].proposal == 'Did you mean "contains_any"?'
    assert "no upper limit" in lines[9].reason
    assert lines[12].proposal == 'Did you mean "refund"?'
    assert all(problem.reason and problem.proposal for problem in found)
    assert str(lines[15]).startswith(f"line {15 + HEADLESS.count(chr(10))}, rule")


HEADLESS = """[desk]
languages = ["en", "zh-Hans"]
topics = ["refund", "security", "other"]
teams = ["triage"]
default_clock = "office"
[calendars.office]
zone = "Asia/Shanghai"
[clocks.office]
calendar = "office"
low = 1
normal = 1
high = 1
urgent = 1
"""


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ({"when": '["clock breached"]'}, 'The desk cannot act on "clock breached" yet.'),
        ({"when": "[]"}, "A rule without an event never runs."),
        ({"then__snooze": '"2 h"'}, 'The desk cannot do "snooze" yet.'),
        ({"then__assignee": '"linda"'}, 'The desk cannot do "assignee" yet.'),
        ({"if": '{ fact = "status", changed_to = "open" }'}, 'The desk cannot test "changed_to" yet.'),
        ({"then__colour": '"red"'}, 'There is no action "colour".'),
        ({"then__clock": '"fast"'}, 'There is no clock "fast".'),
        ({"then__acknowledge": '"bye"'}, 'There is no reply "bye".'),
        ({"then__status": '"gone"'}, 'There is no status "gone".'),
        ({"then__tag": "7"}, "This should be a list of texts, not 7."),
        ({"then__priority": '"high"', "then__priority_at_least": '"low"'}, "Priority is set in two ways."),
        ({"mode": '"dark"'}, 'There is no mode "dark".'),
        ({"stop": '"yes"'}, "This should be true or false, not 'yes'."),
        ({"name": '""'}, "The rule has no name."),
        ({"if": "{}"}, "This is no condition."),
        ({"if": "{ any = [] }"}, "The group is empty."),
        ({"if": '{ fact = "text" }'}, "A condition is one fact and one operator."),
        ({"if": '{ fact = "text", starts = ["a"], ends = ["b"] }'}, "A condition is one fact and one operator."),
        ({"if": '{ fact = "text", at_least = 3 }'}, "at_least does not fit text, which is text."),
        ({"if": '{ fact = "tags", equals = "vip" }'}, "equals does not fit tags, which is words."),
        ({"if": '{ fact = "text", contains_any = [] }'}, "There are no terms, so the outcome is always the same."),
        ({"if": '{ fact = "text", contains_any = ["*"] }'}, 'The term "*" is empty and would be found in every text.'),
        ({"if": '{ fact = "text", contains_any = ["@monny"] }'}, 'There is no word list "monny".'),
        ({"if": '{ fact = "topic", equals = "fish" }'}, 'There is no topic "fish".'),
        ({"if": '{ fact = "language", in = ["fr"] }'}, 'There is no language "fr".'),
        ({"if": '{ fact = "attachment_count", at_least = "two" }'}, "This should be a whole number from 0, not 'two'."),
        ({"if": '{ fact = "attachment_count", between = [5, 1] }'}, "The first is more than the second"),
        ({"if": '{ fact = "priority", between = ["high", "low"] }'}, "The first is more than the second"),
        ({"if": '{ fact = "attachment_count", between = [1] }'}, "between needs two values."),
        ({"if": '{ fact = "verified", is_set = "no" }'}, "This should be true or false, not 'no'."),
        ({"if": '{ fact = "phone", is_set = true }'}, 'There is no fact "phone".'),
        ({"if": '{ all = [{ fact = "text", starts = ["a"] }], some = [] }'}, 'There is no kind of group "some".'),
    ],
)
def test_a_rule_that_the_desk_cannot_follow_is_refused_in_plain_words(
    make: Make, lines: dict[str, str], reason: str
) -> None:
    found = problems(make, rule(**lines))
    assert any(problem.reason.startswith(reason) for problem in found), found
    assert all(problem.line > 0 and problem.proposal for problem in found)


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ("", "There are no rules."),
        (GOOD, "The last rule must catch every new message"),
        ('[[rule]]\nname = "x"\nthen.topic = "other"\nmode = "shadow"\n', "The last rule must catch every new message"),
        (
            '[[rule]]\nname = "x"\nwhen = "replied"\nthen.topic = "other"\n',
            "The last rule must catch every new message",
        ),
        ('[[rule]]\nname = "x"\nthen.team = "triage"\n', "The last rule must catch every new message"),
    ],
)
def test_nothing_may_fall_through(make: Make, tail: str, reason: str) -> None:
    assert any(problem.reason.startswith(reason) for problem in problems(make, "", tail=tail))


def test_a_rule_below_one_that_matches_everything_and_stops_is_unreachable(make: Make) -> None:
    found = problems(make, rule(name='"wall"', stop="true"))
    assert [problem.where for problem in found] == ['rule "everything"']
    assert "never reached on received" in found[0].reason


def test_a_rule_that_could_keep_an_alarm_down_is_refused(make: Make) -> None:
    soft = rule(name='"soft"', then__priority='"low"')
    alarm = rule(name='"alarm"', then__priority='"urgent"')
    assert "may set a lower priority first" in problems(make, soft + alarm)[0].reason
    assert make(alarm + soft)
    assert make(soft + rule(name='"alarm"', then__priority_at_least='"urgent"'))


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ('[thanks.en]\nbody = "Hello"\n', "The reply has no text in zh-Hans."),
        ('[thanks.en]\nbody = " "\n[thanks.zh-Hans]\nbody = "好"\n', "The reply has no text in en."),
        (
            '[thanks.en]\nbody = "{reff}"\n[thanks.zh-Hans]\nbody = "好"\n',
            "{reff} is nothing that the desk can fill in.",
        ),
        ('[thanks.en]\nbody = "{ref"\n[thanks.zh-Hans]\nbody = "好"\n', "{ is nothing that the desk can fill in."),
        ('[thanks.fr]\nbody = "a"\n[thanks.en]\nbody = "a"\n', 'There is no language of the desk "fr".'),
        (
            '[thanks.en]\nbody = "a"\ncolour = "b"\n[thanks.zh-Hans]\nbody = "好"\n',
            'There is no part of a reply "colour".',
        ),
    ],
)
def test_a_reply_that_could_not_be_sent_is_refused(make: Make, replies: str, reason: str) -> None:
    assert any(problem.reason == reason for problem in problems(make, "", replies=replies))


def test_a_reply_that_promises_a_day_needs_the_number_of_days(make: Make) -> None:
    replies = '[thanks.en]\nbody = "{review_by}"\n[thanks.zh-Hans]\nbody = "{review_by}"\n'
    found = problems(make, rule(then__acknowledge='"thanks"'), head=HEADLESS, replies=replies)
    assert "review_by" in found[0].reason


@pytest.mark.parametrize(
    ("wrong", "right", "reason"),
    [
        ('zone = "Asia/Shanghi"', 'zone = "Asia/Shanghai"', 'There is no time zone "Asia/Shanghi".'),
        ('hours.mon = ["18:00-09:00"]', 'zone = "Asia/Shanghai"', '"18:00-09:00" is no opening time.'),
        ('hours.funday = ["09:00-18:00"]', 'zone = "Asia/Shanghai"', 'There is no weekday "funday".'),
        ('closed = ["2026-01-01"]', 'zone = "Asia/Shanghai"', "This should be a list of dates."),
        ("urgent = 0", "urgent = 1", "This should be a whole number from 1, not 0."),
        ('urgent = { minutes = 5, calendar = "x" }', "urgent = 1", 'There is no calendar "x".'),
        ('default_clock = "x"', 'default_clock = "office"', 'There is no clock "x".'),
        ('languages = ["en", "fr"]', 'languages = ["en", "zh-Hans"]', 'There is no language "fr".'),
        ('colour = "red"', 'teams = ["triage"]', 'There is no setting of the desk "colour".'),
    ],
)
def test_calendars_clocks_and_the_desk_are_checked(make: Make, wrong: str, right: str, reason: str) -> None:
    found = problems(make, "", head=HEADLESS.replace(right, wrong, 1))
    at = HEADLESS.replace(right, wrong, 1).split("\n").index(wrong) + 1
    assert any(problem.reason == reason and problem.line == at for problem in found), found


def test_a_text_that_is_no_toml_names_the_line(make: Make) -> None:
    found = problems(make, "", head="[desk]\ntopics = [\n")
    assert len(found) == 1
    assert found[0].reason.startswith("This is not TOML")


def test_problems_of_both_texts_come_together(make: Make) -> None:
    found = problems(make, rule(mode='"dark"'), replies='[thanks.en]\nbody = "{x}"\n')
    assert {problem.where.split(":")[0] for problem in found} == {'rule "tried", mode', "replies"}

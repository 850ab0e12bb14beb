"""Due times from policy, priority and calendar."""

from datetime import UTC, datetime, timedelta

from router import clocks
from router.calendars import Calendar
from rules.rulebook import CalendarSpec, ClockPolicy

MINUTES = {"low": 1440, "normal": 480, "high": 240, "urgent": 60}
POLICY = ClockPolicy(name="first", calendar="always", minutes=MINUTES)
ALWAYS = Calendar(CalendarSpec("always", "Asia/Shanghai", "", {}, (), ()))
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def test_each_priority_has_its_own_time():
    waits = {word: clocks.due(POLICY, word, ALWAYS, START).at - START for word in MINUTES}
    assert waits == {word: timedelta(minutes=minutes) for word, minutes in MINUTES.items()}


def test_a_priority_that_the_policy_does_not_name_waits_as_long_as_a_normal_one():
    policy = ClockPolicy(name="short", calendar="always", minutes={"normal": 30, "urgent": 5})
    assert clocks.minutes_for(policy, "high") == 30
    assert clocks.minutes_for(policy, "urgent") == 5


def test_the_arithmetic_adds_up_to_the_policy():
    steps = clocks.due(POLICY, "normal", ALWAYS, START).steps
    assert sum(step.minutes for step in steps) == 480


def test_a_promise_holds_up_to_its_very_second():
    assert not clocks.is_breached(START, START)
    assert clocks.is_breached(START, START + timedelta(seconds=1))

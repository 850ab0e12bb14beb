"""Business time: tables of what people expect, and a slow model that counts minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.calendars import Calendar, NeverOpenError
from rules.rulebook import WEEKDAYS, CalendarSpec

OFFICE = (("09:00", "18:00"),)
SPLIT = (("09:00", "12:00"), ("13:30", "18:00"))


def calendar(zone="Asia/Shanghai", holidays="CN", hours=OFFICE, days=WEEKDAYS[:5], closed=(), opened=()):
    return Calendar(CalendarSpec("test", zone, holidays, dict.fromkeys(days, hours), tuple(closed), tuple(opened)))


def always():
    return Calendar(CalendarSpec("always", "Asia/Shanghai", "", {}, (), ()))


def due(cal, start, minutes):
    """Due time as it stands on the desk's wall, from a start that is read off the same wall."""
    found = cal.add_minutes(datetime.fromisoformat(start).replace(tzinfo=cal.zone), minutes)
    assert found.at.tzinfo is UTC
    return found.at.astimezone(cal.zone).strftime("%Y-%m-%d %H:%M")


def notes(cal, start, minutes):
    steps = cal.add_minutes(datetime.fromisoformat(start).replace(tzinfo=cal.zone), minutes).steps
    return [(step.date.isoformat(), step.note) for step in steps]


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        ("2026-11-24 10:00", 240, "2026-11-24 14:00"),
        ("2026-11-24 17:30", 60, "2026-11-25 09:30"),
        ("2026-11-24 17:00", 60, "2026-11-24 18:00"),
        ("2026-11-24 09:00", 540, "2026-11-24 18:00"),
        ("2026-11-24 09:00", 541, "2026-11-25 09:01"),
        ("2026-11-24 18:00", 1, "2026-11-25 09:01"),
        ("2026-11-24 06:00", 30, "2026-11-24 09:30"),
        ("2026-11-24 23:59", 30, "2026-11-25 09:30"),
        ("2026-11-20 19:30", 60, "2026-11-23 10:00"),
        ("2026-11-21 12:00", 60, "2026-11-23 10:00"),
        ("2026-11-23 12:00", 540 * 3, "2026-11-26 12:00"),
    ],
)
def test_open_minutes_are_counted_over_evenings_and_weekends(start, minutes, expected):
    assert due(calendar(), start, minutes) == expected


def test_seconds_are_kept():
    at = calendar().add_minutes(datetime(2026, 11, 24, 2, 0, 20, tzinfo=UTC), 10).at
    assert at == datetime(2026, 11, 24, 2, 10, 20, tzinfo=UTC)


def test_the_lunch_break_does_not_count():
    assert due(calendar(hours=SPLIT), "2026-11-24 11:30", 60) == "2026-11-24 14:00"
    assert due(calendar(hours=SPLIT), "2026-11-24 12:15", 15) == "2026-11-24 13:45"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-02-13 17:30", "2026-02-14 10:00"),  # Saturday the 14th is worked
        ("2026-02-14 17:30", "2026-02-24 10:00"),  # then nine days of Spring Festival
        ("2026-02-18 12:00", "2026-02-24 10:30"),
        ("2026-02-27 17:30", "2026-02-28 10:00"),  # and Saturday the 28th is worked again
    ],
)
def test_spring_festival_2026_with_its_make_up_saturdays(start, expected):
    minutes = 90 if start.endswith(("17:30", "12:00")) else 0
    assert due(calendar(), start, minutes) == expected


def test_national_day_2026_is_followed_by_a_worked_saturday():
    assert due(calendar(), "2026-09-30 17:30", 60) == "2026-10-08 09:30"
    assert due(calendar(), "2026-10-09 17:30", 60) == "2026-10-10 09:30"
    assert due(calendar(), "2026-10-10 17:30", 60) == "2026-10-12 09:30"
    assert due(calendar(), "2026-09-18 17:30", 60) == "2026-09-20 09:30"


def test_a_make_up_day_has_the_hours_of_an_ordinary_day():
    short_saturday = dict.fromkeys(WEEKDAYS[:5], OFFICE) | {"sat": (("10:00", "12:00"),)}
    cal = Calendar(CalendarSpec("test", "Asia/Shanghai", "CN", short_saturday, (), ()))
    assert due(cal, "2026-10-09 17:30", 60) == "2026-10-10 09:30"
    assert due(cal, "2026-10-16 17:30", 60) == "2026-10-17 10:30"


def test_lebaran_2026_in_jakarta():
    jakarta = calendar("Asia/Jakarta", "ID")
    assert due(jakarta, "2026-03-18 17:30", 60) == "2026-03-20 09:30"
    assert due(jakarta, "2026-03-20 17:30", 60) == "2026-03-23 09:30"
    collective_leave = [date(2026, 3, 20), date(2026, 3, 23), date(2026, 3, 24)]
    with_leave = calendar("Asia/Jakarta", "ID", closed=collective_leave)
    assert due(with_leave, "2026-03-18 17:30", 60) == "2026-03-25 09:30"


def test_a_day_closed_by_hand_is_closed_and_one_opened_by_hand_is_open():
    cal = calendar(closed=[date(2026, 11, 25)], opened=[date(2026, 11, 28), date(2026, 10, 1)])
    assert due(cal, "2026-11-24 17:30", 60) == "2026-11-26 09:30"
    assert due(cal, "2026-11-27 17:30", 60) == "2026-11-28 09:30"
    assert due(cal, "2026-09-30 17:30", 60) == "2026-10-01 09:30"


def test_closed_by_hand_wins_over_opened_by_hand():
    day = date(2026, 11, 25)
    assert not calendar(closed=[day], opened=[day]).is_business_day(day)


def test_around_the_clock_every_minute_counts():
    assert due(always(), "2026-02-17 23:59", 2) == "2026-02-18 00:01"
    assert due(always(), "2026-02-17 00:00", 60 * 24 * 400) == "2027-03-24 00:00"
    assert always().is_open(datetime(2026, 2, 17, 3, tzinfo=UTC))
    assert [step.note for step in always().add_minutes(datetime(2026, 2, 17, tzinfo=UTC), 60).steps] == ["always_open"]


def test_around_the_clock_but_for_public_holidays():
    cal = Calendar(CalendarSpec("test", "Asia/Shanghai", "CN", {}, (), ()))
    assert due(cal, "2026-09-30 23:30", 60) == "2026-10-04 00:30"


def test_midnight_as_closing_time_joins_two_days():
    cal = calendar(hours=(("00:00", "24:00"),), holidays="")
    assert due(cal, "2026-11-24 23:30", 60) == "2026-11-25 00:30"
    assert due(cal, "2026-11-27 23:30", 60) == "2026-11-30 00:30"


def test_touching_and_overlapping_hours_count_once():
    cal = calendar(hours=(("12:00", "15:00"), ("09:00", "12:00"), ("14:00", "18:00")))
    assert due(cal, "2026-11-24 09:00", 540) == "2026-11-24 18:00"


def test_the_edges_of_opening():
    cal = calendar()
    at = {clock: datetime.fromisoformat(f"2026-11-24 {clock}").replace(tzinfo=cal.zone) for clock in EDGES}
    assert {clock: cal.is_open(at[clock]) for clock in EDGES} == EDGES
    assert cal.next_opening(at["09:00:00"]) == at["09:00:00"]
    assert cal.next_opening(at["08:59:59"]) == at["09:00:00"]
    assert cal.next_opening(at["18:00:00"]) == at["09:00:00"] + timedelta(days=1)


EDGES = {"08:59:59": False, "09:00:00": True, "17:59:59": True, "18:00:00": False}


def test_no_minutes_are_due_at_once_or_at_the_next_opening():
    assert due(calendar(), "2026-11-24 12:34", 0) == "2026-11-24 12:34"
    assert due(calendar(), "2026-11-20 18:00", 0) == "2026-11-23 09:00"


@pytest.mark.parametrize(
    ("day", "days", "expected"),
    [
        ("2026-11-23", 3, "2026-11-26"),
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-21", 0, "2026-11-23"),
        ("2026-11-23", 0, "2026-11-23"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2026-09-30", 3, "2026-10-10"),
    ],
)
def test_business_days_skip_weekends_and_holidays_and_know_make_up_days(day, days, expected):
    assert calendar().add_business_days(date.fromisoformat(day), days) == date.fromisoformat(expected)


def test_the_arithmetic_names_each_day_on_the_way():
    assert notes(calendar(), "2026-09-30 17:00", 120) == [
        ("2026-09-30", ""),
        *[(f"2026-10-0{day}", "holiday") for day in (1, 2, 3)],
        ("2026-10-04", "weekend"),
        *[(f"2026-10-0{day}", "holiday") for day in (5, 6, 7)],
        ("2026-10-08", ""),
    ]
    assert notes(calendar(), "2026-10-09 17:30", 60)[-1] == ("2026-10-10", "make_up_day")
    assert notes(calendar(closed=[date(2026, 11, 25)]), "2026-11-24 17:30", 60)[1] == ("2026-11-25", "closed_day")
    assert notes(calendar(opened=[date(2026, 11, 28)]), "2026-11-27 17:30", 60)[1] == ("2026-11-28", "extra_day")


def test_a_holiday_is_named_in_both_languages():
    steps = calendar().add_minutes(datetime(2026, 9, 30, 9, 30, tzinfo=UTC), 60).steps
    assert dict(steps[1].params) == {"name": "National Day", "name_zh": "国庆节"}


def test_the_arithmetic_shows_the_opening_hours_and_the_part_that_counted():
    cal = calendar()
    first, *_, last = cal.add_minutes(datetime(2026, 11, 20, 17, 30, tzinfo=cal.zone), 120).steps
    shown = [getattr(first, part).strftime("%H:%M") for part in ("opens", "closes", "since", "until")]
    assert (shown, first.minutes) == (["09:00", "18:00", "17:30", "18:00"], 30)
    shown = [getattr(last, part).strftime("%H:%M") for part in ("opens", "closes", "since", "until")]
    assert (shown, last.minutes) == (["09:00", "18:00", "09:00", "10:30"], 90)


def test_a_calendar_that_never_opens_says_so():
    cal = calendar(holidays="", days=("tue",), closed=[date(2026, 1, 6) + timedelta(weeks=n) for n in range(700)])
    with pytest.raises(NeverOpenError, match="'test' has no open time"):
        cal.add_minutes(datetime(2026, 1, 5, tzinfo=UTC), 1)


def test_hours_that_close_before_they_open_are_refused():
    with pytest.raises(ValueError, match="close at or before they open"):
        calendar(hours=(("18:00", "09:00"),))


@pytest.mark.parametrize(
    ("zone", "start", "minutes", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T01:30+01:00", 60, "2026-03-29T03:30+02:00"),
        ("Europe/Berlin", "2026-10-25T00:30+02:00", 240, "2026-10-25T03:30+01:00"),
        # Half an hour on Lord Howe; midnight itself is skipped in Beirut; a whole day in Apia.
        ("Australia/Lord_Howe", "2026-04-05T01:00+11:00", 90, "2026-04-05T02:00+10:30"),
        ("Asia/Beirut", "2026-03-28T23:30+02:00", 60, "2026-03-29T01:30+03:00"),
        ("Pacific/Apia", "2011-12-29T23:30-10:00", 60, "2011-12-31T00:30+14:00"),
    ],
)
def test_nights_in_which_the_clock_is_changed(zone, start, minutes, expected):
    cal = calendar(zone, "", (("00:00", "24:00"),), WEEKDAYS)
    assert cal.add_minutes(datetime.fromisoformat(start), minutes).at == datetime.fromisoformat(expected)


def test_an_hour_that_the_clock_skips_is_not_open_and_one_that_it_shows_twice_counts_twice():
    night = calendar("Europe/Berlin", "", (("01:00", "05:00"),), WEEKDAYS)
    assert due(night, "2026-03-29 00:00", 3 * 60) == "2026-03-29 05:00"
    assert due(night, "2026-03-29 00:00", 3 * 60 + 1) == "2026-03-30 01:01"
    assert due(night, "2026-10-25 00:00", 5 * 60) == "2026-10-25 05:00"
    only_the_skipped = calendar("Europe/Berlin", "", (("02:00", "03:00"),), WEEKDAYS)
    assert due(only_the_skipped, "2026-03-29 00:00", 1) == "2026-03-30 02:01"


def slow_due(cal, hours, start, minutes):
    """The model: walk minute by minute and ask the wall clock. Knows nothing of windows, offsets or caches."""
    at = start
    while True:
        wall = at.astimezone(cal.zone)
        is_open = any(time.fromisoformat(a) <= wall.time() < time.fromisoformat(b) for a, b in hours[wall.weekday()])
        if is_open and minutes == 0:
            return at
        at += timedelta(minutes=1)
        if is_open:
            minutes -= 1
            if minutes == 0:
                return at


ZONES = ["Asia/Shanghai", "Asia/Jakarta", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]
ZONES += ["Africa/Casablanca", "Pacific/Chatham", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC"]
clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
span = st.tuples(clock, clock).map(sorted).filter(lambda pair: pair[0] < pair[1]).map(tuple)
week = st.lists(st.lists(span, max_size=2).map(tuple), min_size=7, max_size=7).filter(any)
# Near the changes of the clock in many zones, and anywhere else in the year.
around = st.sampled_from(
    ["2026-03-08", "2026-03-29", "2026-04-05", "2026-10-25", "2026-11-01", "2026-06-10", "2026-12-30"]
)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(ZONES), week, around, st.integers(-1500, 1500), st.integers(0, 900))
def test_the_answer_is_that_of_a_slow_model_minute_by_minute(zone, hours, day, shift, minutes):
    cal = Calendar(CalendarSpec("test", zone, "", dict(zip(WEEKDAYS, hours, strict=True)), (), ()))
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=shift)
    found = cal.add_minutes(start, minutes)
    assert found.at == slow_due(cal, hours, start, minutes)
    assert sum(step.minutes for step in found.steps) == pytest.approx(minutes)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(ZONES), around, st.integers(0, 3000), st.integers(0, 3000))
def test_waiting_longer_is_never_due_earlier(zone, day, one, other):
    cal = Calendar(CalendarSpec("test", zone, "", dict.fromkeys(WEEKDAYS[:6], SPLIT), (), ()))
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    first, second = cal.add_minutes(start, one).at, cal.add_minutes(start, one + other).at
    assert first <= second
    assert cal.add_minutes(first, other).at == second

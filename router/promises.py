"""A time, a day and a week in the words of four languages: what a customer reads in an acknowledgement. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.rulebook import WEEKDAYS, CalendarSpec


@dataclass(frozen=True, slots=True)
class _Words:
    """How one language writes a day, a time and a week. Weekdays from Monday, months from January."""

    day: str
    at: str
    short: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    zones: Mapping[str, str]
    clock: str
    always: str
    days_to: str
    list_join: str
    groups_join: str
    with_zone: str


_ZH_MONTHS = tuple(f"{month}月" for month in range(1, 13))
_ID_ZONES = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
    "Asia/Shanghai": "waktu Beijing",
    "Asia/Singapore": "waktu Singapura",
}
_EN_ZONES = {
    "Asia/Shanghai": "Beijing time",
    "Asia/Jakarta": "Jakarta time",
    "Asia/Makassar": "Makassar time",
    "Asia/Hong_Kong": "Hong Kong time",
    "Asia/Taipei": "Taipei time",
    "Asia/Singapore": "Singapore time",
}
_WORDS = {
    "zh-Hans": _Words(
        day="{month}{day}日（{weekday}）",
        at="{date}{clock}（{zone}）",
        short="{month}{day}日 {clock}",
        weekdays=("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        months=_ZH_MONTHS,
        zones={
            "Asia/Shanghai": "北京时间",
            "Asia/Jakarta": "雅加达时间",
            "Asia/Makassar": "望加锡时间",
            "Asia/Hong_Kong": "香港时间",
            "Asia/Taipei": "台北时间",
            "Asia/Singapore": "新加坡时间",
        },
        clock="%H:%M",
        always="每天 24 小时",
        days_to="至",
        list_join="、",
        groups_join="；",
        with_zone="{hours}（{zone}）",
    ),
    "zh-Hant": _Words(
        day="{month}{day}日（{weekday}）",
        at="{date}{clock}（{zone}）",
        short="{month}{day}日 {clock}",
        weekdays=("週一", "週二", "週三", "週四", "週五", "週六", "週日"),
        months=_ZH_MONTHS,
        zones={
            "Asia/Shanghai": "北京時間",
            "Asia/Jakarta": "雅加達時間",
            "Asia/Makassar": "望加錫時間",
            "Asia/Hong_Kong": "香港時間",
            "Asia/Taipei": "台北時間",
            "Asia/Singapore": "新加坡時間",
        },
        clock="%H:%M",
        always="每天 24 小時",
        days_to="至",
        list_join="、",
        groups_join="；",
        with_zone="{hours}（{zone}）",
    ),
    "en": _Words(
        day="{weekday} {day} {month}",
        at="{date}, {clock} ({zone})",
        short="{day} {month}, {clock}",
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        months=(
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ),
        zones=_EN_ZONES,
        clock="%H:%M",
        always="24 hours a day",
        days_to=" to ",
        list_join=", ",
        groups_join="; ",
        with_zone="{hours} ({zone})",
    ),
    "id": _Words(
        day="{weekday}, {day} {month}",
        at="{date} pukul {clock} {zone}",
        short="{day} {month}, {clock}",
        weekdays=("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"),
        months=(
            "Januari",
            "Februari",
            "Maret",
            "April",
            "Mei",
            "Juni",
            "Juli",
            "Agustus",
            "September",
            "Oktober",
            "November",
            "Desember",
        ),
        zones=_ID_ZONES,
        clock="%H.%M",
        always="24 jam sehari",
        days_to=" sampai ",
        list_join=", ",
        groups_join="; ",
        with_zone="{hours} {zone}",
    ),
}


def promise(at: datetime, language: str, zone: str) -> str:
    """Day and time in words, on the desk's clock: "Tuesday 24 November, 18:00 (Beijing time)". Seconds round up to the
    full minute, so that the words never promise more than the clock."""
    words, there = _words(language), _there(at, zone)
    clock = there.strftime(words.clock)
    return words.at.format(date=promise_day(there.date(), language), clock=clock, zone=_zone_name(words, zone, there))


def promise_short(at: datetime, language: str, zone: str) -> str:
    """The same for a subject line: "24 November, 18:00"."""
    words, there = _words(language), _there(at, zone)
    return words.short.format(month=words.months[there.month - 1], day=there.day, clock=there.strftime(words.clock))


def promise_day(day: date, language: str) -> str:
    """A day in words: "Tuesday 24 November"."""
    words = _words(language)
    return words.day.format(month=words.months[day.month - 1], day=day.day, weekday=words.weekdays[day.weekday()])


def opening_hours(spec: CalendarSpec, language: str) -> str:
    """The week in words: "Monday to Friday 09:00–18:00 (Beijing time)"."""
    words = _words(language)
    if not any(spec.hours.values()):
        return words.always
    groups = words.groups_join.join(
        f"{_days(first, last, words)} {_hours(hours, words)}" for first, last, hours in _week(spec)
    )
    return words.with_zone.format(hours=groups, zone=words.zones.get(spec.zone, spec.zone))


def _words(language: str) -> _Words:
    return _WORDS.get(language, _WORDS["en"])


def _there(at: datetime, zone: str) -> datetime:
    full = at.replace(second=0, microsecond=0)
    return (full if full == at else full + timedelta(minutes=1)).astimezone(ZoneInfo(zone))


def _zone_name(words: _Words, zone: str, there: datetime) -> str:
    """The name people use, or the distance from UTC where the table has none."""
    offset = there.strftime("%z")
    return words.zones.get(zone) or f"UTC{offset[:3]}:{offset[3:5]}"


_Hours = tuple[tuple[str, str], ...]


def _week(spec: CalendarSpec) -> list[tuple[int, int, _Hours]]:
    """Neighbouring days with the same hours as one: (first weekday, last weekday, hours)."""
    groups: list[tuple[int, int, _Hours]] = []
    for day, name in enumerate(WEEKDAYS):
        hours = spec.hours.get(name, ())
        if groups and groups[-1][1] == day - 1 and groups[-1][2] == hours:
            groups[-1] = groups[-1][0], day, hours
        elif hours:
            groups.append((day, day, hours))
    return groups


def _days(first: int, last: int, words: _Words) -> str:
    return words.weekdays[first] if first == last else f"{words.weekdays[first]}{words.days_to}{words.weekdays[last]}"


def _hours(hours: _Hours, words: _Words) -> str:
    point = words.clock[2]
    return words.list_join.join(f"{opens}–{closes}".replace(":", point) for opens, closes in hours)

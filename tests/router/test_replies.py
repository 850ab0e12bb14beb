"""When the desk answers by itself, in which language, and with which words."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from router import promises, replies
from router.calendars import Calendar
from router.replies import AckCase, may_acknowledge, sender_valid
from rules.rulebook import PLACEHOLDERS, WEEKDAYS, CalendarSpec, Reply, ReplyText

FIRST = AckCase(reply_name="received")
OFFICE = CalendarSpec("office", "Asia/Shanghai", "CN", dict.fromkeys(WEEKDAYS[:5], (("09:00", "18:00"),)), (), ())


def test_the_first_message_of_a_person_is_acknowledged():
    assert may_acknowledge(FIRST) == (True, ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"machine": ("A1 Auto-Submitted: auto-replied",)}, "machine"),
        ({"archive": True}, "archive"),
        ({"is_first": False}, "not_first"),
        ({"reply_name": ""}, "no_reply_chosen"),
        ({"own_sender": True}, "own_sender"),
        ({"suppressed": True}, "suppressed"),
        ({"sender_valid": False}, "sender_invalid"),
        ({"verified": False}, "sender_unverified"),
        ({"acks_15_min": 1}, "address_15_minutes"),
        ({"acks_24_h": 5}, "address_day"),
        ({"domain_acks_hour": 50}, "domain_hour"),
        ({"account_acks_5_min": 200}, "account_5_minutes"),
        ({"same_body_recently": True}, "same_body"),
    ],
)
def test_each_of_these_alone_keeps_the_desk_silent(change, reason):
    assert may_acknowledge(replace(FIRST, **change)) == (False, (reason,))


@pytest.mark.parametrize(
    "change",
    [{"acks_24_h": 4}, {"domain_acks_hour": 49}, {"account_acks_5_min": 199}, {"verified": True}, {"verified": None}],
)
def test_one_short_of_a_limit_is_still_acknowledged(change):
    assert may_acknowledge(replace(FIRST, **change)).allowed


def test_every_reason_is_told_not_just_the_first():
    verdict = may_acknowledge(AckCase(machine=("A2 Return-Path: <>",), acks_24_h=9))
    assert verdict.reasons == ("machine", "no_reply_chosen", "address_day")
    assert set(verdict.reasons) <= set(replies.REASONS)


@pytest.mark.parametrize("address", ["a@shop.example.com", "a@localhost", "李@例子.example.org", '"a b"@example.net'])
def test_an_answer_can_reach(address):
    assert sender_valid(address)


@pytest.mark.parametrize("address", ["", "a", "@example.com", "a@", "a@host", "a@x.invalid", "a@INVALID.", "a@invalid"])
def test_no_answer_can_reach(address):
    assert not sender_valid(address)


def test_unreachable_domains_can_be_named():
    assert not sender_valid("a@b.example", ("example",))
    assert sender_valid("a@myexample.com", ("example.com",))


def reply(*languages, subject="[{desk}] {ref}", body="{ref} by {due}"):
    return Reply(name="received", texts={language: ReplyText(subject=subject, body=body) for language in languages})


@pytest.mark.parametrize(
    ("detected", "customer", "languages", "expected"),
    [
        ("id", "en", ("zh-Hans", "en", "id"), "id"),
        ("zh-Hant", "", ("zh-Hans", "en"), "zh-Hans"),
        ("zh-Hans", "en", ("zh-Hant", "en"), "zh-Hant"),
        ("", "id", ("en", "id"), "id"),
        ("fr", "", ("zh-Hans", "en"), "en"),
        ("fr", "", ("zh-Hans", "id"), "zh-Hans"),
    ],
)
def test_the_answer_comes_in_the_writers_language_or_the_next_best(detected, customer, languages, expected):
    assert replies.choose_language(detected, customer, reply(*languages)) == expected


def test_placeholders_are_filled_and_other_braces_stay():
    text = reply("en", body="{ref}: {due} {not_ours} {}")
    rendered = replies.render(text, "en", {"desk": "Desk", "ref": "QK7M-4XPB", "due": "today {ref}"})
    assert rendered == ("[Desk] QK7M-4XPB", "QK7M-4XPB: today {ref} {not_ours} {}")


def test_half_a_promise_does_not_leave():
    with pytest.raises(KeyError, match="due"):
        replies.render(reply("en"), "en", {"desk": "Desk", "ref": "QK7M-4XPB"})


def values_for_refund(**more):
    return replies.values_for(
        ref="QK7M-4XPB",
        desk="Desk",
        due_at=datetime(2026, 9, 30, 9, 30, tzinfo=UTC),
        started_at=datetime(2026, 9, 30, 2, 0, tzinfo=UTC),
        calendar=Calendar(OFFICE),
        language="en",
        **more,
    )


def test_there_is_a_value_for_every_placeholder_and_the_rulebook_says_how_long():
    values = values_for_refund()
    assert set(values) == set(PLACEHOLDERS)
    assert values["due"] == "Wednesday 30 September, 17:30 (Beijing time)"
    assert values["review_by"] == "Saturday 10 October"
    assert values["payout_by"] == "Friday 16 October"
    sooner = values_for_refund(days={"review_by": 1})
    assert (sooner["review_by"], sooner["payout_by"]) == ("Thursday 8 October", "Friday 16 October")


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        ("zh-Hans", "Asia/Shanghai", "11月24日（周二）18:00（北京时间）"),
        ("zh-Hant", "Asia/Shanghai", "11月24日（週二）18:00（北京時間）"),
        ("en", "Asia/Shanghai", "Tuesday 24 November, 18:00 (Beijing time)"),
        ("id", "Asia/Jakarta", "Selasa, 24 November pukul 17.00 WIB"),
        ("en", "Asia/Jakarta", "Tuesday 24 November, 17:00 (Jakarta time)"),
        ("zh-Hans", "Asia/Jakarta", "11月24日（周二）17:00（雅加达时间）"),
        ("en", "Europe/Berlin", "Tuesday 24 November, 11:00 (UTC+01:00)"),
        ("fr", "Asia/Shanghai", "Tuesday 24 November, 18:00 (Beijing time)"),
    ],
)
def test_a_time_in_the_words_of_each_language(language, zone, expected):
    assert promises.promise(datetime(2026, 11, 24, 10, 0, tzinfo=UTC), language, zone) == expected


def test_seconds_round_up_so_that_words_never_promise_more_than_the_clock():
    assert promises.promise_short(datetime(2026, 11, 24, 9, 59, 1, tzinfo=UTC), "en", "Asia/Shanghai").endswith("18:00")
    assert promises.promise_short(datetime(2026, 12, 31, 15, 59, 30, tzinfo=UTC), "zh-Hans", "Asia/Shanghai") == (
        "1月1日 00:00"
    )


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh-Hans", "周一至周五 09:00–18:00（北京时间）"),
        ("zh-Hant", "週一至週五 09:00–18:00（北京時間）"),
        ("en", "Monday to Friday 09:00–18:00 (Beijing time)"),
        ("id", "Senin sampai Jumat 09.00–18.00 waktu Beijing"),
    ],
)
def test_the_week_in_the_words_of_each_language(language, expected):
    assert promises.opening_hours(OFFICE, language) == expected


def test_days_with_other_hours_are_told_apart():
    hours = {
        "mon": (("09:00", "12:00"), ("13:00", "18:00")),
        "tue": (("09:00", "18:00"),),
        "sat": (("10:00", "14:00"),),
    }
    spec = CalendarSpec("odd", "Europe/Berlin", "", hours, (), ())
    told = "Monday 09:00–12:00, 13:00–18:00; Tuesday 09:00–18:00; Saturday 10:00–14:00 (Europe/Berlin)"
    assert promises.opening_hours(spec, "en") == told


def test_around_the_clock_in_words():
    assert promises.opening_hours(CalendarSpec("always", "Asia/Jakarta", "", {}, (), ()), "id") == "24 jam sehari"

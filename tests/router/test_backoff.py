"""How long to rest after failures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.backoff import LONGEST, PAUSE, REFUSED_REST, Rest, rest, rest_after


def test_rests_double_from_one_second_to_five_minutes() -> None:
    assert [rest_after(n, 1.0) for n in range(10)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_rests_stay_between_their_bounds_whatever_chance_says(failures: int, chance: float) -> None:
    assert 1.0 <= rest_after(failures, chance) <= LONGEST
    assert rest_after(failures, chance) <= rest_after(failures, 1.0)


@pytest.mark.parametrize(
    ("refusals", "expected"), [(1, Rest(REFUSED_REST)), (2, Rest(REFUSED_REST)), (3, Rest(PAUSE, True))]
)
def test_a_refused_login_is_tried_three_times_and_then_a_person_is_asked(refusals: int, expected: Rest) -> None:
    assert rest(refusals - 1, refusals, 0.5) == expected


def test_a_time_that_the_other_side_named_is_kept() -> None:
    assert rest(0, 0, 0.5, retry_after=90).seconds == 90
    assert rest(9, 0, 1.0, retry_after=90).seconds == 300

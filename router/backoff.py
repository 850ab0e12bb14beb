"""How long to rest after failures. Pure: chance is handed in."""

from __future__ import annotations

from dataclasses import dataclass

FIRST, LONGEST = 1.0, 300.0
# A refused login is not tried in a hurry: providers lock accounts out for that.
REFUSED_REST = 30.0
REFUSALS_BEFORE_PAUSE = 3
PAUSE = 3600.0


@dataclass(frozen=True, slots=True)
class Rest:
    """`pause` means that a person must act: the account says so, and is tried again only now and then."""

    seconds: float
    pause: bool = False


def rest_after(failures: int, chance: float) -> float:
    """Doubling from one second to five minutes, between half and whole of it by `chance` (0 to 1), so that many pollers
    do not come back in step."""
    whole = min(LONGEST, FIRST * 2.0 ** min(failures, 20))
    return max(FIRST, whole * (0.5 + chance / 2))


def rest(failures: int, refusals: int, chance: float, retry_after: float | None = None) -> Rest:
    """After `failures` failed attempts in a row, of which the last `refusals` were for good. A time that the other side
    named is kept."""
    if refusals >= REFUSALS_BEFORE_PAUSE:
        return Rest(PAUSE, pause=True)
    seconds = REFUSED_REST if refusals else rest_after(failures, chance)
    return Rest(max(seconds, retry_after or 0.0))

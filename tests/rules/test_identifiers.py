from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rules.identifiers import Finder
from rules.normalise import fold
from rules.patterns import compile_safe
from rules.rulebook import Rulebook

TEXTS = st.lists(
    st.sampled_from(
        ["order no. ", "12345678", "A1234567", "订单号：", "ord-2025", "\n", " ", "x" * 70, "7", "-", "id trx "]
    )
).map("".join)


@given(TEXTS)
def test_reading_only_around_digits_finds_what_reading_everything_finds(starter: Rulebook, text: str) -> None:
    folded = fold(text)
    for sources in starter.identifiers.values():
        matches = [match for source in sources for match in compile_safe(source).finditer(folded)]
        matches.sort(key=lambda match: match.start(1))
        assert Finder(sources).find(folded) == tuple(dict.fromkeys(match[1].upper() for match in matches))


def test_a_pattern_that_needs_no_digit_reads_the_whole_text() -> None:
    assert Finder(("ticket-[a-z]{3}", r"[a-z]{2}\d?$")).find("see ticket-abc and " + "x" * 200 + " zz") == (
        "TICKET-ABC",
        "ZZ",
    )


def test_a_value_is_told_once_in_capitals_and_in_reading_order(make: Callable[..., Rulebook]) -> None:
    rulebook = make("")
    found = rulebook.find_identifiers("ORD-２２２２２２", "ord-111111, ord-222222 and ORD-111111")
    assert found == {"order_number": ("222222", "111111")}
    assert rulebook.find_identifiers("", "nothing") == {}

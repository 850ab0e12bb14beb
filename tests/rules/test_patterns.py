import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.patterns import PatternError, compile_safe


@pytest.mark.parametrize(
    "source",
    ["(a+)+b", "a*", "a+?", "(?=x)y", "(?<!x)y", r"(a)\1", "a{2,}", "a{1,3}{2}", "(a", "a)", "[a", "a|", "", "a?", "(a)(b)",
     "(?:a{0,30}){0,5}b", "[a-z]{0,90}[a-z]{0,90}x", "a{900}", r"\Z", "*a", r"\p{L}", "\\", "(?i)a", "a{,3}"],
)  # fmt: skip
def test_a_pattern_that_could_stall_or_always_holds_is_refused_with_a_reason(source: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_safe(source)
    assert len(str(caught.value)) > 10


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"\bord-\d{6,12}\b", "see ORD-123456"),
        ("(?:refund|return) ?now", "return now"),
        (r"[^a-z\]]{2}x", "12x"),
        ("退款{1,2}", "要退款"),
        (r"^hello\.$", "hello."),
        ("a|b|cd", "xcd"),
    ],
)
def test_an_ordinary_pattern_works(source: str, text: str) -> None:
    assert compile_safe(source).search(text)


@given(st.text(alphabet="ab01(|)[]?{},+*^$\\d-:.", max_size=14))
def test_what_is_accepted_is_a_pattern_without_endless_repetition(source: str) -> None:
    try:
        pattern = compile_safe(source)
    except PatternError:
        return
    assert isinstance(pattern, re.Pattern)
    assert pattern.search("ab01" * 500 + "!") is not False
    assert not pattern.match("")

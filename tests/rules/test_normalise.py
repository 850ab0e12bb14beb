import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rules.normalise import Folded, fold
from rules.rulebook import Rulebook
from rules.variants import TRADITIONAL

ODD = st.text(
    alphabet=st.sampled_from("aÉßﬁİ…½１２ＡＢ，。退款錢匯e\u0301가각\u1100\u1161😀\ufe0f\u200d \n\tم"), max_size=40
)


def writable(character: str, charset: str) -> bool:
    try:
        return bool(character.encode(charset))
    except UnicodeEncodeError:
        return False


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ＲＥＦＵＮＤ　１２３", "refund 123"),
        ("退還款項，謝謝！", "退还款项,谢谢!"),
        ("Can’t", "can't"),
        ("top\nup", "top up"),
        ("STRASSE", fold("straße")),
        ("e\u0301", "é"),
        ("嗎…", "吗..."),
    ],
)
def test_width_case_and_script_are_folded(written: str, folded: str) -> None:
    assert fold(written) == folded


def test_the_table_leads_from_traditional_to_simplified_and_never_back() -> None:
    assert len(TRADITIONAL) >= 400
    for code, simplified in TRADITIONAL.items():
        assert writable(simplified, "gb2312"), simplified
        assert ord(simplified) not in TRADITIONAL, chr(code)
    # A few traditional characters are in GB 2312 as well, where the simplified script kept them for other words.
    both = {chr(code) for code in TRADITIONAL if writable(chr(code), "gb2312")}
    assert len(both) < 12, both


def test_every_simplified_character_of_the_starter_keywords_is_reached_from_its_traditional_form(
    starter: Rulebook,
) -> None:
    reached = set(TRADITIONAL.values())
    keywords = "".join(term.stem for term in starter.compiled.index.terms)
    only_simplified = {c for c in keywords if c > "\u2e80" and writable(c, "gb2312") and not writable(c, "big5")}
    assert only_simplified - reached == set()


@given(st.text() | ODD)
def test_folding_twice_changes_nothing_for_ordinary_characters(text: str) -> None:
    plain = "".join(c for c in text if c < "\u0250" or "\u4e00" <= c <= "\u9fff")
    assert fold(fold(plain)) == fold(plain)


@given(ODD, ODD, ODD)
@example("……", "退款", "")
@example("ﬁ", "錢", "e\u0301")
@example("", "e", "\u0301x")
def test_a_place_in_the_folded_text_leads_back_to_the_original(before: str, middle: str, after: str) -> None:
    text = Folded(before + middle + after)
    for start in range(len(text.folded)):
        for end in range(start + 1, min(start + 4, len(text.folded)) + 1):
            begin, finish = text.span(start, end)
            assert 0 <= begin < finish <= len(text.original)
            assert text.folded[start:end] in fold(text.original[begin:finish])


@given(ODD)
def test_the_whole_leads_back_to_the_whole(written: str) -> None:
    text = Folded(written)
    if text.folded:
        assert text.span(0, len(text.folded)) == (0, len(written))


def test_marks_are_exact_behind_characters_that_fold_to_more_or_fewer() -> None:
    text = Folded("……½ﬁ e\u0301 我要退錢")
    start = text.folded.index("退钱")
    begin, finish = text.span(start, start + 2)
    assert text.original[begin:finish] == "退錢"

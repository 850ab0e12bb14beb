import json
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.decision import Decision
from rules.engine import decide, explain
from rules.facts import FACTS, Facts
from rules.rulebook import Rulebook

Make = Callable[..., Rulebook]

WORDS = [
    "refund",
    "退款",
    "退還",
    "saldo",
    "top up",
    "gagal",
    "被盗",
    "order",
    "Ｒefund",
    "not me",
    "ga masuk",
    "…",
    " ",
    "ﬁ",
]
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
FACT_SETS = st.builds(
    Facts,
    event=st.sampled_from(["received", "replied", "something else"]),
    subject=TEXTS,
    text=TEXTS,
    language=st.sampled_from(["zh-Hans", "zh-Hant", "en", "id", ""]),
    sender=st.text(max_size=12),
    machine=st.lists(st.sampled_from(["A1 Auto-Submitted: auto-replied", "A5 List-Id: x"]), max_size=2).map(tuple),
    customer_known=st.booleans(),
    attachment_count=st.integers(0, 5),
    priority=st.sampled_from(["", "low", "normal", "high", "urgent"]),
    topic=st.sampled_from(["", "refund", "other"]),
    tags=st.lists(st.sampled_from(["vip", "hit"]), max_size=2).map(tuple),
    verified=st.sampled_from([None, True, False]),
    identifiers=st.dictionaries(st.just("order_number"), st.just(("12345678",)), max_size=1),
)

TERMS = st.lists(
    st.sampled_from(["refund", "退款", "退还", "saldo", "top up", "ref*", "*und", "up", "被", "o"]), min_size=1
)
LEAVES = st.one_of(
    st.builds(
        lambda fact, operator, terms: f'{{ fact = "{fact}", {operator} = {json.dumps(terms, ensure_ascii=False)} }}',
        st.sampled_from(["message", "subject", "text", "sender"]),
        st.sampled_from(["contains_any", "contains_all", "contains_none", "starts", "ends"]),
        TERMS,
    ),
    st.sampled_from(
        [
            '{ fact = "machine", is_set = true }',
            '{ fact = "verified", equals = false }',
            '{ fact = "attachment_count", between = [1, 3] }',
            '{ fact = "priority", at_least = "normal" }',
            '{ fact = "topic", equals = "refund" }',
            '{ fact = "tags", contains_any = ["hit", "v*"] }',
            '{ fact = "order_number", is_set = true }',
            '{ fact = "language", in = ["en", "zh-Hans"] }',
            "{ fact = \"text\", matches = ['re?f', '[a-z]{2}\\d'] }",
        ]
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda kind, parts: f"{{ {kind} = [{', '.join(parts)}] }}",
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)
ACTIONS = st.sampled_from(
    [
        'then.topic = "refund"',
        'then.priority = "low"',
        'then.priority_at_least = "high"',
        'then.tag = ["hit"]',
        'then.untag = ["vip", "hit"]',
        'then.acknowledge = "thanks"',
        'then.acknowledge = "none"',
        'then.status = "open"\nstop = true',
    ]
)
RULES = st.lists(
    st.builds(
        lambda condition, action, mode, when: f'when = {when}\nif = {condition}\n{action}\nmode = "{mode}"\n',
        CONDITIONS,
        ACTIONS,
        st.sampled_from(["live", "live", "live", "shadow", "off"]),
        st.sampled_from(['["received"]', '["received", "replied"]']),
    ),
    max_size=8,
).map(lambda bodies: "".join(f'[[rule]]\nname = "rule {n}"\n{body}' for n, body in enumerate(bodies)))


@settings(max_examples=80)
@given(rules=RULES, facts=FACT_SETS)
def test_the_fast_engine_and_the_plain_reading_agree_on_every_rule(make: Make, rules: str, facts: Facts) -> None:
    rulebook = make(rules)
    decision, traces = decide(rulebook, facts), explain(rulebook, facts)
    assert decision.fired == tuple(trace.fired for trace in traces if trace.fired)
    for trace in traces:
        if trace.condition and trace.fired:
            assert trace.condition.held
        assert trace.outcome in ("fired", "shadow", "off", "missed", "not reached")
    assert decide(make(rules), facts).to_json() == decision.to_json()
    assert Decision.from_json(json.loads(json.dumps(decision.to_json()))) == decision


@settings(max_examples=80)
@given(facts=FACT_SETS)
def test_the_starter_decides_any_text_the_same_way_twice_and_survives_json(starter: Rulebook, facts: Facts) -> None:
    decision = decide(starter, facts)
    assert decide(starter, facts) == decision
    assert decision.fired == tuple(trace.fired for trace in explain(starter, facts) if trace.fired)
    assert Decision.from_json(json.loads(json.dumps(decision.to_json()))) == decision
    assert Facts.from_json(json.loads(json.dumps(facts.to_json()))) == facts
    if facts.event == "received":
        assert decision.topic
    originals = {"subject": facts.subject, "text": facts.text}
    for fired in decision.fired:
        for found in fired.found:
            assert 0 <= found.start < found.end <= len(originals[found.fact])


def test_enormous_and_strange_texts_are_decided_like_others(starter: Rulebook) -> None:
    for text in ("\x00\x1b\u202e退款", "a" * 300_000, "退" * 100_000 + "款", "\ud800", "\u0301" * 5000, "🎉" * 5000):
        assert decide(starter, Facts("received", text=text)).topic


def test_the_first_writer_of_a_field_keeps_it_and_the_loser_says_to_whom(make: Make) -> None:
    rulebook = make(
        """
        [[rule]]
        name = "first"
        then.topic = "security"
        then.tag = ["a", "b"]
        [[rule]]
        name = "second"
        then.topic = "refund"
        then.team = "payments"
        then.tag = ["b", "c"]
        """
    )
    decision = decide(rulebook, Facts("received"))
    assert (decision.topic, decision.team, decision.tags) == ("security", "payments", ("a", "b", "c"))
    assert dict(decision.fired[1].lost) == {"topic": "first"}
    assert dict(decision.fired[1].set) == {"team": "payments", "tag": ("b", "c")}


def test_stop_ends_the_list_and_the_rest_says_so(make: Make) -> None:
    rulebook = make(
        """
        [[rule]]
        name = "halt"
        if = { fact = "text", contains_any = ["halt"] }
        then.tag = ["halted"]
        stop = true
        """
    )
    assert decide(rulebook, Facts("received", text="halt")).topic is None
    last = explain(rulebook, Facts("received", text="halt"))[-1]
    assert (last.outcome, last.stopped_by) == ("not reached", "halt")
    assert decide(rulebook, Facts("received", text="go on")).topic == "other"


def test_a_shadow_rule_is_recorded_and_changes_nothing_and_one_that_is_off_does_neither(make: Make) -> None:
    rule = '[[rule]]\nname = "tried"\nthen.topic = "refund"\nthen.tag = ["x"]\nstop = true\nmode = "{}"\n'
    shadow, off = make(rule.format("shadow")), make(rule.format("off"))
    decision = decide(shadow, Facts("received"))
    assert (decision.topic, decision.tags) == ("other", ())
    assert decision.fired[0].shadow
    assert decision.fired[0].set["topic"] == "refund"
    assert [fired.rule for fired in decide(off, Facts("received")).fired] == ["everything"]
    assert [trace.outcome for trace in explain(shadow, Facts("received"))] == ["shadow", "fired"]
    assert [trace.outcome for trace in explain(off, Facts("received"))] == ["off", "fired"]


def test_a_rule_sees_what_the_rules_above_it_decided(make: Make) -> None:
    rulebook = make(
        """
        [[rule]]
        name = "topic"
        then.topic = "refund"
        then.tag = ["money"]
        [[rule]]
        name = "team"
        if.all = [{ fact = "topic", equals = "refund" }, { fact = "tags", contains_any = ["money"] }]
        then.team = "payments"
        """
    )
    assert decide(rulebook, Facts("received")).team == "payments"


def test_at_least_raises_what_a_rule_above_set_and_lowers_nothing(make: Make) -> None:
    rules = """
        [[rule]]
        name = "start"
        then.priority = "{}"
        [[rule]]
        name = "raise"
        then.priority_at_least = "high"
        """
    assert decide(make(rules.format("low")), Facts("received")).priority == "high"
    assert decide(make(rules.format("urgent")), Facts("received")).priority == "urgent"


def test_a_rule_looks_only_at_its_events(make: Make) -> None:
    rulebook = make('[[rule]]\nname = "again"\nwhen = "replied"\nthen.tag = ["again"]\n')
    assert decide(rulebook, Facts("replied")).tags == ("again",)
    assert decide(rulebook, Facts("received")).tags == ()
    assert explain(rulebook, Facts("received"))[0].reason == "it looks at replied; this is received"


def test_a_word_of_no_acknowledgement_is_kept_apart_from_silence(make: Make) -> None:
    forbidden = make('[[rule]]\nname = "quiet"\nthen.acknowledge = "none"\n')
    assert decide(forbidden, Facts("received")).acknowledge == ""
    assert decide(make(""), Facts("received")).acknowledge is None


def test_facts_of_another_version_of_the_desk_can_be_read() -> None:
    facts = Facts.from_json({"event": "received", "text": "x", "something_new": 1})
    assert facts == Facts("received", text="x")


def test_every_fact_has_its_line_in_the_vocabulary() -> None:
    fields = set(Facts.__dataclass_fields__) - {"event", "identifiers"}
    assert fields == set(FACTS) - {"message"}


def test_the_marks_of_a_rule_are_those_of_the_parts_that_held(make: Make) -> None:
    rulebook = make(
        """
        [[rule]]
        name = "tried"
        if.any = [
            { all = [{ fact = "text", contains_any = ["one"] }, { fact = "text", contains_any = ["missing"] }] },
            { fact = "text", contains_all = ["two", "three"] },
            { none = [{ fact = "text", contains_any = ["four"] }] },
        ]
        then.tag = ["x"]
        """
    )
    fired = decide(rulebook, Facts("received", text="one two three")).fired[0]
    assert [mark.term for mark in fired.found] == ["two", "three"]


def test_patterns_and_identifiers_are_marked_too(make: Make) -> None:
    rulebook = make(
        """
        [[rule]]
        name = "tried"
        if.all = [{ fact = "text", matches = ['\\b\\d{3}\\b'] }, { fact = "order_number", is_set = true }]
        then.tag = ["x"]
        """.replace("\\\\", "\\")
    )
    facts = Facts("received", text="½ room １２３, ORD-12345678")
    facts = replace(facts, identifiers=rulebook.find_identifiers(facts.subject, facts.text))
    found = decide(rulebook, facts).fired[0].found
    assert [facts.text[mark.start : mark.end] for mark in found] == ["１２３", "12345678"]

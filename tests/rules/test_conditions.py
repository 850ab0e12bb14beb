from collections.abc import Callable
from dataclasses import replace

import pytest

from rules.conditions import OPERATORS
from rules.engine import decide, explain
from rules.facts import Facts
from rules.rulebook import Rulebook

WithCondition = Callable[[str], Rulebook]

FACTS = Facts(
    "received",
    subject="Re: Ｔop  up",
    text="我要退還這筆錢, saldo belum masuk. Order ORD-12345678",
    channel="email",
    language="zh-Hans",
    sender="Linda@Shop.Example",
    sender_domain="shop.example",
    recipients=("support@desk.example", "sales@desk.example"),
    customer_open_tickets=2,
    attachment_count=1,
    attachment_types=("image/png",),
    machine=("A1 Auto-Submitted: auto-replied",),
    priority="high",
    status="open",
    tags=("vip",),
    verified=None,
    customer_known=True,
    identifiers={"order_number": ("12345678",)},
)

TABLE = [
    ('{ fact = "text", contains_any = ["refund", "退还"] }', True),
    ('{ fact = "text", contains_any = ["退還"] }', True),
    ('{ fact = "text", contains_any = ["asuk"] }', False),
    ('{ fact = "text", contains_any = ["*asuk"] }', True),
    ('{ fact = "text", contains_any = ["mas*"] }', True),
    ('{ fact = "text", contains_any = ["mas"] }', False),
    ('{ fact = "text", contains_any = ["@money"] }', False),
    ('{ fact = "text", contains_all = ["saldo", "belum masuk"] }', True),
    ('{ fact = "text", contains_all = ["saldo", "refund"] }', False),
    ('{ fact = "text", contains_none = ["refund"] }', True),
    ('{ fact = "text", contains_none = ["saldo"] }', False),
    ('{ fact = "subject", contains_any = ["saldo"] }', False),
    ('{ fact = "message", contains_any = ["re"] }', True),
    ('{ fact = "subject", starts = ["re:"] }', True),
    ('{ fact = "text", ends = ["12345678"] }', True),
    ('{ fact = "subject", equals = "re: top  up" }', True),
    ('{ fact = "channel", equals = "EMAIL" }', True),
    ('{ fact = "language", in = ["en", "zh-Hans"] }', True),
    ('{ fact = "language", in = ["en"] }', False),
    ("{ fact = \"text\", matches = ['ord-\\d{8}\\b'] }", True),
    ("{ fact = \"text\", matches = ['ord-\\d{9}'] }", False),
    ('{ fact = "sender", contains_any = ["linda"] }', True),
    ('{ fact = "sender_domain", ends = [".example"] }', True),
    ('{ fact = "recipients", contains_any = ["SALES@desk.example"] }', True),
    ('{ fact = "recipients", contains_any = ["sales"] }', False),
    ('{ fact = "recipients", contains_all = ["*@desk.example"] }', True),
    ('{ fact = "attachment_types", contains_any = ["image/*"] }', True),
    ('{ fact = "attachment_types", contains_none = ["application/*"] }', True),
    ('{ fact = "machine", is_set = true }', True),
    ('{ fact = "machine", contains_any = ["A1*"] }', True),
    ('{ fact = "customer_open_tickets", at_least = 2 }', True),
    ('{ fact = "customer_open_tickets", more_than = 2 }', False),
    ('{ fact = "customer_open_tickets", at_most = 2 }', True),
    ('{ fact = "customer_open_tickets", less_than = 2 }', False),
    ('{ fact = "customer_open_tickets", between = [1, 3] }', True),
    ('{ fact = "customer_open_tickets", in = [0, 1] }', False),
    ('{ fact = "priority", at_least = "normal" }', True),
    ('{ fact = "priority", less_than = "high" }', False),
    ('{ fact = "priority", between = ["low", "normal"] }', False),
    ('{ fact = "priority", equals = "high" }', True),
    ('{ fact = "customer_known", equals = true }', True),
    ('{ fact = "verified", is_set = true }', False),
    ('{ fact = "verified", equals = false }', False),
    ('{ fact = "team", is_set = false }', True),
    ('{ fact = "tags", contains_any = ["VIP"] }', True),
    ('{ fact = "order_number", is_set = true }', True),
    ('{ fact = "order_number", contains_any = ["1234*"] }', True),
    ('{ all = [{ fact = "channel", equals = "email" }, { fact = "team", is_set = true }] }', False),
    ('{ any = [{ fact = "channel", equals = "chat" }, { fact = "team", is_set = false }] }', True),
    ('{ none = [{ fact = "channel", equals = "chat" }, { fact = "team", is_set = true }] }', True),
    ('{ any = [{ fact = "team", is_set = false }], none = [{ fact = "channel", equals = "email" }] }', False),
    ('{ all = [{ any = [{ none = [{ fact = "channel", equals = "chat" }] }] }] }', True),
]


@pytest.mark.parametrize(("condition", "holds"), TABLE)
def test_a_condition_holds_or_not_and_the_explanation_agrees(
    with_condition: WithCondition, condition: str, holds: bool
) -> None:
    rulebook = with_condition(condition)
    assert ("hit" in decide(rulebook, FACTS).tags) is holds
    trace = explain(rulebook, FACTS)[0]
    assert trace.condition is not None
    assert trace.condition.held is holds
    assert bool(trace.reason) is not holds


def test_the_table_above_tries_every_operator() -> None:
    assert [name for name in OPERATORS if not any(f" {name} = " in condition for condition, _ in TABLE)] == []


def test_a_fact_of_the_wrong_kind_is_a_miss_with_its_reason_and_never_an_error(with_condition: WithCondition) -> None:
    rulebook = with_condition('{ fact = "attachment_count", at_least = 1 }')
    broken = replace(FACTS, attachment_count={"not": "a number"})  # type: ignore[arg-type]
    assert decide(rulebook, broken).tags == ()
    assert "unreadable" in explain(rulebook, broken)[0].reason


def test_the_page_can_say_which_condition_failed_and_what_stood_there(with_condition: WithCondition) -> None:
    rulebook = with_condition(
        '{ all = [{ fact = "channel", equals = "chat" }, { fact = "text", contains_all = ["saldo", "refund"] }] }'
    )
    trace = explain(rulebook, FACTS)[0]
    assert trace.outcome == "missed"
    assert trace.reason == "channel is chat: email; text has all of saldo, refund: without refund"

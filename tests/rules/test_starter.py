"""The reference desk on sentences as customers write them."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from rules.engine import decide, explain
from rules.facts import Facts
from rules.rulebook import LANGUAGES, Rulebook

Written = Callable[[str, str], Facts]

SAMPLES = [
    ("security", "zh-Hans", "我的账号被盗了，余额被转走了500元"),
    ("security", "zh-Hans", "有一笔交易不是我操作的，快冻结"),
    ("security", "zh-Hans", "我被骗了，对方冒充客服要了验证码"),
    ("security", "zh-Hans", "收到可疑短信让我点链接，是你们发的吗"),
    ("security", "zh-Hans", "怎么打开两步验证"),
    ("account", "zh-Hans", "登录不了，一直说密码错误"),
    ("account", "zh-Hans", "收不到验证码，注册不了"),
    ("account", "zh-Hans", "换了手机号，怎么换绑"),
    ("account", "zh-Hans", "实名认证一直不通过"),
    ("payment", "zh-Hans", "我的 GoPay top up 失败了 pls help"),
    ("payment", "zh-Hans", "转账两天了还没到账"),
    ("payment", "zh-Hans", "银行卡钱扣了但是余额没有变 充值没成功"),
    ("payment", "zh-Hans", "扫码付款一直报错"),
    ("payment", "zh-Hans", "转账转错人了能追回吗"),
    ("refund", "zh-Hans", "我要退款"),
    ("refund", "zh-Hans", "同一个订单重复扣款 订单号１２３４５６７８９０"),
    ("refund", "zh-Hans", "商家发错货了，我要退货"),
    ("usage", "zh-Hans", "优惠券怎么用"),
    ("usage", "zh-Hans", "请问每天限额是多少"),
    ("international", "zh-Hans", "去泰国可以用你们的钱包付款吗"),
    ("international", "zh-Hans", "汇率是按哪一天的"),
    ("feedback", "zh-Hans", "客服态度太差，我要投诉"),
    ("feedback", "zh-Hans", "希望增加夜间模式，其他都很好用"),
    ("other", "zh-Hans", "在吗"),
    ("security", "zh-Hant", "我的帳號被盜了，錢被轉走"),
    ("security", "zh-Hant", "這筆不明扣款我沒有操作過"),
    ("security", "zh-Hant", "我好像遇到假客服，密碼給了對方"),
    ("account", "zh-Hant", "帳戶被鎖定，無法登入"),
    ("account", "zh-Hant", "想修改資料，換手機號"),
    ("payment", "zh-Hant", "儲值付款失敗，信用卡已扣款"),
    ("payment", "zh-Hant", "轉帳沒有到賬"),
    ("refund", "zh-Hant", "請問什麼時候可以退款"),
    ("refund", "zh-Hant", "被扣了兩次，請退還一筆"),
    ("international", "zh-Hant", "去日本可以用嗎？匯率怎麼算"),
    ("usage", "zh-Hant", "紅包在哪裡領"),
    ("feedback", "zh-Hant", "我要投訴，都沒人回覆"),
    ("other", "zh-Hant", "您好"),
    ("security", "en", "Someone hacked my account and moved my money"),
    ("security", "en", "There is an unauthorized payment, it wasn't me"),
    ("security", "en", "I clicked a link in a fake website, is it phishing?"),
    ("security", "en", "Do you offer two-factor login?"),
    ("account", "en", "I can't log in since yesterday"),
    ("account", "en", "My account is locked"),
    ("account", "en", "I want to change my phone number"),
    ("payment", "en", "Top up failed but my bank was debited"),
    ("payment", "en", "The transfer has not arrived"),
    ("payment", "en", "Payment declined at checkout"),
    ("payment", "en", "I sent money to the wrong person"),
    ("refund", "en", "I want a refund for order no. 20251123001"),
    ("refund", "en", "You charged me twice"),
    ("refund", "en", "REFUNDED?? still waiting"),
    ("usage", "en", "How do I use a voucher?"),
    ("usage", "en", "What are the fees?"),
    ("international", "en", "Which countries do you support?"),
    ("international", "en", "Can I pay abroad with it, what is the exchange rate"),
    ("feedback", "en", "Your service is terrible, I want to complain"),
    ("feedback", "en", "Love the app, one suggestion: dark mode"),
    ("other", "en", "Hello?"),
    ("security", "id", "akun saya dihack orang, saldo hilang"),
    ("security", "id", "saya kena penipuan, tadi kasih otp"),
    ("security", "id", "ada transaksi mencurigakan bukan saya"),
    ("account", "id", "gk bisa login dari kemarin"),
    ("account", "id", "lupa pin min"),
    ("account", "id", "mau ganti no hp"),
    ("payment", "id", "top up blm masuk saldo"),
    ("payment", "id", "tf gagal tapi saldo kepotong"),
    ("payment", "id", "qris error ga bisa bayar"),
    ("payment", "id", "uangnya belum sampai"),
    ("payment", "id", "duit top up tak masuk lagi"),
    ("refund", "id", "mohon pengembalian dana"),
    ("refund", "id", "barang salah, minta refund, no pesanan 99887766"),
    ("refund", "id", "terpotong 2x tolong balikin uang"),
    ("usage", "id", "gimana cara pakai voucher"),
    ("usage", "id", "biaya admin berapa"),
    ("international", "id", "apakah bisa dipakai di luar negeri"),
    ("international", "id", "kurs hari ini berapa"),
    ("feedback", "id", "kecewa, tidak ada respon"),
    ("feedback", "id", "saran: tambahkan mode gelap"),
    ("other", "id", "halo kak"),
]


@pytest.mark.parametrize(("topic", "language", "text"), SAMPLES)
def test_a_sentence_gets_its_topic(starter: Rulebook, written: Written, topic: str, language: str, text: str) -> None:
    decision = decide(starter, written(text, language))
    assert decision.topic == topic, [fired.rule for fired in decision.fired]


@pytest.mark.parametrize(("topic", "language", "text"), SAMPLES)
def test_every_decision_is_complete_and_its_reply_speaks_the_language(
    starter: Rulebook, written: Written, topic: str, language: str, text: str
) -> None:
    decision = decide(starter, written(text, language))
    assert decision.priority
    assert decision.team in starter.teams
    assert decision.clock == ("asia-jakarta" if language == "id" else "asia-shanghai")
    assert starter.replies[decision.acknowledge or ""].texts[language].body


def test_security_stays_urgent_whatever_else_the_message_speaks_of(starter: Rulebook, written: Written) -> None:
    text = "账号被盗！我要退款，top up 失败，请问怎么登录，我要投诉，汇率多少"
    decision = decide(starter, written(text, "zh-Hans"))
    assert (decision.topic, decision.priority, decision.team) == ("security", "urgent", "security")
    assert decision.acknowledge == "security-now"
    later = [fired for fired in decision.fired if fired.rule not in ("account-takeover", "triage")]
    assert later
    assert all(fired.lost["priority"] == "account-takeover" for fired in later)


def test_a_reply_on_an_old_ticket_can_still_raise_the_alarm(starter: Rulebook) -> None:
    facts = Facts("replied", text="now somebody hacked my account", topic="usage", priority="low", status="open")
    decision = decide(starter, facts)
    assert (decision.priority, decision.tags) == ("urgent", ("account-takeover",))
    assert decide(starter, replace(facts, text="thank you")).fired == ()


def test_a_refund_without_order_number_is_asked_for_it_and_one_with_gets_dates(
    starter: Rulebook, written: Written
) -> None:
    without = decide(starter, written("I want a refund", "en"))
    given = decide(starter, written("I want a refund for order no. 20251123001", "en"))
    assert without.acknowledge == "refund-missing-order"
    assert without.tags == ("order-number-missing",)
    assert given.acknowledge == "refund-review"
    for text in starter.replies["refund-review"].texts.values():
        assert "{review_by}" in text.body
        assert "{payout_by}" in text.body


def test_no_machine_and_no_spam_is_acknowledged_or_makes_an_alarm(starter: Rulebook, written: Written) -> None:
    machine = replace(written("Your account was hacked? Refund", "en"), machine=("A1 Auto-Submitted: auto-replied",))
    spam = written("best SEO services and backlinks for you", "en")
    for facts, tag in ((machine, "machine"), (spam, "spam-hint")):
        decision = decide(starter, facts)
        assert (decision.acknowledge, decision.priority, decision.tags) == ("", "low", (tag,))
    assert decide(starter, spam).status == "spam"
    assert decide(starter, replace(spam, customer_known=True)).status is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("订单号：１２３４５６７８９０", "1234567890"),
        ("訂單編號 A1234567 想退", "A1234567"),
        ("交易單號是 4200001234202511230123456789", "4200001234202511230123456789"),
        ("order no. 20251123-001", "20251123-001"),
        ("Order number: AB99887766", "AB99887766"),
        ("order #20251123001", "20251123001"),
        ("no pesanan: 99887766", "99887766"),
        ("id transaksi 1234567890", "1234567890"),
        ("see ORD-20251123-0042 please", "ORD-20251123-0042"),
        ("4200001234202511230123456789", "4200001234202511230123456789"),
    ],
)
def test_order_numbers_are_found_in_many_forms(starter: Rulebook, text: str, number: str) -> None:
    assert starter.find_identifiers("", text) == {"order_number": (number,)}


@pytest.mark.parametrize(
    "text",
    [
        "call me on 081234567890",
        "card 4111 1111 1111 1111",
        "[#QK7M-4XPB]",
        "paid 150000 on 2025-11-23",
        "in order 2 pay",
    ],
)
def test_phone_card_amount_and_reference_are_no_order_numbers(starter: Rulebook, text: str) -> None:
    assert starter.find_identifiers("", text) == {}


def test_the_words_that_decided_can_be_marked_in_the_message_as_it_was_written(starter: Rulebook) -> None:
    facts = Facts(
        "received", subject="……ＨＥＬＰ", text="½ 😀 我的帳號被盜了，Someone ＨＡＣＫＥＤ it", language="zh-Hant"
    )
    found = decide(starter, facts).fired[0].found
    assert {facts.text[mark.start : mark.end] for mark in found if mark.fact == "text"} == {"被盜", "ＨＡＣＫＥＤ"}


def test_first_answers_are_promised_in_business_time_and_urgent_ones_around_the_clock(starter: Rulebook) -> None:
    for name in ("asia-shanghai", "asia-jakarta"):
        policy = starter.clocks[name]
        assert dict(policy.minutes) == {"urgent": 30, "high": 120, "normal": 480, "low": 1440}
        assert starter.calendars[policy.calendar_for("high")].hours["fri"] == (("09:00", "18:00"),)
        assert not starter.calendars[policy.calendar_for("urgent")].hours
    assert starter.calendars["asia-shanghai"].holidays == "CN"
    assert starter.calendars["asia-jakarta"].holidays == "ID"
    assert starter.default_clock == "asia-shanghai"


def test_every_reply_is_calm_says_the_reference_and_by_when_and_uses_its_own_script(starter: Rulebook) -> None:
    for reply in starter.replies.values():
        assert tuple(reply.texts) == LANGUAGES
        for language, text in reply.texts.items():
            assert not re.search("[!！]", text.body), (reply.name, language)
            assert "{ref}" in text.body
            assert "{due}" in text.body
            assert text.body.endswith("{desk}")
        hans, hant = reply.texts["zh-Hans"].body, reply.texts["zh-Hant"].body
        assert hans.encode("gb2312")
        assert hant.encode("big5")


def test_every_reply_is_used_by_a_rule_and_every_rule_names_one(starter: Rulebook) -> None:
    used = {rule.then["acknowledge"] for rule in starter.rules if "acknowledge" in rule.then}
    assert used - {"none"} == set(starter.replies)


def test_the_explanation_lists_every_rule_and_why_it_was_silent(starter: Rulebook, written: Written) -> None:
    traces = explain(starter, written("I want a refund", "en"))
    assert [trace.position for trace in traces] == list(range(1, len(starter.rules) + 1))
    outcomes = {trace.rule: trace.outcome for trace in traces}
    assert outcomes["refund-without-order-number"] == "fired"
    assert outcomes["account-takeover"] == "missed"
    assert all(trace.reason for trace in traces if trace.outcome == "missed")

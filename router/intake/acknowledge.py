"""The acknowledgement of a new ticket: whether it may be written at all, and its words. No query in here.

It is drafted in the transaction that makes the ticket, under a key that exists once, so that no crash makes it two.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from router import replies, tokens
from router.intake.bench import Bench, answer_references, body_hash
from router.intake.drafts import CustomerDraft, EventDraft, MessageDraft, TicketDraft
from router.intake.lookup import domain_of
from router.intake.understand import Understood
from router.models import Direction, EventKind, SendState
from rules.decision import Decision
from rules.rulebook import Reply, Rulebook

# Mailboxes of the public are not one sender: there the cap on a domain would silence the desk for everybody.
PUBLIC_MAIL_DOMAINS = frozenset(
    [
        "126.com",
        "139.com",
        "163.com",
        "aliyun.com",
        "foxmail.com",
        "gmail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "qq.com",
        "sina.com",
        "sohu.com",
        "yahoo.co.id",
        "yahoo.com",
        "yandex.com",
        "yeah.net",
    ]
)


def acknowledge(
    bench: Bench,
    understood: Understood,
    ticket: TicketDraft,
    customer: CustomerDraft,
    decision: Decision,
    message: MessageDraft,
) -> None:
    """Add the acknowledgement of `message` to the plan, or the reasons why there is none."""
    verdict = replies.may_acknowledge(_ack_case(bench, understood, customer, decision))
    customer.bodies.add(message.row["body_hash"])
    if not verdict.allowed or ticket.clock is None:
        reasons = list(verdict.reasons) or ["no_clock"]
        bench.plan.events.append(EventDraft(ticket, EventKind.NOT_ACKNOWLEDGED, {"reasons": reasons}, message))
        return
    reply = bench.rulebook.replies[decision.acknowledge or ""]
    acknowledgement = _acknowledgement(bench, understood, ticket, customer, reply)
    bench.plan.messages.append(acknowledgement)
    bench.plan.acknowledgements += 1
    data = {"reply": reply.name, "language": acknowledgement.row["language"]}
    bench.plan.events.append(EventDraft(ticket, EventKind.ACKNOWLEDGED, data, acknowledgement))
    address = understood.parsed.sender.folded
    bench.lookup.acks.add(address, domain_of(address), understood.item.account_id, bench.now)


def _ack_case(bench: Bench, understood: Understood, customer: CustomerDraft, decision: Decision) -> replies.AckCase:
    parsed, item = understood.parsed, understood.item
    address, acks = parsed.sender.folded, bench.lookup.acks
    domain = domain_of(address)
    times = acks.by_address.get(address, ())
    return replies.AckCase(
        machine=() if item.released else parsed.machine,
        archive=bool(item.envelope.get("archive")),
        reply_name=decision.acknowledge or "",
        own_sender=address in bench.app.config.own_addresses,
        suppressed=customer.suppressed,
        sender_valid=replies.sender_valid(parsed.sender.address),
        acks_15_min=sum(at > bench.now - timedelta(minutes=15) for at in times),
        acks_24_h=len(times),
        domain_acks_hour=0 if domain in PUBLIC_MAIL_DOMAINS else acks.by_domain[domain],
        account_acks_5_min=acks.of_account[item.account_id],
        same_body_recently=body_hash(parsed.new_text) in customer.bodies,
        verified=parsed.verified,
    )


def _acknowledgement(
    bench: Bench, understood: Understood, ticket: TicketDraft, customer: CustomerDraft, reply: Reply
) -> MessageDraft:
    parsed, item, clock = understood.parsed, understood.item, ticket.clock
    assert clock is not None
    language = replies.choose_language(understood.language, customer.language, reply)
    promised_by = bench.app.rulebooks.calendar(bench.rulebook, _promise_calendar(bench.rulebook, clock))
    values = replies.values_for(
        ref=ticket.ref,
        desk=bench.app.config.desk_name,
        due_at=clock["due_at"],
        started_at=clock["started_at"],
        calendar=promised_by,
        language=language,
        days=bench.rulebook.promises,
        wanted=replies.placeholders(reply, language),
    )
    rendered = replies.render(reply, language, values)
    token = tokens.make(bench.key, ticket.ref, tokens.fixed_nonce(bench.key, f"ack:{ticket.ref}"))
    recipient = parsed.sender.folded
    return MessageDraft(
        ticket,
        {
            "direction": Direction.OUT,
            "account_id": item.account_id,
            "created_at": bench.now,
            "sender_address": bench.app.channel(item.account).account.address,
            "sender_name": bench.app.channel(item.account).account.display_name,
            "addressed": {"to": [[parsed.sender.address, parsed.sender.name]], "cc": [], "token": token},
            "subject": rendered.subject or parsed.subject[:998],
            "text": rendered.body,
            "new_text": rendered.body,
            "language": language,
            "external_ref": bench.app.channel(item.account).outgoing_ref(token),
            "references": answer_references(parsed.external_ref, parsed.references),
            "dedupe_key": f"ack:{ticket.ref}:received",
            "automatic": True,
            "reply_name": reply.name,
            "recipient": recipient[:320],
            "recipient_domain": domain_of(recipient)[:255],
            "send_state": SendState.QUEUED,
            "next_try_at": bench.now,
        },
    )


def _promise_calendar(rulebook: Rulebook, clock: dict[str, Any]) -> str:
    """Review and payout days are counted in working days even where the first answer is due around the clock."""
    return rulebook.clocks[clock["policy"]].calendar

"""Judge: one understood message against what is known becomes drafts. No query and no clock in here."""

from __future__ import annotations

from typing import Any

from channels.base import Address, Parsed, ParsedAttachment
from router import clocks, tokens
from router.intake import threads
from router.intake.acknowledge import acknowledge
from router.intake.bench import Bench, body_hash, snippet
from router.intake.drafts import CustomerDraft, Ending, EventDraft, MessageDraft, TicketDraft
from router.intake.lookup import domain_of
from router.intake.understand import Understood
from router.models import Direction, EventKind, InboundState, Priority, Status
from rules.decision import Decision
from rules.engine import decide
from rules.facts import Facts

# A11: more new tickets than this from one sender within an hour wait for a person instead of filling the inbox.
FLOOD_TICKETS = 20
# The rules read this much of a message: what decides stands at its beginning, and their cost stays bounded.
RULE_TEXT = 20_000
# What a report says of the message that it is about.
DELIVERY_STATES = {"bounce": "bounced", "delay": "delayed", "receipt": "read"}


def judge(bench: Bench, understood: Understood) -> None:
    """Add to the plan what becomes of one message: duplicate, delivery state, quarantine, or a message on a ticket."""
    parsed, item = understood.parsed, understood.item
    copy = _copy_of(bench, understood)
    if copy is not None:
        bench.plan.endings.append(copy)
        return
    if parsed.report is not None:
        _deliver_report(bench, understood)
        return
    held = None if item.released else _held_back(bench, understood)
    if held is not None:
        code, reason = held
        _quarantine(bench, understood, code, reason)
        return
    _accept(bench, understood)


def _copy_of(bench: Bench, understood: Understood) -> Ending | None:
    """The ending of a message that the desk has already: from an earlier batch, or from this one."""
    key, inbound = understood.parsed.dedupe_key, understood.item.inbound_id
    if key in bench.lookup.stored:
        message, ticket = bench.lookup.stored[key]
        return Ending(inbound, InboundState.DUPLICATE, "duplicate", message_id=message, ticket_id=ticket)
    if key in bench.lookup.fresh:
        draft = bench.lookup.fresh[key]
        return Ending(inbound, InboundState.DUPLICATE, "duplicate", message=draft, ticket=draft.ticket)
    return None


def _held_back(bench: Bench, understood: Understood) -> tuple[str, str] | None:
    """Why a message waits for a person: it is our own mail come back, marked as spam, or part of a flood."""
    parsed = understood.parsed
    if parsed.sender.folded in bench.app.config.own_addresses:
        return "own_mail", f"it comes from our own address {parsed.sender.address}; answering it could start a loop"
    spam = next((mark for mark in parsed.machine if mark.startswith("A10") and "spam" in mark.casefold()), "")
    if spam:
        return "spam", f"the mail server marked it as spam ({spam})"
    customer = bench.lookup.customers.get(parsed.sender.folded)
    if customer and customer.last_hour >= FLOOD_TICKETS and not _thread(bench, parsed).ticket:
        return "flood", f"{parsed.sender.address} opened {customer.last_hour} tickets within an hour"
    return None


def _quarantine(bench: Bench, understood: Understood, code: str, reason: str) -> None:
    ending = Ending(understood.item.inbound_id, InboundState.QUARANTINED, code, reason)
    bench.plan.endings.append(ending)
    data = {"inbound": understood.item.inbound_id, "code": code}
    bench.plan.events.append(EventDraft(None, EventKind.QUARANTINED, data))


def _deliver_report(bench: Bench, understood: Understood) -> None:
    """B1-B4: a bounce becomes the delivery state of the message that it is about, or waits in quarantine. A report is
    believed only about an id that carries our mac: otherwise anybody could silence the mail to anybody."""
    report = understood.parsed.report
    assert report is not None
    sent = next((bench.lookup.sent[ref] for ref in understood.about if ref in bench.lookup.sent), None)
    if sent is None:
        _quarantine(bench, understood, "bounce", "a delivery report about a message that this desk did not send")
        return
    recipients = [
        {"address": r.address, "action": r.action, "status": r.status, "diagnostic": r.diagnostic}
        for r in report.recipients
    ]
    state = DELIVERY_STATES.get(report.kind, report.kind)
    delivery = {"state": state, "recipients": recipients, "at": bench.now.isoformat()}
    bench.plan.deliveries.append({"b_id": sent.id, "delivery": delivery})
    if report.kind == "complaint" or any(r.hard for r in report.recipients):
        reason = next((r.diagnostic or r.status for r in report.recipients if r.hard), report.kind)
        bench.plan.suppressions.append({"b_address": sent.recipient, "reason": reason[:500]})
    bench.plan.events.append(
        EventDraft(None, EventKind.DELIVERY, {"state": state}, ticket_id=sent.ticket_id, message_id=sent.id)
    )
    bench.plan.endings.append(
        Ending(
            understood.item.inbound_id,
            InboundState.ACCEPTED,
            "delivery_report",
            ticket_id=sent.ticket_id,
            message_id=sent.id,
        )
    )


def _accept(bench: Bench, understood: Understood) -> None:
    parsed = understood.parsed
    customer = _customer(bench, parsed, understood.language)
    thread = _thread(bench, parsed)
    ticket = thread.ticket
    joined = ticket is not None
    if ticket is None:
        ticket = _new_ticket(bench, understood, customer, thread.linked)
    facts = _facts(bench, understood, ticket, customer)
    decision = decide(bench.rulebook, facts)
    message = _message(bench, understood, ticket, customer)
    bench.plan.events.append(
        EventDraft(
            ticket,
            EventKind.RECEIVED if joined else EventKind.CREATED,
            {"by": thread.by, **({"linked": thread.linked.ref} if thread.linked and not joined else {})},
            message,
        )
    )
    if joined:
        _apply_to_joined(understood, ticket, decision)
    else:
        _apply_to_new(bench, understood, ticket, decision)
    _remember(bench, understood, ticket, customer, message, joined=joined)
    told = facts.to_json()
    # The message row has the words; invariant 6 rests on the other facts.
    for name in ("subject", "text"):
        told.pop(name)
    data = {"rulebook": bench.rulebook.version, "facts": told, "decision": decision.to_json()}
    bench.plan.events.append(EventDraft(ticket, EventKind.DECIDED, data, message))
    if not joined:
        acknowledge(bench, understood, ticket, customer, decision, message)


def _thread(bench: Bench, parsed: Parsed) -> threads.Thread[TicketDraft]:
    return threads.resolve(parsed, bench.key, bench.lookup.known, bench.now)


def _customer(bench: Bench, parsed: Parsed, language: str) -> CustomerDraft:
    address = parsed.sender.folded
    customer = bench.lookup.customers.get(address)
    if customer is None:
        customer = CustomerDraft(address, parsed.sender.name[:200], language)
        bench.plan.customers.append(customer)
        bench.lookup.customers[address] = customer
    elif not customer.language and language:
        customer.language, customer.learned = language, True
    return customer


def _new_ticket(
    bench: Bench, understood: Understood, customer: CustomerDraft, linked: TicketDraft | None
) -> TicketDraft:
    parsed, item = understood.parsed, understood.item
    ticket = TicketDraft(
        ref=tokens.new_ref(),
        customer=customer,
        status=Status.NEW,
        priority=Priority.NORMAL,
        topic="",
        team="",
        language=understood.language or customer.language or "en",
        machine=bool(parsed.machine) and not item.released,
        linked=linked,
        participants={parsed.sender.folded},
        last_message_at=item.received_at,
    )
    ticket.row = {
        "ref": ticket.ref,
        "account_id": item.account_id,
        "channel": bench.app.channel(item.account).account.kind,
        "subject": parsed.subject[:998],
        "created_at": item.received_at,
    }
    bench.plan.tickets.append(ticket)
    bench.lookup.known.by_ref[ticket.ref] = ticket
    return ticket


def _facts(bench: Bench, understood: Understood, ticket: TicketDraft, customer: CustomerDraft) -> Facts:
    parsed, text = understood.parsed, understood.parsed.new_text[:RULE_TEXT]
    first = ticket.messages == 0
    policy = bench.rulebook.clocks[bench.rulebook.default_clock]
    calendar = bench.app.rulebooks.calendar(bench.rulebook, policy.calendar)
    return Facts(
        event="received" if first else "replied",
        subject=parsed.subject,
        text=text,
        channel=bench.app.channel(understood.item.account).account.kind,
        account=understood.item.account,
        language=understood.language or customer.language or "en",
        sender=parsed.sender.folded,
        sender_domain=domain_of(parsed.sender.address),
        recipients=tuple(a.folded for a in (*parsed.to, *parsed.cc)),
        customer_known=customer.known,
        customer_open_tickets=customer.open_tickets,
        machine=parsed.machine,
        attachment_count=sum(not a.inline for a in parsed.attachments),
        attachment_types=tuple(a.sniffed_type for a in parsed.attachments if not a.inline),
        is_reply=parsed.is_reply,
        is_first=first,
        message_count=ticket.messages + 1,
        status=ticket.status,
        priority=Priority(ticket.priority).word,
        topic=ticket.topic,
        team=ticket.team,
        tags=tuple(sorted(ticket.tags)),
        verified=parsed.verified,
        business_hours=calendar.is_open(understood.item.received_at),
        identifiers=bench.rulebook.find_identifiers(parsed.subject, text),
    )


def _message(bench: Bench, understood: Understood, ticket: TicketDraft, customer: CustomerDraft) -> MessageDraft:
    parsed, item = understood.parsed, understood.item
    message = MessageDraft(
        ticket,
        {
            "direction": Direction.IN,
            "account_id": item.account_id,
            "created_at": item.received_at,
            "sender_address": parsed.sender.address[:320],
            "sender_name": (parsed.sender.name or customer.name)[:200],
            "addressed": _addressed(parsed),
            "subject": parsed.subject[:998],
            "text": parsed.text,
            "new_text": parsed.new_text,
            "html": parsed.html,
            "body_hash": body_hash(parsed.new_text),
            "language": understood.language,
            "external_ref": parsed.external_ref,
            "references": list(parsed.references),
            "dedupe_key": parsed.dedupe_key,
            "machine": list(parsed.machine),
            "verified": parsed.verified,
            "remote_content": parsed.remote_content,
            "notices": list(parsed.notices) + (["charset_guessed"] if parsed.charset_guessed else []),
        },
        [_attachment(n, a, key) for n, (a, key) in enumerate(zip(parsed.attachments, understood.files, strict=True))],
    )
    bench.plan.messages.append(message)
    bench.plan.endings.append(
        Ending(item.inbound_id, InboundState.ACCEPTED, ticket=ticket, message=message, joined=ticket.messages > 0)
    )
    return message


def _attachment(position: int, part: ParsedAttachment, key: str) -> dict[str, Any]:
    return {
        "position": position,
        "filename": part.filename[:255],
        "declared_type": part.declared_type[:255],
        "sniffed_type": part.sniffed_type[:255],
        "size": len(part.data),
        "sha256": key,
        "key": key,
        "inline": part.inline,
    }


def _addressed(parsed: Parsed) -> dict[str, Any]:
    def pairs(people: tuple[Address, ...]) -> list[list[str]]:
        return [[person.address, person.name] for person in people]

    reply_to = {"reply_to": parsed.reply_to.address} if parsed.reply_to else {}
    return {"to": pairs(parsed.to), "cc": pairs(parsed.cc), **reply_to}


def _apply_to_new(bench: Bench, understood: Understood, ticket: TicketDraft, decision: Decision) -> None:
    ticket.topic = decision.topic or "other"
    ticket.team = decision.team or ""
    ticket.priority = Priority[decision.priority.upper()] if decision.priority else Priority.NORMAL
    ticket.status = Status(decision.status) if decision.status else Status.NEW
    ticket.new_tags = list(decision.tags)
    ticket.tags |= set(decision.tags)
    if not ticket.machine and not understood.item.envelope.get("archive") and ticket.status is not Status.SPAM:
        ticket.clock = _clock(bench, understood, ticket, decision)


def _apply_to_joined(understood: Understood, ticket: TicketDraft, decision: Decision) -> None:
    """A further message may raise a ticket and add tags, but never undoes what people decided about it. A machine's
    message (an absence note) changes nothing at all, and so does one whose sender the mail server says is forged."""
    ticket.touch["machine_only"] = bool(understood.parsed.machine) or understood.parsed.verified is False
    if ticket.touch["machine_only"]:
        return
    raised = max(ticket.priority, Priority[decision.priority.upper()] if decision.priority else Priority.LOW)
    if raised != ticket.priority:
        ticket.priority = raised
        ticket.touch["raised"] = True
    new = [tag for tag in decision.tags if tag not in ticket.tags]
    ticket.new_tags += new
    ticket.tags |= set(new)
    ticket.gone_tags += [tag for tag in decision.untags if tag in ticket.tags]


def _clock(bench: Bench, understood: Understood, ticket: TicketDraft, decision: Decision) -> dict[str, Any]:
    policy = bench.rulebook.clocks[decision.clock or bench.rulebook.default_clock]
    priority = Priority(ticket.priority).word
    name = policy.calendar_for(priority)
    started = understood.item.received_at
    due = clocks.due(policy, priority, bench.app.rulebooks.calendar(bench.rulebook, name), started)
    return {
        "policy": policy.name,
        "rulebook": bench.rulebook.version,
        "minutes": clocks.minutes_for(policy, priority),
        "calendar": name,
        "started_at": started,
        "due_at": due.at,
    }


def _remember(
    bench: Bench,
    understood: Understood,
    ticket: TicketDraft,
    customer: CustomerDraft,
    message: MessageDraft,
    *,
    joined: bool,
) -> None:
    """Let the later messages of the batch see this one, and the list page's columns follow it."""
    parsed, at = understood.parsed, understood.item.received_at
    ticket.messages += 1
    ticket.last_message_at = max(ticket.last_message_at, at)
    columns = ticket.touch if joined else ticket.row
    columns["last_sender"] = (parsed.sender.name or parsed.sender.address)[:200]
    columns["snippet"] = snippet(parsed.new_text or parsed.text)
    if any(not a.inline for a in parsed.attachments):
        columns["has_attachments"] = True
    if joined and not ticket.fresh:
        ticket.touch["added"] = ticket.touch.get("added", 0) + 1
        bench.plan.touched[ticket.ref] = ticket
    if not joined:
        customer.last_hour += 1
        customer.open_tickets += 1
    if parsed.external_ref:
        bench.lookup.known.by_external_ref[parsed.external_ref] = ticket
    bench.lookup.fresh[parsed.dedupe_key] = message

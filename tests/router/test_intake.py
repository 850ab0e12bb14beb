"""From a raw mail to a decided ticket: nothing vanishes, nothing is doubled, and one bad mail stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from services.letters import NOON, arrive, item, later, letter
from sqlalchemy import func, select, update
from sqlmodel import col

from router import intake, quarantine
from router.intake.drain import claim
from router.models import (
    Attachment,
    Clock,
    ClockState,
    Customer,
    Event,
    EventKind,
    Identity,
    Inbound,
    InboundState,
    Message,
    Participant,
    SendState,
    Status,
    Ticket,
)


def test_a_mail_becomes_a_decided_ticket_with_a_clock_and_one_acknowledgement(desk, rows):
    counts = arrive(desk, letter("My payment failed: money left my card but never arrived."))
    assert (counts.tickets, counts.items) == (1, 1)
    [ticket] = rows(desk, Ticket)
    assert (ticket.topic, ticket.language, ticket.status, ticket.message_count) == ("payment", "en", Status.NEW, 1)
    [clock] = rows(desk, Clock)
    assert clock.state is ClockState.RUNNING
    assert clock.due_at == ticket.due_at > NOON
    received, acknowledgement = rows(desk, Message)
    assert acknowledgement.automatic
    assert acknowledgement.send_state is SendState.QUEUED
    assert ticket.ref in acknowledgement.text
    assert acknowledgement.references[0] == received.external_ref


def test_an_acknowledgement_is_written_in_the_language_of_the_customer(desk, rows):
    arrive(desk, letter("充值失败，银行卡已经扣款，但是余额没有到账，请尽快处理。", subject="充值没到账"))
    arrive(
        desk, letter("saldo saya belum masuk, tolong dicek ya kak", sender="budi@mail.example.net", subject="top up")
    )
    acknowledgements = rows(desk, Message, Message.automatic)
    assert [a.language for a in acknowledgements] == ["zh-Hans", "id"]


def test_the_same_item_recorded_twice_is_one_message(desk, rows):
    raw = letter()
    intake.record(desk, "support", [item(raw)], NOON)
    assert intake.record(desk, "support", [item(raw)], NOON) == 0
    intake.drain(desk, lambda: NOON)
    assert len(rows(desk, Inbound)) == len(rows(desk, Ticket)) == 1


def test_the_same_mail_by_two_ways_ends_as_message_and_duplicate(desk, rows):
    raw = letter()
    intake.record(desk, "support", [item(raw, external_id="a"), item(raw, external_id="b")], NOON)
    counts = intake.drain(desk, lambda: NOON)
    assert (counts.tickets, counts.duplicates) == (1, 1)
    intake.record(desk, "support", [item(raw, external_id="c")], NOON)
    assert intake.drain(desk, lambda: NOON).duplicates == 1
    assert len(rows(desk, Message, ~Message.automatic)) == 1
    assert {i.message_id for i in rows(desk, Inbound)} == {rows(desk, Message)[0].id}


def test_a_batch_gives_the_same_tickets_as_its_mails_one_by_one(make_desk, rows):
    mails = [
        letter(
            f"Mail {n % 7}: my refund for order 20261103{n:06d} please",
            sender=f"c{n % 9}@mail.example.com",
            subject=f"s{n}",
        )
        for n in range(30)
    ]
    told = []
    for limit in (1, 50):
        app = make_desk()
        intake.record(app, "support", [item(raw, later(n)) for n, raw in enumerate(mails)], NOON)
        intake.drain(app, lambda: NOON, limit)
        told.append([(t.subject, t.topic, t.priority, t.team, t.due_at) for t in rows(app, Ticket)])
        told.append([(c.name, c.language) for c in rows(app, Customer)])
        told.append([(m.recipient, m.text[:0], m.reply_name) for m in rows(app, Message, Message.automatic)])
    assert told[:3] == told[3:]


def test_a_customer_who_writes_twice_in_one_batch_is_one_customer(desk, rows):
    arrive(desk, letter(subject="one"), letter("something else", subject="two"))
    assert len(rows(desk, Customer)) == len(rows(desk, Identity)) == 1
    assert len(rows(desk, Ticket)) == 2


def test_a_reply_in_the_same_batch_joins_the_ticket_before_it(desk, rows):
    arrive(desk, letter(message_id="first@mail.example.com"), letter("More about it", answers="first@mail.example.com"))
    [ticket] = rows(desk, Ticket)
    assert ticket.message_count == 2
    assert {m.ticket_id for m in rows(desk, Message)} == {ticket.id}


def test_a_batch_of_replies_to_many_tickets_is_one_transaction(desk, rows, caplog):
    first = [letter(message_id=f"m{n}@mail.example.com", sender=f"p{n}@mail.example.com") for n in range(3)]
    arrive(desk, *first)
    again = [letter("more", answers=f"m{n}@mail.example.com", sender=f"p{n}@mail.example.com") for n in range(3)]
    assert arrive(desk, *again, at=later(60)).replies == 3
    assert [t.message_count for t in rows(desk, Ticket)] == [2, 2, 2]
    assert "batch failed" not in caplog.text


def test_an_answer_to_our_acknowledgement_joins_its_ticket(desk, rows):
    arrive(desk, letter())
    [acknowledgement] = rows(desk, Message, Message.automatic)
    arrive(desk, letter("here is the order number", answers=acknowledgement.external_ref), at=later(30))
    [ticket] = rows(desk, Ticket)
    assert ticket.message_count == 2
    assert len(rows(desk, Message, Message.automatic)) == 1


def test_a_stranger_who_names_a_ticket_opens_a_new_one_that_links_it(desk, rows):
    arrive(desk, letter())
    [first] = rows(desk, Ticket)
    [acknowledgement] = rows(desk, Message, Message.automatic)
    arrive(
        desk,
        letter("let me in", sender="eve@elsewhere.example", answers=acknowledgement.external_ref),
        letter("me too", sender="mallory@elsewhere.example", subject=f"Re: [#{first.ref}] hi"),
    )
    second, third = rows(desk, Ticket)[1:]
    assert second.linked_ticket_id == third.linked_ticket_id == first.id
    assert {p.address for p in rows_of_participants(desk, first.id)} == {"linda@mail.example.com"}


def rows_of_participants(app, ticket_id):
    with app.db.read() as session:
        return list(session.execute(select(Participant).where(Participant.ticket_id == ticket_id)).scalars())


def test_a_reply_reopens_a_settled_ticket_and_an_absence_note_does_not(desk, rows):
    arrive(desk, letter(message_id="first@mail.example.com"))
    for raw, expected in (
        (letter("I am away", answers="first@mail.example.com", Auto_Submitted="auto-replied"), Status.RESOLVED),
        (letter("still broken", answers="first@mail.example.com"), Status.OPEN),
    ):
        with desk.db.begin() as session:
            session.execute(update(Ticket).values(status=Status.RESOLVED))
        arrive(desk, raw, at=later(10))
        assert rows(desk, Ticket)[0].status is expected


def test_machine_mail_becomes_a_ticket_without_clock_or_acknowledgement(desk, rows):
    arrive(desk, letter("Weekly news", sender="news@shop.example.com", List_Id="<news.shop.example.com>"))
    [ticket] = rows(desk, Ticket)
    assert ticket.machine
    assert not rows(desk, Clock)
    assert not rows(desk, Message, Message.automatic)
    [why] = rows(desk, Event, Event.kind == EventKind.NOT_ACKNOWLEDGED)
    assert "machine" in why.data["reasons"]


def test_mail_that_cannot_be_read_waits_in_quarantine_and_the_rest_goes_on(desk, rows):
    counts = arrive(desk, letter(subject="before"), b"\x00\x00\x00", letter(subject="after"))
    assert (counts.tickets, counts.quarantined) == (2, 1)
    [held] = rows(desk, Inbound, Inbound.state == InboundState.QUARANTINED)
    assert held.reason_code
    assert held.reason


def test_every_item_ends_as_exactly_one_thing(desk, rows):
    raw = letter()
    arrive(desk, raw, letter(subject="x"), b"", b"\xff" * 40, letter("r", answers="nobody@knows.example"))
    intake.record(desk, "support", [item(raw, external_id="again")], NOON)
    intake.drain(desk, lambda: NOON)
    for inbound in rows(desk, Inbound):
        ends = {
            InboundState.ACCEPTED: inbound.message_id is not None,
            InboundState.DUPLICATE: inbound.message_id is not None,
            InboundState.QUARANTINED: bool(inbound.reason),
        }
        assert ends[inbound.state], inbound


def test_a_mail_that_kills_its_worker_three_times_is_quarantined_and_takes_no_other_with_it(desk, rows):
    intake.record(desk, "support", [item(letter(subject="poison"))], NOON)
    intake.record(desk, "support", [item(letter(subject="healthy"))], NOON)
    at = NOON
    claimed = claim(desk, at, 50)
    assert len(claimed) == 2  # the worker dies here
    for _ in range(2):
        at += timedelta(minutes=5)
        [suspect] = claim(desk, at, 50)
        assert suspect.inbound_id == claimed[0].inbound_id
    at += timedelta(minutes=5)
    counts = intake.drain(desk, lambda: at)
    assert (counts.quarantined, counts.tickets) == (1, 1)
    [held] = rows(desk, Inbound, Inbound.state == InboundState.QUARANTINED)
    assert held.reason_code == "poison"


def test_a_full_disk_uses_up_no_try_and_loses_nothing(desk, rows, monkeypatch):
    raw = letter(attachments=(("a.png", "image/png", b"\x89PNG\r\n\x1a\n1"),))
    intake.record(desk, "support", [item(raw), item(letter(sender="b@mail.example.com"))], NOON)

    def full(_data):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(desk.files, "put", full)
        for _ in range(5):
            with pytest.raises(OSError, match="No space"):
                intake.drain(desk, lambda: NOON)
    assert {i.state for i in rows(desk, Inbound)} == {InboundState.RECORDED}
    assert intake.drain(desk, lambda: NOON).tickets == 2


def test_an_item_that_breaks_its_batch_is_quarantined_alone(desk, rows, monkeypatch):
    """Not a foreseen failure: a bug of ours that one mail brings to light."""
    from router.intake import judge

    real = judge.decide

    def burst(rulebook, facts):
        if facts.subject == "burst":
            raise ZeroDivisionError
        return real(rulebook, facts)

    monkeypatch.setattr(judge, "decide", burst)
    mails = [letter(subject=s, sender=f"{s}@mail.example.com") for s in ("one", "burst", "two")]
    intake.record(desk, "support", [item(raw) for raw in mails], NOON)
    at = NOON
    for _ in range(4):
        intake.drain(desk, lambda at=at: at)
        at += timedelta(minutes=2)
    assert [t.subject for t in rows(desk, Ticket)] == ["one", "two"]
    assert [i.reason_code for i in rows(desk, Inbound) if i.state is InboundState.QUARANTINED] == ["not_stored"]


def test_a_released_item_goes_past_the_guard_that_held_it(desk, rows, hire):
    arrive(desk, letter("buy now", X_Spam_Flag="YES"))
    [held] = rows(desk, Inbound)
    assert (held.state, held.reason_code) == (InboundState.QUARANTINED, "spam")
    agent = hire(desk)
    with desk.db.begin() as session:
        assert quarantine.release(desk, session, agent, session.get(Inbound, held.id), NOON)
    assert intake.drain(desk, lambda: later(1)).tickets == 1
    with desk.db.begin() as session:
        assert not quarantine.discard(desk, session, agent, session.get(Inbound, held.id), NOON)


def test_a_flood_from_one_sender_waits_for_a_person(desk, rows):
    counts = arrive(desk, *(letter(f"spam {n}", subject=f"win {n}") for n in range(30)))
    assert counts.tickets == 20
    assert {i.reason_code for i in rows(desk, Inbound, Inbound.state == InboundState.QUARANTINED)} == {"flood"}
    assert len(rows(desk, Message, Message.automatic)) == 1


def test_our_own_mail_come_back_is_never_a_customer(desk, rows):
    arrive(desk, letter(sender="support@localhost"))
    assert rows(desk, Inbound)[0].reason_code == "own_mail"
    assert not rows(desk, Ticket)


def test_a_large_mail_is_kept_in_the_file_store(desk, rows):
    arrive(
        desk, letter("x" * 200_000), letter(attachments=(("a.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"1" * 90_000),))
    )
    large, _ = rows(desk, Inbound)
    assert large.raw is None
    assert len(desk.files.get(large.raw_key)) == large.size
    [attachment] = rows(desk, Attachment)
    assert attachment.filename == "a.png"
    assert desk.files.get(attachment.key).startswith(b"\x89PNG")


def test_the_clock_starts_when_the_mail_arrived_not_when_it_was_read(desk, rows):
    intake.record(desk, "support", [item(letter(), NOON)], NOON)
    intake.drain(desk, lambda: later(90))
    assert rows(desk, Clock)[0].started_at == NOON


def test_older_mail_of_a_new_connection_is_never_acknowledged(desk, rows):
    intake.record(desk, "support", [item(letter(), NOON, archive=True)], NOON)
    intake.drain(desk, lambda: NOON)
    assert len(rows(desk, Ticket)) == 1
    assert not rows(desk, Clock)
    assert not rows(desk, Message, Message.automatic)


def test_one_address_gets_one_acknowledgement_in_a_quarter_of_an_hour(desk, rows):
    for n in range(4):
        arrive(desk, letter(f"matter {n}", subject=f"matter {n}"), at=later(5 * n))
    assert len(rows(desk, Message, Message.automatic)) == 2
    assert len(rows(desk, Ticket)) == 4


@pytest.mark.parametrize("batch", [1, 50])
def test_the_work_of_a_batch_does_not_grow_in_statements(small_desk, batch):
    """One query a question: fifty mails need hardly more statements than one."""
    from sqlalchemy import event

    arrive(small_desk, letter())
    mails = [item(letter(f"m {n}", sender=f"s{n}@mail.example.com")) for n in range(batch)]
    intake.record(small_desk, "support", mails, NOON)
    statements: list[str] = []
    event.listen(small_desk.db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    intake.drain_batch(small_desk, lambda: NOON, batch)
    assert len(statements) < 30, statements


def test_the_list_columns_follow_the_messages(desk, rows):
    arrive(desk, letter("first words", message_id="a@mail.example.com"))
    arrive(desk, letter("second  words\n here", answers="a@mail.example.com"), at=later(30))
    [ticket] = rows(desk, Ticket)
    assert ticket.snippet == "second words here"
    assert ticket.last_message_at == later(30)
    with desk.db.read() as session:
        counted = session.execute(
            select(func.count()).where(col(Message.ticket_id) == ticket.id, ~col(Message.automatic))
        )
        assert counted.scalar_one() == ticket.message_count


def test_a_bounce_becomes_the_delivery_state_of_the_message_that_it_is_about(desk, rows):
    arrive(desk, letter())
    [acknowledgement] = rows(desk, Message, Message.automatic)
    report = (
        b"From: MAILER-DAEMON@mx.example.com\r\nTo: support@localhost\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b"Message-ID: <bounce-1@mx.example.com>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        b"Final-Recipient: rfc822; linda@mail.example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <%s>\r\nSubject: x\r\n\r\n--b--\r\n"
    ) % acknowledgement.external_ref.encode()
    assert arrive(desk, report, at=later(1)).reports == 1
    assert rows(desk, Message, Message.automatic)[0].delivery["state"] == "bounced"
    assert rows(desk, Identity)[0].suppressed_at is not None
    assert len(rows(desk, Ticket)) == 1
    forged = report.replace(b"bounce-1", b"bounce-2").replace(acknowledgement.external_ref.encode(), b"guess@localhost")
    assert arrive(desk, forged, at=later(2)).quarantined == 1

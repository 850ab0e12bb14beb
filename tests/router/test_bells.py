"""The queue is a bell: rung once for many, rung again by the beat, and never needed."""

from __future__ import annotations

import pytest
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from services.letters import NOON, arrive, item, letter

from router import beat, intake, jobs
from router.bells import Bell, Bells
from router.models import Inbound, InboundState, Message, SendState, Ticket


@pytest.fixture
def work(queue_desk):
    """Do everything that waits in one queue, as its worker would."""
    jobs.serve(queue_desk)

    def burst(bell: Bell) -> None:
        queue = queue_desk.bells.queue(bell)
        worker = SimpleWorker([queue], connection=queue_desk.bells.redis, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="ERROR")

    return burst


def test_recording_rings_and_the_worker_turns_mail_into_a_ticket_and_sends(queue_desk, rows, work):
    intake.record(queue_desk, "support", [item(letter())], NOON)
    assert rows(queue_desk, Inbound)[0].state is InboundState.RECORDED
    work(Bell.INGEST)
    assert len(rows(queue_desk, Ticket)) == 1
    work(Bell.SEND)
    assert rows(queue_desk, Message, Message.automatic)[0].send_state is SendState.SENT


def test_a_hundred_rings_are_one_job_until_it_starts(queue_desk, work):
    for _ in range(100):
        assert queue_desk.bells.ring(Bell.SEND)
    assert len(queue_desk.bells.queue(Bell.SEND)) == 1
    work(Bell.SEND)
    queue_desk.bells.ring(Bell.SEND)
    assert len(queue_desk.bells.queue(Bell.SEND)) == 1


def test_a_queue_that_was_flushed_is_rung_again_by_the_beat(queue_desk, rows, work):
    intake.record(queue_desk, "support", [item(letter())], NOON)
    queue_desk.bells.redis.flushall()
    beat.beat(queue_desk, beat.ticks_of_the_desk(), 0.0, NOON)
    work(Bell.INGEST)
    assert len(rows(queue_desk, Ticket)) == 1


def test_without_a_queue_the_beat_does_the_work_itself(small_desk, rows):
    intake.record(small_desk, "support", [item(letter())], NOON)
    ticks = beat.ticks_of_the_desk()
    beat.beat(small_desk, ticks, 0.0, NOON)
    assert len(rows(small_desk, Ticket)) == 1
    for at in (3.0, 6.0):
        beat.beat(small_desk, ticks, at, rows(small_desk, Message)[1].created_at)
    assert rows(small_desk, Message, Message.automatic)[0].send_state is SendState.SENT


def test_a_ring_into_the_void_is_no_error(small_desk):
    bells = Bells("redis://127.0.0.1:1/0")
    assert bells.ring(Bell.INGEST) is False
    bells.announce()
    arrive(small_desk, letter())


def test_an_idle_desk_rings_only_the_clocks(queue_desk):
    beat.beat(queue_desk, beat.ticks_of_the_desk(), 0.0, NOON)
    assert {bell: len(queue_desk.bells.queue(bell)) for bell in Bell if len(queue_desk.bells.queue(bell))} == {
        Bell.CLOCKS: 1
    }


def test_nobody_can_ask_for_any_function_by_name():
    with pytest.raises((ValueError, RuntimeError)):
        jobs.bulk("os:system")

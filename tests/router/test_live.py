"""Live updates: every change reaches every browser once, with or without the queue."""

from __future__ import annotations

from services.letters import arrive, letter

from router.live import Hub, Reader, newest, since
from router.models import Event, EventKind


def test_a_browser_reads_everything_since_its_last_event_once(desk):
    reader = Reader(0)
    arrive(desk, letter())
    first = reader.read(desk.db)
    assert [c.id for c in first] == sorted(c.id for c in first)
    assert {c.kind for c in first} >= {EventKind.CREATED, EventKind.DECIDED}
    assert reader.read(desk.db) == []
    arrive(desk, letter(sender="b@mail.example.com"))
    second = reader.read(desk.db)
    assert second
    assert not {c.id for c in first} & {c.id for c in second}


def test_an_event_that_was_committed_late_under_a_lower_id_is_not_missed(desk):
    arrive(desk, letter())
    with desk.db.begin() as session:
        at = session.get(Event, 1).at
        session.add(Event(id=100, kind=EventKind.ACCOUNT, at=at))
    reader = Reader(0)
    reader.read(desk.db)
    with desk.db.begin() as session:
        session.add(Event(id=99, kind=EventKind.ACCOUNT, at=at))
    assert [c.id for c in reader.read(desk.db)] == [99]
    assert reader.read(desk.db) == []


def test_long_histories_are_read_in_pages(small_desk):
    arrive(small_desk, *(letter(sender=f"p{n}@mail.example.com") for n in range(120)))
    reader, seen = Reader(0), []
    while found := reader.read(small_desk.db, limit=50):
        seen += [c.id for c in found]
    with small_desk.db.read() as session:
        assert seen == [c.id for c in since(session, 0, 10_000)]
        assert seen[-1] == newest(session)


def test_a_commit_wakes_the_browsers_through_the_queue(queue_desk):
    hub = Hub(queue_desk.bells)
    try:
        with hub.listening() as flag:
            hub.start()
            assert flag.wait(10), "no first wake-up: the subscription never stood"
            flag.clear()
            arrive(queue_desk, letter())
            assert flag.wait(10)
    finally:
        hub.stop()


def test_without_a_queue_the_browsers_are_woken_all_the_same(small_desk):
    hub = Hub(small_desk.bells)
    try:
        with hub.listening() as flag:
            hub.start()
            assert flag.wait(10)
    finally:
        hub.stop()


def test_a_browser_that_left_is_forgotten(small_desk):
    hub = Hub(small_desk.bells)
    with hub.listening():
        assert len(hub) == 1
    assert len(hub) == 0

"""Killed or stopped at every named point between fetch and acknowledged send: nothing is lost, nothing happens twice."""

from __future__ import annotations

import signal
from datetime import timedelta

from services import postgresql
from services.lives import World, named_points, waiting
from services.whole_desk import until
from sqlmodel import select

from router.db import engine_for
from router.models import Inbound, Message

# A kill here ends a life that has claimed a letter and not yet said what became of it: nobody may ever know.
UNTOLD = {"claimed_send", "handed_over"}


POINTS = named_points()


def test_the_path_of_a_message_has_its_named_points():
    assert len(POINTS) == len(set(POINTS))
    assert set(POINTS) >= {
        "fetched",
        "recorded",
        "claimed",
        "accepted",
        "claimed_send",
        "handed_over",
        "outcome_recorded",
    }


def kill_everywhere(world: World, passes: tuple[int, ...]) -> None:
    """One life a point and pass, ended there; then a start, and the histories are compared."""
    for point in POINTS:
        for at in passes:
            world.mails()
            kill(world, point, at)
            world.now += timedelta(minutes=4)
        world.recover()
        assert waiting(world.app) == 0, f"after kills at {point}"
        world.check()


def kill(world: World, point: str, passes: int) -> None:
    life = world.begin(point, passes)
    assert life.wait() == "killed", f"{point} was never reached: {life.points()} {life.trouble()}"
    assert life.points()[-1].split()[0] == point
    world.losses += point in UNTOLD


def test_killed_at_every_point_while_mail_leaves_by_smtp(make_world, database_url, mail_sink):
    kill_everywhere(make_world.by_smtp(database_url, mail_sink), passes=(1, 2))


def test_killed_at_every_point_while_mail_leaves_into_the_folder(make_world, on_sqlite):
    world = make_world.into_folder(on_sqlite)
    kill_everywhere(world, passes=(1,))
    refs = {taken.message_id for taken in world.ledger()}
    assert len(refs) == len(world.first_mails()), "the folder tells for certain, so that none is missing"


def test_killed_at_every_point_while_mail_comes_from_a_mailbox(make_world, on_sqlite, mail_sink, dovecot):
    kill_everywhere(make_world.from_imap(on_sqlite, mail_sink, dovecot), passes=(1,))


def test_killed_again_and_again_before_it_ever_recovers(make_world, on_sqlite, mail_sink):
    world = make_world.by_smtp(on_sqlite, mail_sink)
    for point in POINTS:
        world.mails()
        kill(world, point, 1)
        # The leases of the dead run out while others die.
        world.now += timedelta(minutes=4)
    world.recover()
    world.recover()
    assert waiting(world.app) == 0
    world.check()


def test_stopped_at_every_point_and_overtaken_it_does_nothing_twice_when_it_goes_on(
    make_world, database_url, mail_sink
):
    """A process that the machine put to sleep wakes up after its leases: others have done its work meanwhile."""
    world = make_world.by_smtp(database_url, mail_sink)
    for point in POINTS:
        world.mails()
        sleeper = world.begin(point, 1, signal.SIGSTOP)
        assert sleeper.wait() == "stopped", f"{point} was never reached: {sleeper.points()}"
        if not sleeper.points()[-1].endswith("in a transaction"):
            # Within one, nobody overtakes it: the database makes the others wait.
            world.losses += point in UNTOLD
            world.recover()
        sleeper.go_on()
        assert sleeper.wait() == "ended", sleeper.trouble()
        world.recover()
        assert waiting(world.app) == 0, f"after a sleep at {point}"
        world.check()


def test_three_lives_at_once_begin_no_mail_twice(make_world, database_url, mail_sink):
    world = make_world.by_smtp(database_url, mail_sink)
    world.strangers(30)
    three_lives(world)
    with world.app.db.read() as session:
        assert set(session.exec(select(Inbound.attempts))) == {1}, "a mail is one worker's while that worker lives"
        assert set(session.exec(select(Message.attempts).where(Message.automatic))) == {1}
    world.check()


def test_three_lives_at_once_agree_on_copies_and_replies(make_world, database_url, mail_sink):
    world = make_world.by_smtp(database_url, mail_sink)
    for _ in range(10):
        world.mails()
    three_lives(world)
    world.recover()
    world.check()


def test_two_copies_of_one_mail_in_two_open_transactions_become_one_message(make_world, postgresql_server, mail_sink):
    """Neither can see the other's rows: only the key that exists once makes the second one wait, and think again."""
    with postgresql.database(postgresql_server, "two_copies") as url:
        world = make_world.by_smtp(url, mail_sink)
        world.strangers(1)
        world.recover()
        message_id, raw = world.another_of(1)
        world.arrives(message_id, raw)
        first = world.begin("accepting", blow=signal.SIGSTOP)
        assert first.wait() == "stopped"
        world.arrives(message_id, raw)
        # Past the leases of the first one: the source is free for the second.
        world.now += timedelta(minutes=2)
        second = world.begin()
        until(lambda: second.ended() or waits_for_a_lock(world), "the second one comes to the key")
        first.go_on()
        assert (first.wait(), second.wait()) == ("ended", "ended"), second.trouble()
        world.recover()
        world.check()
        engine_for(url).dispose()


def waits_for_a_lock(world: World) -> bool:
    waiting_now = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with world.app.db.read() as session:
        return bool(session.connection().exec_driver_sql(waiting_now).scalar())


def three_lives(world: World) -> None:
    lives = [world.begin(rounds=2, step=0) for _ in range(3)]
    assert [life.wait() for life in lives] == ["ended"] * 3, lives[0].trouble()

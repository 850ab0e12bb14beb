"""PostgreSQL ends without warning and comes back: short errors, the pool heals, nothing is lost, nothing is doubled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from services import postgresql
from services.lives import Life, World, named_points, waiting
from services.rounds import Folder, one_round
from services.whole_desk import until
from sqlalchemy.exc import OperationalError

from router.db import engine_for

POINTS = named_points()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[postgresql.Running]:
    try:
        with postgresql.running() as running:
            yield running
    except postgresql.Missing as error:
        request.getfixturevalue("skip_or_fail")(str(error))


@pytest.fixture
def world(make_world, server, mail_sink) -> Iterator[World]:
    with postgresql.database(server.address, "desk") as url:
        yield make_world.by_smtp(url, mail_sink)
        engine_for(url).dispose()


class Outage:
    """Ends the server at `point`, once, and lets it come back while the desk goes on as it can."""

    def __init__(self, server: postgresql.Running, point: str) -> None:
        self.server, self.point = server, point
        self._back: threading.Thread | None = None

    def __call__(self, point: str) -> None:
        if point == self.point and self._back is None:
            self.server.stop()
            self._back = threading.Thread(target=self.server.start)
            self._back.start()

    def over(self) -> bool:
        """Wait until the server is back. False when it never went away."""
        if self._back is None:
            return False
        self._back.join()
        return True


def turn(world: World) -> bool:
    """One round in this process. False when the database was away: its jobs failed, and the next round does their work."""
    assert world.folder
    try:
        one_round(world.app, Folder(Path(world.folder), lambda: world.now), world.now)
    except OperationalError:
        return False
    finally:
        world.now += timedelta(minutes=4)
    return True


def test_the_database_may_end_at_every_named_point(world, server):
    """One process throughout: the connections that it kept are dead after each outage."""
    for point in POINTS:
        world.mails()
        world.app.reach = outage = Outage(server, point)
        turn(world)
        assert outage.over(), f"{point} was never reached"
        for _ in range(3):
            assert turn(world), f"the pool heals after an outage at {point}"
        assert waiting(world.app) == 0, f"after an outage at {point}"
        world.check()


def test_an_outage_between_hand_over_and_record_leaves_no_letter_unknown(world, server, mail_sink):
    world.strangers(3)
    world.app.reach = outage = Outage(server, "handed_over")
    assert turn(world), "the sender waited for the database and wrote down what it knew"
    assert outage.over()
    assert len(mail_sink.mails) == 3
    world.check()


def test_the_database_is_restarted_while_several_processes_record_and_send(world, server, mail_sink):
    world.strangers(40)
    lives: list[Life] = []
    for taken in (3, 15):
        # Fresh ones each time: a restart may have ended all that were there before they sent so much.
        lives.extend(world.begin(rounds=2, step=0) for _ in range(2))
        until(
            lambda taken=taken: len(mail_sink.mails) >= taken or all(life.ended() for life in lives),
            f"{taken} letters have left, or nobody is left to send them",
        )
        server.restart()
    # A life whose job failed ends here, where a worker would take the next job; one whose claim was committed without
    # its hearing of it has a letter that nobody can tell about.
    world.losses += sum(life.wait() == "failed" for life in lives)
    world.recover()
    assert waiting(world.app) == 0
    world.check()

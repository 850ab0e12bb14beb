"""Live updates: the stream, what it tells to whom, and how it ends; and the same events asked for."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from services.letters import letter
from services.whole_desk import until

from router import sign_ins
from web import live
from web.live import hub_of


class Stream:
    """One open connection to the stream, read line by line."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer

    def next_change(self) -> dict[str, Any]:
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream ended"
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))

    def ended(self) -> bool:
        while self.answer.readline():
            pass
        return True


@pytest.fixture
def token(open_desk) -> str:
    person = open_desk.person("linda")
    with open_desk.app.db.begin() as session:
        return sign_ins.open_session(session, person, datetime.now(UTC), address="127.0.0.1", browser="x")


@pytest.fixture
def listen(open_desk, token: str):
    @contextmanager
    def connect(path: str = "/live?after=0", **headers: str) -> Iterator[Stream]:
        connection = http.client.HTTPConnection("127.0.0.1", open_desk.app.config.live_port, timeout=20)
        given = {"Cookie": f"switchboard={token}", "Origin": open_desk.address, **headers}
        connection.request("GET", path, headers=given)
        answer = connection.getresponse()
        try:
            yield Stream(answer)
        finally:
            answer.close()
            connection.close()

    return connect


def test_a_new_ticket_is_told_by_its_reference_and_nothing_of_its_words(open_desk, listen) -> None:
    with listen() as stream:
        (ref,) = open_desk.deliver(letter("a very secret sentence", subject="hidden"))
        change = stream.next_change()
        assert change["ref"] == ref
        assert set(change) == {"id", "ref", "kind", "at"}


def test_who_comes_back_gets_what_was_missed_and_nothing_twice(open_desk, listen) -> None:
    open_desk.deliver(letter("first"))
    with listen() as stream:
        first = stream.next_change()
    with listen("/live", **{"Last-Event-ID": str(first["id"])}) as stream:
        assert stream.next_change()["id"] == first["id"] + 1


def test_our_pages_may_listen_and_other_sites_may_not(open_desk, listen) -> None:
    with listen() as stream:
        assert stream.answer.headers["Access-Control-Allow-Origin"] == open_desk.address
        assert stream.answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert stream.answer.headers["X-Accel-Buffering"] == "no"
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
    with listen(Origin="https://elsewhere.example") as stream:
        assert stream.answer.status == 403


def test_a_stranger_hears_nothing(listen) -> None:
    with listen(Cookie="switchboard=guess") as stream:
        assert stream.answer.status == 401


def test_signing_out_ends_the_stream(open_desk, listen, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    with listen() as stream:
        with open_desk.app.db.begin() as session:
            sign_ins.end_all(session, open_desk.person("linda").id, datetime.now(UTC))
        assert stream.ended()


def test_a_stop_ends_every_stream_at_once(open_desk, listen) -> None:
    with listen() as stream:
        until(lambda: len(hub_of(open_desk.live)) == 1, "the stream is open")
        hub_of(open_desk.live).stop()
        assert stream.ended()


def test_past_the_cap_browsers_are_told_to_come_back(open_desk, listen) -> None:
    seats = open_desk.live.extensions["seats"]
    while seats.take():
        pass
    with listen() as stream:
        assert stream.answer.status == 503
        assert int(stream.answer.headers["Retry-After"]) > 0
    seats.leave()
    with listen() as stream:
        assert stream.answer.status == 200


def test_a_browser_that_left_gives_its_seat_back(open_desk, listen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.05)
    with listen():
        until(lambda: len(hub_of(open_desk.live)) == 1, "the stream is open")
    until(lambda: len(hub_of(open_desk.live)) == 0, "the desk notices that the browser has gone")


def test_the_same_events_can_be_asked_for(agent, deliver) -> None:
    start = agent.get("/changes").json
    assert start["changes"] == []
    (ref,) = deliver(letter("hello"))
    told = agent.get(f"/changes?after={start['last']}").json
    assert {change["ref"] for change in told["changes"]} == {ref}
    assert told["last"] == told["changes"][-1]["id"]
    assert agent.get(f"/changes?after={told['last']}").json["changes"] == []

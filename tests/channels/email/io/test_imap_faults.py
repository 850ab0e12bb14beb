"""What a real server cannot be asked to do wrong. The promise: every mail comes exactly once, and nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from services import scripted

from channels.base import AccountConfig, ChannelError, Json, RawItem
from channels.email import imap as imap_module
from channels.email.imap import ImapPuller
from channels.email.imap_cursor import Cursor, resume
from channels.email.imap_login import login_is_refused_for_good
from channels.email.settings import Imap

MAILS = {uid: f"Subject: mail {uid}\r\n\r\nbody of {uid}\r\n".encode() for uid in (1, 2, 3)}
Serve = Callable[..., ImapPuller]


@pytest.fixture
def serve(make_account: Callable[..., AccountConfig], make_imap: Callable[..., Imap]) -> Iterator[Serve]:
    """A puller on a scripted server; both are gone after the test."""
    opened: list[ImapPuller | scripted.Server] = []

    def serving(script: scripted.Imap, **settings: object) -> ImapPuller:
        server = scripted.Server(script)
        puller = ImapPuller(make_account(imap=make_imap(server.port, **{"first_sync": "all", **settings})))
        opened.extend([server, puller])
        return puller

    yield serving
    for one in reversed(opened):
        one.close() if isinstance(one, ImapPuller) else one.stop()


def pull_all(puller: ImapPuller, cursor: Json | None = None, tries: int = 30) -> tuple[list[RawItem], Json | None]:
    """Poll as the mail process does: after a failure again from the last stored place."""
    items: list[RawItem] = []
    for _ in range(tries):
        try:
            pulled = puller.poll(cursor)
        except ChannelError:
            continue
        items, cursor = [*items, *pulled.items], pulled.cursor
        if not pulled.more:
            return items, cursor
    raise AssertionError("the mailbox was never read to its end")


def once(do: Callable[[scripted.Line], None]) -> Callable[[scripted.Line, str, str], bool]:
    """A hook that strikes the first time only."""
    struck: list[bool] = []

    def hook(line: scripted.Line, tag: str, rest: str) -> bool:
        if struck:
            return False
        struck.append(True)
        do(line)
        return True

    return hook


def bodies(items: list[RawItem]) -> list[bytes]:
    return [item.raw for item in items]


def test_the_newest_mail_is_not_fetched_again_and_again(serve: Serve) -> None:
    puller = serve(scripted.Imap(MAILS))
    items, cursor = pull_all(puller)
    assert bodies(items) == list(MAILS.values())
    assert pull_all(puller, cursor)[0] == []


@pytest.mark.parametrize("verb", ["EXAMINE", "UID SEARCH", "UID FETCH", "CAPABILITY", "LOGIN"])
def test_a_line_that_is_cut_anywhere_costs_no_mail(serve: Serve, verb: str) -> None:
    script = scripted.Imap(MAILS)
    script.hooks[verb] = once(lambda line: line.cut())
    assert bodies(pull_all(serve(script))[0]) == list(MAILS.values())


@pytest.mark.parametrize("byte", [0, 1, 30, 60, 90, 120])
def test_a_mail_that_is_cut_at_any_byte_comes_whole_the_next_time(serve: Serve, byte: int) -> None:
    script = scripted.Imap(MAILS)

    def cut(line: scripted.Line) -> None:
        line.send(script.fetched(1, 1, "BODY.PEEK[]")[:byte])
        line.cut()

    listed: list[str] = []

    def on_fetch(line: scripted.Line, tag: str, rest: str) -> bool:
        if "BODY" not in rest or listed:
            return False
        listed.append(rest)
        cut(line)
        return True

    script.hooks["UID FETCH"] = on_fetch
    assert bodies(pull_all(serve(script))[0]) == list(MAILS.values())


def test_a_mail_that_always_breaks_the_line_goes_to_quarantine_and_the_others_come(serve: Serve) -> None:
    script = scripted.Imap(MAILS)

    def on_fetch(line: scripted.Line, tag: str, rest: str) -> bool:
        poison = "BODY" in rest and "2" in rest.split(" ")[2].split(",")
        if poison:
            line.cut()
        return poison

    script.hooks["UID FETCH"] = on_fetch
    items, cursor = pull_all(serve(script))
    assert bodies(items) == [MAILS[1], b"", MAILS[3]]
    assert items[1].envelope["fetch_failed"]
    assert len({item.external_id for item in items}) == 3
    assert cursor is not None
    assert cursor["last_uid"] == 3


def test_a_mail_that_the_server_refuses_to_give_does_not_stop_the_mailbox(serve: Serve) -> None:
    script = scripted.Imap(MAILS)

    def on_fetch(line: scripted.Line, tag: str, rest: str) -> bool:
        refused = "BODY" in rest and "2" in rest.split(" ")[2].split(",")
        if refused:
            line.say(f"{tag} NO [SERVERBUG] internal error")
        return refused

    script.hooks["UID FETCH"] = on_fetch
    assert bodies(pull_all(serve(script))[0]) == [MAILS[1], b"", MAILS[3]]


def test_mail_that_is_gone_when_it_is_fetched_is_passed_over(serve: Serve) -> None:
    script = scripted.Imap(MAILS)

    def on_fetch(line: scripted.Line, tag: str, rest: str) -> bool:
        if "BODY" in rest:
            script.mails.pop(2, None)
        return False

    script.hooks["UID FETCH"] = on_fetch
    assert bodies(pull_all(serve(script))[0]) == [MAILS[1], MAILS[3]]


def test_flags_of_others_in_the_middle_of_a_fetch_do_no_harm(serve: Serve) -> None:
    script = scripted.Imap(MAILS)

    def on_fetch(line: scripted.Line, tag: str, rest: str) -> bool:
        line.say("* 1 FETCH (FLAGS (\\Seen))", "* 2 FETCH (FLAGS (\\Deleted) UID 2)", "* 3 EXISTS", "* 1 RECENT")
        return False

    script.hooks["UID FETCH"] = on_fetch
    assert bodies(pull_all(serve(script))[0]) == list(MAILS.values())


def test_a_server_that_wants_id_gets_it_after_login_and_before_the_mailbox(serve: Serve) -> None:
    script = scripted.Imap(MAILS, "IMAP4rev1 ID")

    def unsafe(line: scripted.Line, tag: str, rest: str) -> bool:
        if any(heard.startswith("ID ") for heard in script.heard):
            return False
        line.say(f"{tag} NO EXAMINE Unsafe Login. Please contact kefu@188.com for help")
        return True

    script.hooks["EXAMINE"] = unsafe
    assert bodies(pull_all(serve(script))[0]) == list(MAILS.values())
    verbs = [heard.split(" ")[0] for heard in script.heard]
    assert verbs.index("LOGIN") < verbs.index("ID") < verbs.index("EXAMINE")


def test_a_server_without_id_is_not_asked_and_its_refusal_is_told(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    script.hooks["EXAMINE"] = lambda line, tag, rest: not line.say(f"{tag} NO EXAMINE Unsafe Login")
    with pytest.raises(ChannelError, match="Unsafe Login") as error:
        serve(script).poll(None)
    assert error.value.permanent
    assert not any(heard.startswith("ID") for heard in script.heard)


def test_id_that_is_listed_and_refused_is_no_obstacle(serve: Serve) -> None:
    script = scripted.Imap(MAILS, "IMAP4rev1 ID")
    script.hooks["ID"] = lambda line, tag, rest: not line.say(f"{tag} BAD what is that")
    assert len(pull_all(serve(script))[0]) == 3


def wait_for_idle(pool: ThreadPoolExecutor, script: scripted.Imap, puller: ImapPuller) -> object:
    waiting = pool.submit(puller.wait, 60)
    assert script.idling.wait(10)
    return waiting


@pytest.mark.parametrize("ending", ["bye", "eof", "garbage", "half a line"])
def test_whatever_ends_idle_ends_the_wait_and_no_mail_is_missed(serve: Serve, ending: str) -> None:
    script = scripted.Imap(MAILS)

    def end(line: scripted.Line, tag: str, rest: str) -> bool:
        script.idling.set()
        line.say("+ idling")
        time.sleep(0.05)
        script.mails[4] = b"Subject: while away\r\n\r\n"
        if ending != "eof":
            line.send(
                {"bye": b"* BYE shutting down\r\n", "garbage": b"\x00\xff((\r\n", "half a line": b"* 4 EXI"}[ending]
            )
        line.cut()
        return True

    puller = serve(script)
    _, cursor = pull_all(puller)
    script.hooks["IDLE"] = end
    with ThreadPoolExecutor(1) as pool:
        wait_for_idle(pool, script, puller).result(10)  # type: ignore[attr-defined]
    del script.hooks["IDLE"]
    assert bodies(pull_all(puller, cursor)[0]) == [b"Subject: while away\r\n\r\n"]


def test_an_untagged_line_before_idle_is_granted_is_news(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    puller = serve(script)
    _, cursor = pull_all(puller)
    script.hooks["IDLE"] = lambda line, tag, rest: bool(line.say("* 4 EXISTS"))
    script.uidnext = 4
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(puller.wait, 60)
        while "IDLE" not in script.heard:
            time.sleep(0.01)
        script.mails[4] = b"Subject: early\r\n\r\n"
        waiting.result(10)
    assert bodies(pull_all(puller, cursor)[0]) == [b"Subject: early\r\n\r\n"]


def test_flags_that_people_set_do_not_end_the_wait(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    puller = serve(script)
    _, cursor = pull_all(puller)
    with ThreadPoolExecutor(1) as pool:
        waiting = wait_for_idle(pool, script, puller)
        for line in script.idlers:
            line.say("* OK Still here", "* 2 FETCH (FLAGS (\\Seen))", "* 1 EXPUNGE")
        time.sleep(0.2)
        assert not waiting.done()  # type: ignore[attr-defined]
        script.add(b"Subject: four\r\n\r\n")
        waiting.result(10)  # type: ignore[attr-defined]
    assert bodies(pull_all(puller, cursor)[0]) == [b"Subject: four\r\n\r\n"]


def test_a_server_that_never_grants_a_second_line_is_polled(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    puller = serve(script)
    _, cursor = pull_all(puller)
    logins: list[int] = []

    def on_login(line: scripted.Line, tag: str, rest: str) -> bool:
        logins.append(1)
        line.say(f"{tag} NO [LIMIT] too many connections")
        return True

    script.hooks["LOGIN"] = on_login
    started = time.monotonic()
    for _ in range(6):
        puller.wait(0.3)
    assert time.monotonic() - started > 0.9
    assert len(logins) <= 3
    script.add(b"Subject: four\r\n\r\n")
    assert bodies(pull_all(puller, cursor)[0]) == [b"Subject: four\r\n\r\n"]


def test_a_server_without_idle_is_polled(serve: Serve) -> None:
    script = scripted.Imap(MAILS, "IMAP4rev1")
    puller = serve(script)
    _, cursor = pull_all(puller)
    puller.wait(0.05)
    script.add(b"Subject: four\r\n\r\n")
    assert bodies(pull_all(puller, cursor)[0]) == [b"Subject: four\r\n\r\n"]
    assert "IDLE" not in script.heard


def test_a_server_that_says_nothing_is_given_up(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    script.hooks["EXAMINE"] = lambda line, tag, rest: bool(time.sleep(1.5)) or True
    with pytest.raises(ChannelError, match="opening INBOX"):
        serve(script, timeout=0.3).poll(None)


def test_without_move_mail_is_copied_marked_and_only_that_expunged(serve: Serve) -> None:
    script = scripted.Imap(MAILS, "IMAP4rev1 UIDPLUS")
    puller = serve(script, after="move", move_to="Done")
    items, _ = pull_all(puller)
    puller.settle(items[:2])
    did = [h for h in script.heard if h.startswith(("UID COPY", "UID STORE", "UID EXPUNGE", "EXPUNGE", "UID MOVE"))]
    assert did == ['UID COPY 1,2 "Done"', "UID STORE 1,2 +FLAGS.SILENT (\\Deleted)", "UID EXPUNGE 1,2"]


def test_without_uidplus_nothing_is_ever_expunged(serve: Serve) -> None:
    script = scripted.Imap(MAILS, "IMAP4rev1")
    puller = serve(script, after="move", move_to="Done")
    items, _ = pull_all(puller)
    puller.settle(items)
    assert not any("EXPUNGE" in heard for heard in script.heard)


def test_tidying_that_fails_undoes_nothing(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    puller = serve(script, after="move", move_to="Done")
    items, cursor = pull_all(puller)
    script.hooks["UID MOVE"] = lambda line, tag, rest: not line.cut()
    puller.settle(items)
    assert pull_all(puller, cursor)[0] == []


def test_a_uidvalidity_that_is_handed_out_again_does_not_make_new_mail_old(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    puller = serve(script)
    old, cursor = pull_all(puller)
    script.mails = {1: b"Subject: another mail under an old number\r\n\r\n"}
    script.uidnext = 2
    items, _ = pull_all(puller, cursor)
    assert bodies(items) == [script.mails[1]]
    assert items[0].external_id not in {item.external_id for item in old}


def test_a_server_clock_that_runs_ahead_does_not_put_mail_in_the_future(serve: Serve) -> None:
    items, _ = pull_all(serve(scripted.Imap(MAILS)))
    assert all(item.received_at <= datetime.now(UTC) for item in items)


def test_a_first_sync_of_a_hundred_thousand_mails_asks_once_and_takes_fifty(serve: Serve) -> None:
    script = scripted.Imap(dict.fromkeys(range(1, 100_001), b"Subject: x\r\n\r\n"))
    puller = serve(script)
    first = puller.poll(None)
    second = puller.poll(first.cursor)
    assert (len(first.items), len(second.items), second.more) == (50, 50, True)
    assert second.cursor["last_uid"] == 100
    assert sum(heard.startswith("UID SEARCH") for heard in script.heard) == 1


def test_a_bad_certificate_needs_a_person(
    make_account: Callable[..., AccountConfig], make_imap: Callable[..., Imap]
) -> None:
    def encrypted(line: scripted.Line, number: int) -> None:
        line.encrypt()

    with scripted.serving(encrypted) as server:
        puller = imap_module.ImapPuller(make_account(imap=make_imap(server.port, tls="tls")))
        with pytest.raises(ChannelError, match="certificate") as error:
            puller.poll(None)
        assert error.value.permanent


def test_a_login_is_never_sent_in_the_clear_unless_told_so(serve: Serve) -> None:
    script = scripted.Imap(MAILS)
    with pytest.raises(ChannelError, match="STARTTLS"):
        serve(script, tls="starttls").poll(None)
    assert not any(heard.startswith("LOGIN") for heard in script.heard)


@pytest.mark.parametrize(
    ("words", "for_good"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", True),
        ("LOGIN Login error or password error", True),
        ("[UNAVAILABLE] Temporary authentication failure.", False),
        ("[ALERT] Too many simultaneous connections. (Failure)", False),
    ],
)
def test_a_busy_server_is_told_from_a_wrong_password(words: str, for_good: bool) -> None:
    assert login_is_refused_for_good(words) is for_good


NOW = datetime(2026, 11, 24, 7, 0, 0, 500_000, tzinfo=UTC)


def test_resuming_is_decided_by_uidvalidity_and_uid_alone() -> None:
    fresh, _ = resume(None, "INBOX", 7, 101, "now", NOW)
    assert (fresh.last_uid, fresh.connected) == (100, "2026-11-24T07:00:00+00:00")
    assert resume(None, "INBOX", 7, 101, "all", NOW)[0].last_uid == 0
    assert resume(fresh, "INBOX", 7, 150, "all", NOW) == (fresh, "")
    anew, notice = resume(fresh, "INBOX", 8, 150, "now", NOW)
    assert (anew.last_uid, anew.relist_to, anew.connected) == (0, 149, fresh.connected)
    assert notice
    assert resume(fresh, "INBOX", 7, 50, "now", NOW)[0].last_uid == 0
    assert resume(fresh, "Elsewhere", 7, 50, "now", NOW)[0].last_uid == 49


def test_what_is_old_by_any_word_is_an_archive_while_listing_anew() -> None:
    before, after = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
    anew = Cursor("INBOX", 8, 0, "2026-11-24T07:00:00+00:00", relist_to=10)
    assert anew.is_archive(5, before, None)
    assert anew.is_archive(5, after, before)
    assert not anew.is_archive(5, after, after)
    assert not anew.is_archive(11, after, before)

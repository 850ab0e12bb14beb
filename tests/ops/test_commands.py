"""The `switchboard` command on a real desk without running processes."""

from __future__ import annotations

import json
import mailbox
import sqlite3
from email.message import EmailMessage
from pathlib import Path

import pytest
from services.whole_desk import Place

from router.cli import COMMANDS


def letter(number: int, subject: str = "Payment failed", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Ani <ani{number}@customer.net>", "support@localhost", subject
    message["Message-ID"] = f"<{number}@customer.net>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("My payment failed, order 12345678. Please help.")
    return message


@pytest.fixture
def eml(place: Place) -> Path:
    path = place.folder / "one.eml"
    path.write_bytes(bytes(letter(1)))
    return path


def ingested(place: Place, *arguments: str) -> dict[str, object]:
    result = place.ask("ingest", "--json", *arguments)
    assert result.stdout, result.stderr
    summary: dict[str, object] = json.loads(result.stdout)
    return summary


def tickets(place: Place) -> list[dict[str, object]]:
    return [json.loads(line) for line in place.ask("tickets", "--json").stdout.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, place: Place) -> None:
    result = place.ask(command, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: switchboard {command}")


def test_an_unknown_command_is_one_plain_error(place: Place) -> None:
    result = place.ask("fly")
    assert result.returncode == 2
    assert "No such command" in result.stderr


def test_a_mail_in_a_file_becomes_a_ticket_with_all_its_fields(place: Place, eml: Path) -> None:
    assert ingested(place, str(eml))["tickets"] == 1
    (ticket,) = tickets(place)
    names = "ref subject channel status priority topic tags language customer messages acked due_at created_at"
    assert list(ticket) == names.split()
    assert ticket["subject"] == "Payment failed"
    assert ticket["customer"] == "ani1@customer.net"
    assert ticket["acked"] is True
    assert ticket["due_at"]


def test_nobody_else_on_the_machine_may_read_what_the_desk_keeps(place: Place, eml: Path) -> None:
    ingested(place, str(eml))
    kept = [place.data, *place.data.rglob("*")]
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_the_same_file_again_is_a_duplicate(place: Place, eml: Path) -> None:
    ingested(place, str(eml))
    again = ingested(place, str(eml))
    assert (again["tickets"], again["duplicates"]) == (0, 1)
    assert len(tickets(place)) == 1


def test_an_mbox_a_folder_and_a_reply_are_all_taken(place: Place, eml: Path) -> None:
    box = mailbox.mbox(place.folder / "box.mbox")
    for number in (2, 3):
        box.add(letter(number))
    reply = letter(2, "Re: Payment failed", In_Reply_To="<2@customer.net>")
    reply.replace_header("Message-ID", "<2b@customer.net>")
    box.add(reply)
    box.close()
    (place.folder / "Maildir" / "cur").mkdir(parents=True)
    (place.folder / "Maildir" / "cur" / "1731.M1:2,S").write_bytes(bytes(letter(4)))
    (place.folder / "notes.txt").write_text("no mail")
    summary = ingested(place, str(place.folder))
    assert summary == {
        "tickets": 4,
        "replies": 1,
        "duplicates": 0,
        "reports": 0,
        "waiting": 0,
        "quarantined": {},
        "unreadable": [],
    }


def test_a_line_that_mbox_had_to_quote_comes_back_as_it_was(place: Place) -> None:
    path = place.folder / "box.mbox"
    path.write_bytes(
        b"From ani Mon Nov 16 09:00:00 2026\nFrom: ani@customer.net\nTo: support@localhost\nSubject: Letter\n"
        b"Message-ID: <5@customer.net>\n\nDear desk,\n>From now on I pay in cash.\n"
    )
    assert ingested(place, str(path))["tickets"] == 1
    connection = sqlite3.connect(place.data / "switchboard.db")
    ((text,),) = connection.execute("SELECT text FROM message WHERE direction = 'in'").fetchall()
    connection.close()
    assert "\nFrom now on I pay in cash." in text


def test_what_is_quarantined_is_told_with_its_reason_and_status_one(place: Place) -> None:
    path = place.folder / "loop.eml"
    mine = letter(6)
    mine.replace_header("From", "support@localhost")
    path.write_bytes(bytes(mine))
    result = place.ask("ingest", str(path))
    assert result.returncode == 1
    assert "1 in quarantine" in result.stdout
    assert "own_mail" in result.stdout


def test_a_file_that_cannot_be_read_does_not_stop_the_others(place: Place, eml: Path) -> None:
    broken = place.folder / "a.eml"
    broken.symlink_to("/proc/self/mem")
    summary = ingested(place, str(broken), str(eml))
    assert summary["tickets"] == 1
    assert len(list(summary["unreadable"])) == 1  # type: ignore[call-overload]


def test_an_archive_is_never_acknowledged(place: Place, eml: Path) -> None:
    ingested(place, "--archive", str(eml))
    (ticket,) = tickets(place)
    assert ticket["acked"] is False
    assert ticket["due_at"] is None


def test_an_unknown_account_is_refused_and_the_known_are_named(place: Place, eml: Path) -> None:
    result = place.ask("ingest", "--account", "sales", str(eml))
    assert result.returncode == 2
    assert "known are support" in result.stderr


def test_replay_of_what_is_stored_gives_the_same_and_writes_nothing(place: Place, eml: Path) -> None:
    ingested(place, str(eml))
    before = dump(place)
    result = place.ask("replay", "--all")
    assert (result.returncode, result.stdout) == (0, "1 the same, 0 different\n")
    assert dump(place) == before


def test_replay_tells_what_would_come_out_differently(place: Place, eml: Path) -> None:
    ingested(place, str(eml))
    connection = sqlite3.connect(place.data / "switchboard.db")
    with connection:
        connection.execute("UPDATE message SET subject = 'Something else' WHERE direction = 'in'")
    connection.close()
    result = place.ask("replay", "1", "--json")
    assert result.returncode == 1
    told = json.loads(result.stdout)
    assert told["same"] is False
    assert "subject is read differently" in told["differences"]


def test_replay_of_an_unknown_item_is_a_plain_error(place: Place, eml: Path) -> None:
    ingested(place, str(eml))
    result = place.ask("replay", "4711")
    assert (result.returncode, result.stderr) == (1, "Some of these items do not exist.\n")


def dump(place: Place) -> list[str]:
    connection = sqlite3.connect(place.data / "switchboard.db")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_the_live_rules_can_be_exported_changed_and_published(place: Place) -> None:
    place.ask("user", "add", "mei@desk.net")
    exported = place.ask("rules", "export").stdout
    path = place.folder / "rulebook.toml"
    path.write_text(exported)
    assert place.ask("rules", "lint", str(path)).returncode == 0
    result = place.ask("rules", "publish", str(path), "--note", "the same again")
    assert (result.returncode, result.stdout) == (0, "Version 2 is live.\n")
    assert place.ask("rules", "export").stdout == exported
    assert place.ask("rules", "lint", "--live").returncode == 0


def test_a_bad_rulebook_is_told_line_by_line_and_not_published(place: Place) -> None:
    place.ask("user", "add", "mei@desk.net")
    path = place.folder / "rulebook.toml"
    path.write_text(place.ask("rules", "export").stdout + '\n[[rules]]\nname = "new"\nthen = { colour = "red" }\n')
    for result in (place.ask("rules", "lint", str(path)), place.ask("rules", "publish", str(path), "--note", "x")):
        assert result.returncode == 1
        assert all(line.startswith("line ") for line in result.stderr.splitlines())
    assert "There is no version 2" in place.ask("rules", "export", "--version", "2").stderr


def test_the_starter_can_be_linted_before_the_first_start(place: Place) -> None:
    assert place.ask("rules", "lint", "--live").returncode == 0


def test_explain_says_of_a_mail_what_each_rule_would_do_and_keeps_nothing(place: Place, eml: Path) -> None:
    place.ask("user", "add", "mei@desk.net")
    before = dump(place)
    told = place.ask("rules", "explain", str(eml)).stdout
    assert told.startswith("It would open a new ticket")
    assert "fired" in told
    assert "missed" in told
    assert dump(place) == before


def test_explain_says_the_same_of_the_ticket_that_the_mail_became(place: Place, eml: Path) -> None:
    place.ask("user", "add", "mei@desk.net")
    of_mail = json.loads(place.ask("rules", "explain", str(eml), "--json").stdout)
    ingested(place, str(eml))
    of_ticket = json.loads(place.ask("rules", "explain", str(tickets(place)[0]["ref"]), "--json").stdout)
    assert of_ticket["decision"] == of_mail["decision"]
    assert of_ticket["rules"] == of_mail["rules"]


def test_explain_of_nothing_known_is_a_plain_error(place: Place) -> None:
    place.ask("user", "add", "mei@desk.net")
    result = place.ask("rules", "explain", "QK7M-4XPB")
    assert (result.returncode, result.stderr) == (1, "QK7M-4XPB is neither a file nor the reference of a ticket.\n")


def test_a_person_is_added_with_a_link_once_and_gets_a_new_link_on_request(place: Place) -> None:
    added = json.loads(place.ask("user", "add", "Mei@desk.net", "--role", "manager", "--json").stdout)
    assert added["email"] == "mei@desk.net"
    assert added["link"].startswith(f"{place.address}/sign-in/")
    twice = place.ask("user", "add", "mei@desk.net")
    assert twice.returncode == 1
    assert len(twice.stderr.splitlines()) == 1
    linked = json.loads(place.ask("user", "link", "mei@desk.net", "--json").stdout)
    assert linked["link"] not in (added["link"], "")
    nobody = place.ask("user", "link", "nobody@desk.net")
    assert nobody.returncode == 1
    assert "Nobody with the address" in nobody.stderr


def test_check_names_what_is_away_with_the_mend_and_status_one(place: Place) -> None:
    place.ask("user", "add", "mei@desk.net")
    lines = [json.loads(line) for line in place.ask("check", "--json").stdout.splitlines()]
    told = {line["part"]: line for line in lines}
    assert told["database"]["ok"]
    assert told["migrations"]["ok"]
    assert told["file store"]["ok"]
    assert not told["queue"]["ok"]
    assert "switchboard up" in told["queue"]["mend"]
    assert place.ask("check").returncode == 1


def test_check_of_a_desk_that_never_started_tells_it_plainly(place: Place) -> None:
    result = place.ask("check")
    assert result.returncode == 1
    assert "FAIL  database: " in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_check_tells_of_an_account_whose_servers_are_away(place: Place) -> None:
    toml = place.folder / "switchboard.toml"
    toml.write_text(
        '[[accounts]]\nname = "shop"\nkind = "email"\naddress = "shop@desk.net"\n'
        '[accounts.imap]\nhost = "127.0.0.1"\nport = 1\ntls = "none"\nuser = "shop"\npassword = "x"\n'
        '[accounts.smtp]\nhost = "127.0.0.1"\nport = 1\ntls = "none"\n'
    )
    result = place.ask("check", "--json", SWITCHBOARD_CONFIG=str(toml))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    account = [line for line in lines if "shop" in line["part"]]
    assert len(account) == 2
    assert all(not line["ok"] and line["mend"] for line in account)


def test_tickets_of_a_desk_that_never_started_is_a_plain_error(place: Place) -> None:
    result = place.ask("tickets", "--json")
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "switchboard up" in result.stderr


def test_a_bug_is_one_line_on_screen_and_a_traceback_in_the_log(place: Place) -> None:
    place.ask("user", "add", "mei@desk.net")
    connection = sqlite3.connect(place.data / "switchboard.db")
    with connection:
        connection.execute("UPDATE rulebook SET rules = 'nonsense = [', replies = ''")
        connection.execute("UPDATE agent SET role = 'emperor'")
    connection.close()
    result = place.ask("user", "link", "mei@desk.net")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "Something unexpected went wrong" in result.stderr
    assert "Traceback" in (place.data / "error.log").read_text()

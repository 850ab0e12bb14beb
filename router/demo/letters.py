"""The sample mails as `mails/*.toml` has them (README.md there explains the fields), and when each of them arrives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

MAILS = Path(__file__).parent / "mails"
HOMES = {"id": ZoneInfo("Asia/Jakarta")}
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One attachment. `lines` are the text of a document or a table; `cid` names a picture inside the HTML."""

    kind: str
    name: str
    text: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What an agent does, so many minutes after the mail came."""

    after: int
    agent: str
    do: str
    text: str = ""
    value: str = ""
    resolve: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    id: str
    topic: str
    lang: str
    sender: str
    address: str
    subject: str
    text: str
    html: str = ""
    kind: str = "person"
    shape: str = ""
    day: int = 0
    time: str = ""
    ago: int = 0
    after: int = 0
    answers: str = ""
    of: str = "desk"
    repeats: str = ""
    client: str = ""
    charset: str = "utf-8"
    drops_headers: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    recipient: str = ""
    status: str = ""
    diagnostic: str = ""
    attach: tuple[Enclosed, ...] = ()
    then: tuple[Act, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        """Where the writer lives."""
        return HOMES.get(self.lang, SHANGHAI)

    @property
    def follows(self) -> str:
        """The mail that this one comes after, if its time is told that way."""
        return self.answers or self.repeats


@lru_cache(maxsize=1)
def letters() -> tuple[Letter, ...]:
    """All sample mails, in the order of their files."""
    tables = [table for path in sorted(MAILS.glob("*.toml")) for table in _tables(path)]
    writers = {table["id"]: table["from"] for table in tables if "from" in table}
    return tuple(_letter(table, writers) for table in tables)


def arrivals(all_letters: Iterable[Letter], now: datetime) -> dict[str, datetime]:
    """When each mail arrives, in UTC, if the sample is loaded at `now`. What would arrive later is left out."""
    by_id = {letter.id: letter for letter in all_letters}
    times = {letter_id: _arrival(letter, by_id, now) for letter_id, letter in by_id.items()}
    return {letter_id: at for letter_id, at in times.items() if at <= now}


def _arrival(letter: Letter, by_id: Mapping[str, Letter], now: datetime) -> datetime:
    if letter.follows:
        return _arrival(by_id[letter.follows], by_id, now) + timedelta(minutes=letter.after)
    if letter.ago:
        return now.astimezone(UTC).replace(second=0, microsecond=0) - timedelta(minutes=letter.ago)
    day = working_day_before(now.astimezone(letter.zone).date(), letter.day)
    return datetime.combine(day, time.fromisoformat(letter.time), letter.zone).astimezone(UTC)


def working_day_before(today: date, count: int) -> date:
    """The `count`-th day from Monday to Friday before `today`."""
    day = today
    while count:
        day -= timedelta(days=1)
        count -= day.weekday() < 5
    return day


def _tables(path: Path) -> list[dict[str, Any]]:
    return list(tomllib.loads(path.read_text(encoding="utf-8"))["mail"])


def _letter(table: Mapping[str, Any], writers: Mapping[str, str]) -> Letter:
    rest = dict(table)
    name, address = parseaddr(rest.pop("from", "") or writers[rest["answers"]])
    enclosed = tuple(Enclosed(**one) for one in rest.pop("attach", ()))
    acts = tuple(Act(**{**one, "text": one.get("text", "").strip()}) for one in rest.pop("then", ()))
    text, html = rest.pop("text").strip(), rest.pop("html", "").strip()
    subject = rest.pop("subject", "{re}{subject}")
    return Letter(
        sender=name, address=address, subject=subject, text=text, html=html, attach=enclosed, then=acts, **rest
    )

"""The published rulebooks: the live one, older ones by number, and publishing a new one."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from importlib import resources

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from router.calendars import Calendar
from router.db import Database
from router.models import PublishedRulebook
from rules.rulebook import Rulebook, load

_KEPT = 8
_NEWEST = select(func.max(col(PublishedRulebook.version)))


class Rulebooks:
    """Compiled rulebooks of this process, by version. A published version never changes, so it is compiled once."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[int, Rulebook] = OrderedDict()
        self._calendars: dict[tuple[int, str], Calendar] = {}

    def current(self, session: Session) -> Rulebook:
        """The live rulebook. Raises LookupError on a desk that was never prepared: `ensure_starter` belongs to its start."""
        version = session.connection().execute(_NEWEST).scalar()
        if version is None:
            raise LookupError("no rulebook is published; start the desk once, or run: switchboard rules publish FILE")
        return self.version(session, version)

    def version(self, session: Session, version: int) -> Rulebook:
        """The rulebook of that number. Raises KeyError when there is none."""
        if version not in self._compiled:
            row = session.get(PublishedRulebook, version)
            if row is None:
                raise KeyError(version)
            self._keep(version, load(row.rules, row.replies, version))
        return self._compiled[version]

    def calendar(self, rulebook: Rulebook, name: str) -> Calendar:
        """The calendar `name` of `rulebook`; kept, since it caches the days that it has worked out."""
        key = (rulebook.version, name)
        if key not in self._calendars:
            self._calendars[key] = Calendar(rulebook.calendars[name])
        return self._calendars[key]

    def _keep(self, version: int, rulebook: Rulebook) -> None:
        self._compiled[version] = rulebook
        if len(self._compiled) > _KEPT:
            self._compiled.popitem(last=False)


def publish(session: Session, rules: str, replies: str, *, author: str, note: str, now: datetime) -> PublishedRulebook:
    """Make the two texts the live rulebook. Raises rules.rulebook.RulebookError with every problem, and changes nothing."""
    load(rules, replies)
    highest = session.execute(_NEWEST).scalar() or 0
    row = PublishedRulebook(
        version=highest + 1, rules=rules, replies=replies, author=author, note=note, published_at=now
    )
    session.add(row)
    session.flush()
    return row


def ensure_starter(db: Database, now: datetime) -> None:
    """A desk without a rulebook gets the starter as version 1; of two that race, one wins and both are content."""
    rules, replies = starter_texts()
    try:
        with db.begin() as session:
            if session.execute(_NEWEST).scalar() is None:
                publish(session, rules, replies, author="Switchboard", note="Starter rulebook", now=now)
    except IntegrityError:
        return


def warm(now: datetime) -> None:
    """Work out the starter's calendars once: the first question loads a country's holidays, which takes a second that no
    page should wait for and memory that forked processes can share."""
    for spec in load(*starter_texts()).calendars.values():
        Calendar(spec).is_open(now)


def starter_texts() -> tuple[str, str]:
    """The rules and the replies that the product ships with."""
    folder = resources.files("router") / "starter"
    return (folder / "rulebook.toml").read_text("utf-8"), (folder / "replies.toml").read_text("utf-8")

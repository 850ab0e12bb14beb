"""What a process of the desk needs, built once from the configuration. Nothing connects until it is used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlmodel import Session

from channels.base import Channel
from channels.registry import open_channel
from router.bells import Bell, Bells
from router.config import Config
from router.db import Database, after_commit
from router.files import FileStore
from router.rulebooks import Rulebooks


def utc_now() -> datetime:
    """The clock of jobs, pages and commands; everything below them is handed the time."""
    return datetime.now(UTC)


@dataclass(slots=True)
class App:
    """`limits` bound automatic answers; `reach(point)` is called at each named point of a message's path, where the
    crash test ends the process."""

    config: Config
    db: Database
    files: FileStore
    bells: Bells
    rulebooks: Rulebooks
    reach: Callable[[str], None] = lambda _point: None
    account_keys: dict[str, int] = field(default_factory=dict)
    _channels: dict[str, Channel] = field(default_factory=dict)

    def channel(self, account_name: str) -> Channel:
        """The open channel of an account. Raises KeyError for one that the configuration no longer names."""
        if account_name not in self._channels:
            account = self.config.account(account_name)
            if account is None:
                raise KeyError(account_name)
            self._channels[account_name] = open_channel(account, self.config.desk)
        return self._channels[account_name]

    def ring_after(self, session: Session, *bells: Bell) -> None:
        """When the transaction is on disk: ring, and wake the browsers."""
        for bell in bells:
            after_commit(session, lambda bell=bell: self.bells.ring(bell))  # type: ignore[misc]
        after_commit(session, self.bells.announce)


def build(config: Config, *, redis_url: str | None = None) -> App:
    """The desk of `config`. `redis_url` is where the embedded queue listens, when the settings name none."""
    db = Database(config.database_url)
    url = config.settings.redis_url if redis_url is None else redis_url
    return App(config, db, FileStore(config.files_dir), Bells(url), Rulebooks())

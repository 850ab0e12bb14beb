"""The doctor: does each part of the desk work, and if not, what mends it? Changes nothing but a probe file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from channels.base import CheckLine
from router import migrate, valkey
from router.bells import connect
from router.config import Config
from router.context import App
from router.start import build_app


def check_desk(config: Config) -> list[CheckLine]:
    """One line a part at least, in the order in which they depend on each other."""
    app = build_app(config)
    lines = [
        _line("database", lambda: _database(app), "Look at DATABASE_URL, and whether the server runs."),
        _line("migrations", lambda: _migrations(app), "Start the desk (switchboard up); it applies them."),
        _line("queue", lambda: _queue(config), _queue_mend(config)),
        _line("file store", lambda: _files(app), "Mend the folder's permissions, or set FILES_URL."),
    ]
    return lines + [line for account in config.accounts for line in _account(app, account.name)]


def _line(part: str, look: Callable[[], str], mend: str) -> CheckLine:
    try:
        return CheckLine(part, True, look())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what the doctor was asked for
        words = " ".join(str(error).split()) or type(error).__name__
        return CheckLine(part, False, f"{words.rstrip('.')}.", mend)


def _database(app: App) -> str:
    file = app.db.engine.url.database
    if app.db.is_sqlite and file and not Path(file).exists():
        raise FileNotFoundError(f"{file} does not exist yet; the first start of the desk makes it")
    with app.db.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
    return f"{app.db.engine.dialect.name} answers."


def _migrations(app: App) -> str:
    _database(app)
    missing = migrate.pending(app.db)
    if missing:
        raise RuntimeError(f"{len(missing)} not applied ({', '.join(missing)})")
    return "all applied."


def _queue(config: Config) -> str:
    client = connect(valkey.url(config))
    try:
        client.ping()
    finally:
        client.close()
    return "answers." if config.settings.redis_url else "the embedded one answers."


def _queue_mend(config: Config) -> str:
    if config.settings.redis_url:
        return "Look at REDIS_URL, and whether the server runs. Until then mail is taken, and waits."
    return "It runs while the desk runs: switchboard up."


def _files(app: App) -> str:
    app.files.check()
    return f"{app.files.root} takes files."


def _account(app: App, name: str) -> Iterator[CheckLine]:
    try:
        yield from app.channel(name).check()
    except Exception as error:  # noqa: BLE001 - one broken account must not hide the others
        mend = "Look at this account in switchboard.toml."
        yield CheckLine(name, False, f"{type(error).__name__}: {error}.", mend)

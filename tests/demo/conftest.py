"""A desk with the sample loaded, once for all tests of this folder: they only look at it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from router import accounts, config, context, migrate, rulebooks
from router.demo import load

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@dataclass
class Loaded:
    app: context.App
    added: int = 0
    progress: list[tuple[int, int]] = field(default_factory=list)

    def again(self):
        return load.load_sample(self.app.config, self.app.db, NOW, lambda *_: None)


def prepare(folder, toml=""):
    (folder / "switchboard.toml").write_text(toml, encoding="utf-8")
    given = {
        "DATA_DIR": str(folder / "data"),
        "SWITCHBOARD_CONFIG": str(folder / "switchboard.toml"),
        "SECRET_KEY": "test",
    }
    app = context.build(config.load(given), redis_url="")
    migrate.upgrade(app.config)
    rulebooks.ensure_starter(app.db, NOW)
    accounts.sync(app, NOW)
    return app


@pytest.fixture(scope="session")
def prepared():
    """Make an empty desk in a folder, with the accounts of a TOML text."""
    return prepare


@pytest.fixture(scope="session")
def loaded(tmp_path_factory):
    desk = Loaded(prepare(tmp_path_factory.mktemp("sample")))
    desk.added = load.load_sample(
        desk.app.config, desk.app.db, NOW, lambda done, total: desk.progress.append((done, total))
    )
    yield desk
    desk.app.db.engine.dispose()

"""What several commands share."""

from __future__ import annotations

import json
from typing import Any

import click

from router import config, logs
from router.context import App
from router.start import build_app

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")


def open_desk() -> App:
    """The desk of this folder's settings. Only warnings are logged: the command prints its own words."""
    settings = config.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    logs.setup("command", "WARNING", settings.data_dir)
    return build_app(settings)


def prepared_desk() -> App:
    """The same, with its database made ready: for commands that may be the first of a desk."""
    from router.context import utc_now
    from router.start import prepare

    app = open_desk()
    return prepare(app.config, utc_now())


def print_json(value: Any) -> None:
    """One object on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

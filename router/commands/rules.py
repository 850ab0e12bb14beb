"""The rulebook from the command line: look at it, check it, publish it, and ask it why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from router.commands.common import as_json, open_desk, prepared_desk, print_json

if TYPE_CHECKING:
    from sqlmodel import Session

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
replies_file = click.option("--replies", type=FILE, help="The texts of the replies; the live ones, if not given.")


@click.group()
def rules() -> None:
    """Check, export, publish and explain the rules."""


@rules.command()
@click.argument("file", required=False, type=FILE)
@replies_file
@click.option("--live", is_flag=True, help="Check the live rulebook instead of a file.")
def lint(file: Path | None, replies: Path | None, live: bool) -> None:
    """Check a rulebook. Every problem is one line, with what to do; status 1 if there is any."""
    from rules.rulebook import load

    if (file is None) != live:
        raise click.UsageError("Name a FILE, or say --live.")
    live_rules, live_replies = _live_texts()
    rulebook = load(file.read_text("utf-8") if file else live_rules, _text(replies) or live_replies)
    click.echo(f"{file or 'The live rulebook'} is good: {len(rulebook.rules)} rules.")


@rules.command()
@click.option("--replies", is_flag=True, help="Print the texts of the replies instead of the rules.")
@click.option("--version", type=int, help="An older version; the live one, if not given.")
def export(replies: bool, version: int | None) -> None:
    """Print the rules as they were written: the text that `publish` takes."""
    live_rules, live_replies = _live_texts(version)
    click.echo(live_replies if replies else live_rules, nl=False)


@rules.command()
@click.argument("file", type=FILE)
@replies_file
@click.option("--note", required=True, help="What changes and why, for the history.")
@click.option("--author", default="command line", show_default=True)
def publish(file: Path, replies: Path | None, note: str, author: str) -> None:
    """Make FILE the live rulebook, as a new version. Nothing changes when it has a problem."""
    from router import rulebooks
    from router.context import utc_now

    app = prepared_desk()
    with app.db.begin() as session:
        texts = _published(session)
        kept = _text(replies) or texts[1]
        row = rulebooks.publish(session, file.read_text("utf-8"), kept, author=author, note=note, now=utc_now())
    click.echo(f"Version {row.version} is live.")


@rules.command()
@click.argument("what")
@as_json
def explain(what: str, as_json: bool) -> None:
    """Show what each rule does, and why, with WHAT: a mail in a file, or the reference of a ticket. Changes nothing."""
    from router.explain import explain_mail, explain_ticket

    app = open_desk()
    path = Path(what)
    story = explain_mail(app, path.read_bytes()) if path.is_file() else explain_ticket(app, what)
    if as_json:
        print_json(story.to_json())
    else:
        click.echo("\n".join(story.lines()))


def _text(path: Path | None) -> str:
    return path.read_text("utf-8") if path else ""


def _live_texts(version: int | None = None) -> tuple[str, str]:
    """The live rules and replies; the starter's where the desk was never started."""
    from sqlalchemy import inspect

    from router.models import PublishedRulebook
    from router.rulebooks import starter_texts

    app = open_desk()
    if not inspect(app.db.engine).has_table(PublishedRulebook.__tablename__):
        return starter_texts()
    with app.db.read() as session:
        return _published(session, version)


def _published(session: Session, version: int | None = None) -> tuple[str, str]:
    from sqlalchemy import func, select
    from sqlmodel import col

    from router.models import PublishedRulebook

    wanted = version or session.execute(select(func.max(col(PublishedRulebook.version)))).scalar()
    row = session.get(PublishedRulebook, wanted) if wanted else None
    if row is None:
        raise click.ClickException(f"There is no version {version}." if version else "No rulebook is published yet.")
    return row.rules, row.replies

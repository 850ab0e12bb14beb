"""Tickets for other programs, and a plain list for the eye."""

from __future__ import annotations

from typing import Any

import click

from router.commands.common import as_json, open_desk, print_json


@click.command()
@as_json
def tickets(as_json: bool) -> None:
    """List every ticket, oldest first. With --json: one object a line."""
    from router.tickets.export import export

    for row in export(open_desk().db):
        if as_json:
            print_json(row)
        else:
            click.echo("  ".join(_columns(row)))


def _columns(row: dict[str, Any]) -> tuple[str, ...]:
    words = f"{row['status']:<8}", f"{row['priority']:<6}", f"{row['topic']:<13}", f"{row['due_at'] or '':<25}"
    return row["ref"], *words, row["subject"]

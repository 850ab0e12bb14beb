"""Running the desk, and asking it how it is."""

from __future__ import annotations

import sys

import click

from router import config
from router.commands.common import as_json, print_json


@click.command()
def up() -> None:
    """Run the whole desk here, until Ctrl-C."""
    from router import supervisor

    supervisor.up(config.load(), say=click.echo)


@click.command()
def demo() -> None:
    """The same as `up`, with about 120 sample messages loaded first, once."""
    from router import supervisor

    supervisor.up(config.load(), demo=True, say=click.echo)


@click.command()
@click.argument("role", type=click.Choice(["web", "live", "worker", "beat", "mail", "valkey"]))
@click.argument("queue", required=False)
def run(role: str, queue: str | None) -> None:
    """Run one process of the desk, as the Procfile does. A worker names its queue: ingest, send, clocks or bulk."""
    from router import processes, roles

    if (role == "worker") != (queue in roles.QUEUES):
        raise click.UsageError(
            f"Write `run worker QUEUE` with one of {', '.join(roles.QUEUES)}, or `run {role}` alone."
        )
    settings = config.load()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    processes.end_on_signal()
    if role == "valkey":
        roles.serve_queue(settings)
        return
    link = roles.prepared(settings, link=role == "web")
    if link:
        click.echo(f"Sign in   {link}  (once, within 72 hours, for the first manager)")
    roles.run(queue or role, settings)


@click.command()
@as_json
def check(as_json: bool) -> None:
    """Look at every part of the desk: database, queue, files, and the logins of each account."""
    from router.check import check_desk

    lines = check_desk(config.load())
    for line in lines:
        if as_json:
            print_json({"part": line.part, "ok": line.ok, "detail": line.detail, "mend": line.mend})
        else:
            click.echo(
                f"{'ok  ' if line.ok else 'FAIL'}  {line.part}: {line.detail}{' ' + line.mend if line.mend else ''}"
            )
    sys.exit(0 if all(line.ok for line in lines) else 1)

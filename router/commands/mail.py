"""Mail from files into the desk, and the test that reading it again gives the same."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from router.commands.common import as_json, open_desk, prepared_desk, print_json


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--account", help="The account that the mail came to; the first one, if not given.")
@click.option("--archive", is_flag=True, help="Old mail: it becomes tickets, but nobody is answered and no clock runs.")
@as_json
def ingest(files: tuple[Path, ...], account: str | None, archive: bool, as_json: bool) -> None:
    """Take mail from FILES (.eml, .mbox, folders) along the path that all mail takes.

    Mail that the desk has already is left alone. Status 0 when every mail was taken; 1 when one is in quarantine or a
    file could not be read.
    """
    from router.commands.ingesting import Ingest
    from router.commands.mailfiles import mail_files

    app = prepared_desk()
    names = [known.name for known in app.config.accounts]
    if account and account not in names:
        raise click.UsageError(f"There is no account {account!r}; known are {', '.join(names)}.")
    work = Ingest(app, account or names[0], archive=archive)
    paths = list(dict.fromkeys(mail_files(files)))
    size, watched = sum(path.stat().st_size for path in paths), sys.stderr.isatty()
    with click.progressbar(length=size, label="Reading", file=sys.stderr, hidden=not watched) as bar:
        for path in paths:
            work.take(path, bar.update)
        work.finish()
    report = work.report
    if as_json:
        print_json(report.to_json())
    else:
        click.echo(report.in_words())
    sys.exit(0 if report.all_taken else 1)


@click.command()
@click.argument("ids", nargs=-1, type=int)
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]), help="Items received since then (UTC)."
)
@click.option("--all", "everything", is_flag=True, help="Every stored item.")
@as_json
def replay(ids: tuple[int, ...], since: datetime | None, everything: bool, as_json: bool) -> None:
    """Read stored items again and compare with what became of them. Changes nothing.

    IDS are item numbers, as the quarantine page shows them. Status 1 when an item would come out differently today.
    """
    from datetime import UTC

    from router.replay import replays

    if sum((bool(ids), since is not None, everything)) != 1:
        raise click.UsageError("Say which items: their IDS, --since DATE, or --all.")
    different = same = 0
    for result in replays(open_desk(), ids=ids, since=since.replace(tzinfo=UTC) if since else None):
        different, same = different + bool(result.differences), same + (not result.differences)
        if as_json:
            print_json(
                {"id": result.inbound_id, "ticket": result.ref, "same": result.same, "differences": result.differences}
            )
        elif result.differences:
            click.echo(f"{result.inbound_id}  {result.ref or '-':<9}  different: {'; '.join(result.differences)}")
        elif ids:
            click.echo(f"{result.inbound_id}  {result.ref or '-':<9}  same")
    if not as_json:
        click.echo(f"{same} the same, {different} different")
    sys.exit(1 if different else 0)

"""People of the desk, from the command line."""

from __future__ import annotations

import click

from router.commands.common import as_json, prepared_desk, print_json


@click.group()
def user() -> None:
    """Add people, and make sign-in links for them."""


@user.command()
@click.argument("email")
@click.option("--name", default="", help="How the person is called; the address, if not given.")
@click.option("--role", type=click.Choice(["agent", "manager"]), default="agent", show_default=True)
@as_json
def add(email: str, name: str, role: str, as_json: bool) -> None:
    """Add a person and print a link that signs them in once."""
    from router import agents, start
    from router.context import utc_now

    app, now = prepared_desk(), utc_now()
    with app.db.begin() as session:
        agent = agents.create(session, email, name, role, now)
        link = start.sign_in_url(app, session, agent, now)
    _print(agent.email, link, as_json)


@user.command()
@click.argument("email")
@as_json
def link(email: str, as_json: bool) -> None:
    """Make a new one-time sign-in link for a person who is on the desk already."""
    from router import agents, start
    from router.context import utc_now

    app, now = prepared_desk(), utc_now()
    with app.db.begin() as session:
        agent = agents.by_email(session, email)
        if agent is None or not agent.active:
            raise click.ClickException(
                f"Nobody with the address {email} works here. Add them: switchboard user add {email}"
            )
        url = start.sign_in_url(app, session, agent, now)
    _print(agent.email, url, as_json)


def _print(email: str, url: str, as_json: bool) -> None:
    if as_json:
        print_json({"email": email, "link": url})
    else:
        click.echo(f"{email} signs in once, within 72 hours, at {url}")

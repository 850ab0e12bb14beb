"""The `switchboard` command: its parts are in router/commands, and each imports its own weight only when it runs."""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

import click

# Command: module and function. Read when a command is named, so that `--help` and `up` start at once.
COMMANDS = {
    "up": "router.commands.desk:up",
    "run": "router.commands.desk:run",
    "demo": "router.commands.desk:demo",
    "check": "router.commands.desk:check",
    "ingest": "router.commands.mail:ingest",
    "replay": "router.commands.mail:replay",
    "tickets": "router.commands.tickets:tickets",
    "rules": "router.commands.rules:rules",
    "user": "router.commands.users:user",
}


class LateGroup(click.Group):
    """A group whose commands are imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LateGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="switchboard-desk")
def switchboard() -> None:
    """Switchboard: mail in, a decided ticket, one right answer out.

    Settings come from the environment (PORT, DATA_DIR, DATABASE_URL, REDIS_URL, SMTP_LISTEN, ...) and accounts from
    switchboard.toml; docs/operations.md lists them all.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run one command. What can be expected to go wrong is one line each and status 1; a bug goes to error.log."""
    # Database, mail and keys are for the desk's own user: nothing that a command makes may be read by others.
    os.umask(0o077)
    try:
        sys.exit(switchboard.main(arguments, prog_name="switchboard", standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has enough (`switchboard tickets --json | head`).
        sys.stdout = None
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last resort: nobody should have to read a traceback
        _tell(error)
        sys.exit(1)


def _tell(error: Exception) -> None:
    from router.errors import plain

    lines = plain(error)
    for line in lines:
        click.echo(line, err=True)
    if not lines:
        where = _keep(error)
        click.echo(f"Something unexpected went wrong ({type(error).__name__}). {where}", err=True)


def _keep(error: Exception) -> str:
    """Log the traceback and say where it is."""
    from router import config, logs

    try:
        settings = config.load()
        logs.setup("command", "CRITICAL", settings.data_dir)
        logging.getLogger().handlers.pop(0)
        logging.getLogger("router.cli").critical("command failed", exc_info=error)
        return f"Details are in {logs.error_log(settings.data_dir)}; please report them."
    except Exception:  # noqa: BLE001 - there is no place to write to; the type must do
        return f"It said: {error}"


if __name__ == "__main__":
    main()

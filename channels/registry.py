"""Which channels there are: one line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from channels import base
from channels.email import adapter as email
from channels.email.settings import EmailSettings


@dataclass(frozen=True, slots=True)
class Kind:
    """`settings` is a pydantic model that validates the account's table; `open` makes the channel. `takes_mail`: the
    desk's mail listener delivers to accounts of this kind."""

    settings: Any
    open: Callable[[base.AccountConfig, base.Desk], base.Channel]
    takes_mail: bool = False


KINDS: dict[str, Kind] = {
    "email": Kind(EmailSettings, email.EmailChannel, takes_mail=True),
}


def open_channel(account: base.AccountConfig, desk: base.Desk) -> base.Channel:
    """The channel of `account`. Raises KeyError for a kind that does not exist; settings are checked long before."""
    return KINDS[account.kind].open(account, desk)

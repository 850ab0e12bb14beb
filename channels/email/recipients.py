"""Who gets a mail, and under which envelope: never ourselves, never an address that cannot exist. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from channels.base import AccountConfig, Address, Desk, Outgoing, Refused
from channels.email import compose, wire

# RFC 2606 reserves it: mail to it can only come back.
DEAD_DOMAINS = frozenset({"invalid"})
_SPEC = re.compile(r"[^\s<>()\[\]:;,@\\\"\x00-\x1f\x7f]{1,64}@[^\s<>()\[\]:;,@\\\"\x00-\x1f\x7f]{1,255}")


def of(outgoing: Outgoing, desk: Desk) -> tuple[str, ...] | Refused:
    """The envelope recipients in wire form, each once, or why nobody is left. Our own inboxes are left out: a copy to
    them would come back as a customer's mail."""
    people = [*outgoing.to, *outgoing.cc]
    bad = [a.address for a in people if not _can_be_written(a)]
    if bad:
        return Refused(f"{bad[0]!r} is no address that mail can be sent to", address_is_bad=True)
    if dead := [a.address for a in people if _is_dead(a)]:
        return Refused(f"{dead[0]} cannot exist: its domain is reserved", address_is_bad=True)
    to = tuple(dict.fromkeys(wire.ascii_address(a.address) for a in people if not is_own(a, desk)))
    return to or Refused("All recipients are inboxes of this desk; it does not write to itself")


def envelope_senders(outgoing: Outgoing, account: AccountConfig) -> tuple[str, ...]:
    """The MAIL FROM to offer, best first. Automatic mail tries the empty one, so that its bounce answers nobody
    (RFC 3834 §3.3); otherwise a bounce returns to the token's address and finds its message."""
    token = outgoing.token if account.settings.plus_addressing else ""
    back = compose.token_address(token, account.address)
    return ("", back) if outgoing.automatic else (back,)


def is_own(address: Address, desk: Desk) -> bool:
    """One of the desk's inboxes, plus-addresses included (RFC 5233)."""
    local, at, domain = address.folded.rpartition("@")
    return bool({address.folded, f"{local.split('+', 1)[0]}{at}{domain}"} & _folded(desk.own_addresses))


def _folded(addresses: Iterable[str]) -> set[str]:
    return {a.casefold() for a in addresses}


def _is_dead(address: Address) -> bool:
    return address.folded.rpartition("@")[2].rpartition(".")[2] in DEAD_DOMAINS


def _can_be_written(address: Address) -> bool:
    try:
        return bool(_SPEC.fullmatch(address.address)) and bool(wire.ascii_address(address.address))
    except ValueError:
        return False

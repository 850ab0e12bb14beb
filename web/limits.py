"""How often somebody may try. Counted in Redis, so for all web processes together; in the process while Redis is away."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from flask import Flask, Response, request
from flask_limiter import Limiter

from router.agents import fold, hashed
from router.context import App

# A person's own mistakes are bounded by account and address together, so that nobody can lock out somebody else from
# afar; the wide limit on the account alone is what slows down guessing from many addresses (ASVS 6.3.1).
# Only refusals count against an account: a person may sign in as often as they like.
ADDRESS_LIMIT = "20 per minute; 200 per hour"
ACCOUNT_HERE_LIMIT = "5 per minute; 30 per hour"
ACCOUNT_LIMIT = "100 per 15 minutes"
LINK_LIMIT = "20 per minute; 200 per hour"
PASSWORD_LIMIT = "5 per minute; 30 per hour"  # noqa: S105 - a rate, not a password


def install(flask: Flask, app: App) -> None:
    limiter = Limiter(
        here,
        app=flask,
        storage_uri=storage_url(app.bells.url),
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 2} if app.bells.url else {},
        strategy="fixed-window",
        key_prefix="switchboard:limits",
        in_memory_fallback_enabled=True,
        headers_enabled=True,
    )
    _limit(flask, limiter, "sign_in.check", ADDRESS_LIMIT, here)
    _limit(flask, limiter, "sign_in.check", ACCOUNT_HERE_LIMIT, lambda: f"{account()}@{here()}", only=_was_refused)
    _limit(flask, limiter, "sign_in.check", ACCOUNT_LIMIT, account, only=_was_refused)
    _limit(flask, limiter, "sign_in.link", LINK_LIMIT, here)
    _limit(flask, limiter, "sign_in.use_link", LINK_LIMIT, here)
    _limit(flask, limiter, "profile.password", PASSWORD_LIMIT, here, only=_was_refused)


def storage_url(redis_url: str) -> str:
    """The queue's address as the limiter writes it; memory when there is no queue."""
    if redis_url.startswith("unix://"):
        return "redis+" + redis_url
    return redis_url or "memory://"


def here() -> str:
    """Where the request comes from. IPv6 by /64: that is what one household is given."""
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - a name for "unknown", nothing binds to it
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return f"{address.exploded[:19]}::/64"
    return str(address)


def account() -> str:
    """Which account is tried. Hashed: addresses of people do not belong into the queue's memory."""
    return hashed(fold(request.form.get("email", "")))[:24]


def _was_refused(response: Response) -> bool:
    return response.status_code in {403, 422}


def _limit(
    flask: Flask,
    limiter: Limiter,
    endpoint: str,
    rate: str,
    key: Callable[[], str],
    only: Callable[[Response], bool] | None = None,
) -> None:
    limited = limiter.limit(rate, key_func=key, scope=endpoint, deduct_when=only)
    flask.view_functions[endpoint] = limited(flask.view_functions[endpoint])  # type: ignore[assignment]

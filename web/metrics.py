"""Gauges for Prometheus, read from the database at the moment they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_address

from flask import Blueprint, Response, abort, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from router import gauges
from router.gauges import Gauges
from router.permissions import Action, may
from web.desk import desk, now
from web.guard import public

pages = Blueprint("metrics", __name__)

_HELP = {
    "backlog": ("inbound_backlog", "Items recorded and not yet understood"),
    "oldest_backlog": ("inbound_oldest_seconds", "Age of the oldest of them"),
    "quarantined": ("inbound_quarantined", "Items held until a person decides"),
    "unsent": ("outgoing_unsent", "Messages not yet sent, by state"),
    "oldest_unsent": ("outgoing_oldest_seconds", "Age of the oldest of them"),
    "open_tickets": ("tickets_open", "Tickets that are not done"),
    "overdue_tickets": ("tickets_overdue", "Open tickets past their promise"),
    "accounts_failing": ("accounts_failing", "Accounts whose last attempt failed"),
}


@pages.get("/metrics")
@public
def metrics() -> Response:
    """For the machine itself and for managers: the numbers name nobody, but are nobody else's business."""
    if not (_asked_from_here() or may(g.get("agent"), Action.READ_METRICS)):
        abort(403)
    with desk().db.read() as session:
        read = gauges.read(session, now())
    registry = CollectorRegistry()
    registry.register(_Once(read))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Once(Collector):
    def __init__(self, read: Gauges) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for field in fields(Gauges):
            name, text = _HELP[field.name]
            value = getattr(self._read, field.name)
            states = value if isinstance(value, dict) else {}
            family = GaugeMetricFamily(f"switchboard_{name}", text, labels=["state"] if states else None)
            for state, count in states.items():
                family.add_metric([state], count)
            if not states:
                family.add_metric([], value)
            yield family


def _asked_from_here() -> bool:
    """From this machine itself: a proxy on it would have said for whom it asks."""
    forwarded = {"X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded", "Via"} & set(request.headers.keys())
    return not forwarded and ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104 - "unknown"

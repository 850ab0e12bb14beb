"""The queue is a bell, never the truth: a lost bell costs seconds, because the beat rings again.

One bell means "look for work of this kind"; while one is waiting in the queue, ringing again adds nothing. The mark that
says so is taken away when the job starts, before it looks: a bell that is rung while it looks is queued anew.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from functools import cached_property
from typing import Any

from redis import Redis
from redis.client import PubSub
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

CHANGES_CHANNEL = "switchboard:changes"
_MARK_SECONDS = 10


class Bell(StrEnum):
    """Each bell is a queue and the job that it starts."""

    INGEST = "ingest"
    SEND = "send"
    CLOCKS = "clocks"
    BULK = "bulk"


JOBS = {
    Bell.INGEST: "router.jobs.drain_inbound",
    Bell.SEND: "router.jobs.send_due",
    Bell.CLOCKS: "router.jobs.sweep",
    Bell.BULK: "router.jobs.bulk",
}
# Seconds a job may take before its worker ends it; what it had not finished is found again by the next one.
TIMEOUTS = {Bell.INGEST: 180, Bell.SEND: 300, Bell.CLOCKS: 60, Bell.BULK: 3600}


def connect(url: str) -> Redis:
    """A client that gives up quickly: a desk without its queue must go on."""
    return Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5, max_connections=50)


class Bells:
    """Rings, and tells browsers that something changed. Without a queue it does nothing and says so."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def redis(self) -> Redis:
        return connect(self.url)

    def queue(self, bell: Bell) -> Queue:
        return Queue(bell.value, connection=self.redis, serializer=JSONSerializer, default_timeout=TIMEOUTS[bell])

    def ring(self, bell: Bell, *args: Any) -> bool:
        """Queue the job of `bell`. False when the queue is away: the beat looks for the work itself then."""
        if not self.url:
            return False
        try:
            if args or self.redis.set(_mark(bell), 1, nx=True, ex=_MARK_SECONDS):
                self.queue(bell).enqueue(JOBS[bell], *args, result_ttl=0, failure_ttl=7 * 86400)
        except RedisError as error:
            log.warning("queue is away", extra={"bell": bell.value, "error": type(error).__name__})
            return False
        return True

    def answered(self, bell: Bell) -> None:
        """A job of `bell` starts to look: the next ring is queued again."""
        try:
            self.redis.delete(_mark(bell))
        except RedisError:
            log.warning("queue is away", extra={"bell": bell.value})

    def answers(self) -> bool:
        """Is the queue there just now?"""
        try:
            return bool(self.url) and bool(self.redis.ping())
        except RedisError:
            return False

    def subscription(self) -> PubSub:
        """For one listener a process. Raises RedisError when it is used while the queue is away."""
        subscription: PubSub = self.redis.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        return subscription

    def announce(self) -> None:
        """Wake the browsers: they read what changed from the database."""
        if not self.url:
            return
        try:
            self.redis.publish(CHANGES_CHANNEL, "1")
        except RedisError:
            log.warning("queue is away", extra={"bell": "announce"})


def _mark(bell: Bell) -> str:
    return f"switchboard:bell:{bell.value}"

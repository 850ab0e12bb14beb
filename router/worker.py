"""One worker process, one queue.

A worker on several queues loses the job that it has popped when it is killed (BLPOP); on one queue RQ moves the job
atomically, and it is recovered. Mail from outside is read in a forked child with bounded memory, which may hang or die;
the other jobs are ours and short, and run in the worker itself, at a ninth of the cost.
"""

from __future__ import annotations

import contextlib
import logging
import resource
from typing import Any

from rq import SimpleWorker, Worker
from rq.serializers import JSONSerializer

from router import jobs
from router.bells import Bell
from router.context import App

log = logging.getLogger(__name__)

# What reading one mail may take on top of what the process has already (rule M10).
READER_BYTES = 768 * 2**20


class ReaderWorker(Worker):
    """Forks a child for each job; the child may not take more memory than a mail deserves."""

    def main_work_horse(self, *args: Any, **kwargs: Any) -> None:
        with contextlib.suppress(OSError, ValueError):
            bound_memory(READER_BYTES)
        super().main_work_horse(*args, **kwargs)


def run(app: App, queue: str) -> None:
    """Work on `queue` until SIGTERM, then finish the job at hand."""
    jobs.serve(app)
    bell = Bell(queue)
    kind = ReaderWorker if bell is Bell.INGEST else SimpleWorker
    worker = kind(
        [app.bells.queue(bell)],
        connection=app.bells.redis,
        serializer=JSONSerializer,
        # The stock values look after a killed worker's job only minutes later.
        worker_ttl=30,
        maintenance_interval=10,
        job_monitoring_interval=5,
    )
    worker.work(logging_level="WARNING")


def bound_memory(more: int) -> None:
    """Let this process grow by `more` bytes at the most."""
    with open("/proc/self/statm", encoding="ascii") as file:
        mapped = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, mapped + more))

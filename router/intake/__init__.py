"""From a raw item to a decided ticket: record, claim, understand, accept."""

from router.intake.drain import Counts, drain, drain_batch, release_claims
from router.intake.record import record

__all__ = ["Counts", "drain", "drain_batch", "record", "release_claims"]

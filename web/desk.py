"""The desk behind the running request."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask import current_app, g

from router.context import App, utc_now


def desk() -> App:
    """What create_app was given."""
    return cast("App", current_app.extensions["switchboard"])


def now() -> datetime:
    """One moment for the whole request."""
    if "now" not in g:
        g.now = utc_now()
    return cast("datetime", g.now)

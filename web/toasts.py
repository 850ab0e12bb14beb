"""One sentence about what was just done, with the way back: after a redirect, or on a fragment's answer."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, get_flashed_messages
from werkzeug.wrappers import Response


def say(text: str, *, undo: str = "", fields: dict[str, str] | None = None, danger: bool = False) -> None:
    """Show `text` on the next page. `undo` is a path that takes a POST with `fields` and takes it back."""
    flash(_toast(text, undo, fields, danger))  # type: ignore[arg-type]


def trigger(
    response: Response, text: str, *, undo: str = "", fields: dict[str, str] | None = None, danger: bool = False
) -> Response:
    """Show `text` when this fragment arrives (htmx raises the event `toast`)."""
    # ASCII only: a header carries nothing else, and json escapes the rest.
    response.headers["HX-Trigger"] = json.dumps({"toast": _toast(text, undo, fields, danger)})
    return response


def waiting() -> list[dict[str, Any]]:
    """What the page that is being made should show."""
    return list(get_flashed_messages())  # type: ignore[arg-type]


def _toast(text: str, undo: str, fields: dict[str, str] | None, danger: bool) -> dict[str, Any]:
    return {"text": str(text), "undo": undo, "fields": fields or {}, "danger": danger}

"""Words in the reader's language, as plain strings."""

from __future__ import annotations

import flask_babel


def gettext(text: str, **values: object) -> str:
    """`text` in the reader's language, with `values` put in."""
    return str(flask_babel.gettext(text, **values))

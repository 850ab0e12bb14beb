"""All parts of the design system on one page, for whoever builds the next one."""

from __future__ import annotations

from flask import Blueprint, render_template

from router.permissions import Action
from web.guard import needs

pages = Blueprint("styleguide", __name__)


@pages.get("/styleguide")
@needs(Action.READ_STYLES)
def index() -> str:
    return render_template("styleguide.html")

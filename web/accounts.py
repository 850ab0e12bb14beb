"""The ways in and out, and how each is doing."""

from __future__ import annotations

from flask import Blueprint, render_template

from router import gauges
from router.permissions import Action
from web.desk import desk
from web.guard import needs

pages = Blueprint("accounts", __name__)


@pages.get("/accounts")
@needs(Action.READ_ACCOUNTS)
def index() -> str:
    with desk().db.read() as session:
        states = gauges.accounts(session)
    settings = {account.name: account for account in desk().config.accounts}
    return render_template(
        "accounts.html", states=states, settings=settings, smtp_listen=desk().config.settings.smtp_listen
    )

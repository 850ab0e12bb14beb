"""The first page: to the inbox, or on an empty desk what one could do next."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from router import gauges
from router.bells import Bell
from router.demo import load as sample
from router.permissions import Action
from web import toasts
from web.desk import desk
from web.guard import needs
from web.outbox import accounts_that_send
from web.rendering import view_path

pages = Blueprint("welcome", __name__)


@pages.get("/")
@needs(Action.READ_TICKETS)
def index() -> Response | str:
    with desk().db.read() as session:
        if gauges.has_tickets(session):
            return redirect(view_path("open"))
    config = desk().config
    return render_template(
        "welcome.html", accounts=config.accounts, smtp_listen=config.settings.smtp_listen, sends=accounts_that_send()
    )


@pages.post("/welcome/sample")
@needs(Action.LOAD_SAMPLE)
def load_sample() -> Response:
    """Load the sample desk: by the queue where there is one, so that this answer need not wait."""
    with desk().db.read() as session:
        used = gauges.has_tickets(session)
    if used:
        # Sample customers among real ones would be hard to tell apart, and harder to get rid of.
        toasts.say(_("This desk has tickets already, so the sample desk was not loaded."), danger=True)
        return redirect(view_path("open"), 303)
    if accounts_that_send():
        toasts.say(
            _("An outgoing server is set, so the sample's answers would really be sent. Nothing was loaded."),
            danger=True,
        )
        return redirect("/", 303)
    if desk().bells.ring(Bell.BULK, sample.TASK):
        toasts.say(_("The sample desk is on its way: its tickets appear here by themselves."))
    else:
        sample.load(desk())
        toasts.say(_("The sample desk is loaded."))
    return redirect(view_path("open"), 303)

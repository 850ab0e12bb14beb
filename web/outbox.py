"""Mail that was kept in the outbox folder because no outgoing server is set: a list, and each one as it would look."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, Response, abort, render_template, request, send_file

from router import kept_mail
from router.kept_mail import OpenedMail
from router.permissions import Action
from web import security
from web.desk import desk
from web.guard import needs

pages = Blueprint("outbox", __name__)


@pages.get("/outbox")
@needs(Action.READ_OUTBOX)
def index() -> str:
    mails, older = kept_mail.page(desk().config.outbox_dir, before=request.args.get("before", type=float))
    return render_template("outbox.html", mails=mails, older=older, sends=accounts_that_send())


@pages.get("/outbox/<name>")
@needs(Action.READ_OUTBOX)
def mail(name: str) -> str:
    return render_template("outbox_mail.html", opened=_opened(name))


@pages.get("/outbox/<name>/html")
@needs(Action.READ_OUTBOX)
def html(name: str) -> Response:
    """The mail's own document, for the sandboxed frame of the page above. It loads nothing, not even from us."""
    answer = Response(_opened(name).html, content_type="text/html; charset=utf-8")
    security.frame(answer, images="data:")
    return answer


@pages.get("/outbox/<name>/source")
@needs(Action.READ_OUTBOX)
def source(name: str) -> Response:
    raw = BytesIO(_opened(name).raw)
    return send_file(raw, mimetype="application/octet-stream", as_attachment=True, download_name=f"{name}.eml")


def _opened(name: str) -> OpenedMail:
    opened = kept_mail.get(desk().config.outbox_dir, name)
    if opened is None:
        abort(404)
    return opened


def accounts_that_send() -> list[str]:
    """Accounts with an outgoing server: their mail is not here."""
    return [account.name for account in desk().config.accounts if getattr(account.settings, "smtp", None)]

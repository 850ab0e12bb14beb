"""What customers send, shown so that it can do nothing: HTML in a frame of its own, files as downloads.

Three walls stand around a mail's HTML: the sanitiser before it was stored, the frame's sandbox, and the frame's policy.
"""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from flask import Blueprint, Response, abort, render_template, request, send_file, url_for
from sqlalchemy import select
from sqlmodel import Session, col

from router.models import Attachment, Message, Ticket
from router.permissions import Action
from web import letters
from web.desk import desk
from web.guard import needs, require

pages = Blueprint("messages", __name__)

# No scripts: with them `allow-same-origin` would open the sandbox. Without them it only lets inline images carry the
# session's cookie, and the page around measure how high the letter is.
_SANDBOX = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox"
_INLINE_TYPES = letters.SAFE_IMAGES


@pages.get("/messages/<int:message_id>/frame")
@needs(Action.READ_TICKETS)
def frame(message_id: int) -> Response:
    """One mail as a document that runs nothing; `?images=1` lets it load its remote images."""
    images = request.args.get("images") == "1"
    with desk().db.read() as session:
        message = _message(session, message_id)
        addresses = _image_addresses(session, message_id)
    html = letters.without_plain_ink(letters.with_inline_images(message.html or "", addresses))
    if images:
        html = letters.with_remote_images(html)
    page = render_template("inbox/frame.html", html=html, white=letters.brings_own_colours(html))
    return _fenced(Response(page), images)


@pages.get("/attachments/<int:attachment_id>/<path:name>")
@needs(Action.READ_TICKETS)
def attachment(attachment_id: int, name: str) -> Response:
    """A file that came with a message. The name in the address is only for the reader."""
    del name
    with desk().db.read() as session:
        found = session.get(Attachment, attachment_id) or abort(404)
        _message(session, found.message_id)
    inline = found.sniffed_type in _INLINE_TYPES and "download" not in request.args
    path = desk().files.path(found.key)
    if not path.is_file():
        abort(404)
    # Types that are not shown are not named either: no browser can be talked into opening them.
    kind = found.sniffed_type if inline else "application/octet-stream"
    response = send_file(path, mimetype=kind, conditional=True, etag=found.sha256, last_modified=None)
    response.headers["Content-Disposition"] = _disposition("inline" if inline else "attachment", found.filename)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def attachment_path(found: Attachment) -> str:
    return url_for("messages.attachment", attachment_id=found.id, name=_address_name(found.filename))


def _message(session: Session, message_id: int) -> Message:
    message = session.get(Message, message_id) or abort(404)
    require(Action.READ_TICKETS, session.get_one(Ticket, message.ticket_id))
    return message


def _image_addresses(session: Session, message_id: int) -> dict[int, str]:
    found = session.execute(select(Attachment).where(col(Attachment.message_id) == message_id)).scalars()
    return {each.position: attachment_path(each) for each in found if each.sniffed_type in _INLINE_TYPES}


def _fenced(response: Response, images: bool) -> Response:
    sources = "'self' data: https:" if images else "'self' data:"
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src {sources}; style-src 'self' 'unsafe-inline'; form-action 'none'; "
        f"base-uri 'none'; frame-ancestors 'self'; {_SANDBOX}"
    )
    # Whoever serves the images learns neither the desk's address nor the ticket.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _address_name(filename: str) -> str:
    """A name that is safe as the last part of an address: no slash that would make it two."""
    return PurePath(filename.replace("\\", "/")).name.replace("..", ".") or "file"


def _disposition(how: str, filename: str) -> str:
    """RFC 6266: a plain name for old readers, the true one in UTF-8."""
    plain = "".join(c if 32 <= ord(c) < 127 and c not in '"\\%/' else "_" for c in filename) or "file"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"

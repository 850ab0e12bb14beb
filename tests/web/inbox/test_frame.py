"""What customers send is shown so that it can do nothing."""

from __future__ import annotations

import pytest
from services.letters import letter
from sqlmodel import select

from router.context import App
from router.models import Attachment, Message
from web import letters

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
HTML_FILE = b"<html><script>alert(1)</script></html>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.fixture
def html_mail(deliver, small_desk: App):
    def make(html: str) -> int:
        deliver(letter("plain", html=html))
        with small_desk.db.read() as session:
            return next(m.id for m in session.exec(select(Message)) if m.html)

    return make


def attachments(app: App) -> dict[str, Attachment]:
    with app.db.read() as session:
        return {a.filename: a for a in session.exec(select(Attachment))}


def policy(answer) -> dict[str, str]:
    pairs = (part.strip().partition(" ") for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in pairs}


def test_the_frame_runs_nothing_and_is_framed_only_by_us(agent, html_mail) -> None:
    answer = agent.get(f"/messages/{html_mail('<p>Hello</p>')}/frame")
    rules = policy(answer)
    assert rules["default-src"] == "'none'"
    assert "script-src" not in rules
    assert rules["img-src"] == "'self' data:"
    assert rules["frame-ancestors"] == "'self'"
    assert rules["form-action"] == rules["base-uri"] == "'none'"
    assert "allow-scripts" not in rules["sandbox"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_remote_images_come_only_when_asked_for(agent, html_mail) -> None:
    message = html_mail('<p>News <img src="https://tracker.example.net/pixel.gif" alt="logo"></p>')
    before, after = agent.get(f"/messages/{message}/frame"), agent.get(f"/messages/{message}/frame?images=1")
    assert ' src="https://tracker' not in before.text
    assert ' src="https://tracker.example.net/pixel.gif"' in after.text
    assert policy(after)["img-src"] == "'self' data: https:"


def test_an_inline_image_is_shown_from_our_own_store(agent, small_desk: App) -> None:
    html = '<p><img src="cid:0"><img src="cid:7"></p>'
    assert (
        letters.with_inline_images(html, {0: "/attachments/5/a.png"}) == '<p><img src="/attachments/5/a.png"><img ></p>'
    )


@pytest.mark.parametrize(
    ("html", "white"),
    [
        ("<p>plain</p>", False),
        ('<p style="color:#000000;font-size:14px">usual</p>', False),
        ('<p style="color: rgb(0, 0, 0);">usual</p>', False),
        ('<hr color="#b5c4df">', False),
        ('<p style="color:#c00">red</p>', True),
        ('<td style="background-color:#fff">x</td>', True),
        ('<td bgcolor="#ffffff">x</td>', True),
        ('<font size="2" color="blue">x</font>', True),
    ],
)
def test_only_a_mail_with_colours_of_its_own_gets_white_paper(html: str, white: bool) -> None:
    assert letters.brings_own_colours(letters.without_plain_ink(html)) is white


def test_files_are_downloads_that_no_browser_opens(agent, deliver, small_desk: App) -> None:
    files = (
        ("page.html", "text/html", HTML_FILE),
        ("drawing.svg", "image/svg+xml", SVG),
        ("paper.pdf", "application/pdf", b"%PDF-1.7"),
    )
    deliver(letter("see the files", attachments=files))
    for name, found in attachments(small_desk).items():
        answer = agent.get(f"/attachments/{found.id}/{name}", buffered=True)
        assert answer.headers["Content-Disposition"].startswith("attachment"), name
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_picture_is_shown_by_its_bytes_not_by_its_word(agent, deliver, small_desk: App) -> None:
    deliver(letter("see", attachments=(("photo.png", "image/png", PNG), ("trick.png", "image/png", HTML_FILE))))
    found = attachments(small_desk)
    true, false = (agent.get(f"/attachments/{found[n].id}/{n}", buffered=True) for n in ("photo.png", "trick.png"))
    assert (true.headers["Content-Type"], true.headers["Content-Disposition"][:6]) == ("image/png", "inline")
    assert false.headers["Content-Type"] == "application/octet-stream"
    assert false.headers["Content-Disposition"].startswith("attachment")


def test_a_file_keeps_its_name_in_any_script(agent, deliver, small_desk: App) -> None:
    deliver(letter("see", attachments=(("转账凭证.pdf", "application/pdf", b"%PDF-1.7"),)))
    found = attachments(small_desk)["转账凭证.pdf"]
    answer = agent.get(f"/attachments/{found.id}/x", buffered=True)
    assert "filename*=UTF-8''%E8%BD%AC%E8%B4%A6%E5%87%AD%E8%AF%81.pdf" in answer.headers["Content-Disposition"]


def test_nobody_reads_mail_or_files_without_signing_in(anonymous, agent, html_mail, deliver, small_desk: App) -> None:
    message = html_mail("<p>secret</p>")
    deliver(letter("see", sender="b@two.example.com", attachments=(("a.pdf", "application/pdf", b"%PDF-1.7 secret"),)))
    found = attachments(small_desk)["a.pdf"]
    for path in (f"/messages/{message}/frame", f"/attachments/{found.id}/a.pdf"):
        answer = anonymous.get(path)
        assert answer.status_code == 302
        assert b"secret" not in answer.data
    assert agent.get("/messages/4096/frame").status_code == agent.get("/attachments/4096/a").status_code == 404

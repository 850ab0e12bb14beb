"""Hostile words in every field that comes from outside: they are shown as words, on the page and in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from services.letters import letter

PAYLOADS = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror=window.hit=1>',
    "'><svg onload=window.hit=1>",
    "<iframe srcdoc='<script>parent.hit=1</script>'>",
    '" onfocus=window.hit=1 autofocus x="',
    "{{ 7*7 }}{% raw %}",
    "javascript:window.hit=1",
    "</textarea></title></select><script>window.hit=1</script>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hit=1>",
    "\u202e<b onmouseover=window.hit=1>",
)
HTML_PAYLOADS = (
    "<img src=x onerror=parent.hit=1>",
    "<a href='javascript:parent.hit=1'>click</a>",
    "<form action=https://evil.example.net><input name=q autofocus onfocus=parent.hit=1></form>",
    "<style>@import 'https://evil.example.net/x.css'; body{background:url(https://evil.example.net/b)}</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example.net/'>",
    "<base href=https://evil.example.net/><script src=a.js></script>",
    "<object data=https://evil.example.net/></object><embed src=https://evil.example.net/>",
    "<svg><animate onbegin=parent.hit=1 attributeName=x></svg>",
    "<noscript><p title='</noscript><img src=x onerror=parent.hit=1>'></noscript>",
    "<div style='position:fixed;inset:0;background:url(https://evil.example.net/p)'>over</div>",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_words_are_escaped_on_the_page(agent, deliver, payload: str) -> None:
    one_line = payload.replace("\n", " ")
    ref = deliver(
        letter(
            f"{payload}\nhttps://example.com/{payload}",
            sender=f'"{one_line.replace(chr(34), chr(39))}" <mallory@mail.example.com>',
            subject=one_line,
            attachments=((one_line.replace("/", "_") + ".txt", "text/plain", b"x"),),
        )
    )[0]
    agent.post(f"/tickets/{ref}/tags", {"tag": payload[:64]})
    agent.post(f"/tickets/{ref}/messages", {"kind": "note", "text": payload, "client_key": payload})
    for path in (f"/tickets/{ref}", "/inbox/open", f"/tickets/{ref}/pane"):
        html = agent.get(path).text
        assert "hit=1</script>" not in html
        for tag in ("<img src=x", "<svg onload", "<iframe srcdoc", "<math>", "<b onmouseover", '" onfocus=window'):
            assert tag not in html
        assert "49{%" not in html


def test_nothing_runs_and_nothing_is_fetched_in_a_real_browser(open_desk) -> None:
    refs = [
        open_desk.deliver(letter(text, subject=text[:60], html=html, sender=f"m{n}@mail{n}.example.com"))[0]
        for n, (text, html) in enumerate(zip(PAYLOADS, HTML_PAYLOADS, strict=True))
    ]
    page: Page = open_desk.visit("/inbox/open")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    for ref in refs:
        page.goto(f"{open_desk.address}/tickets/{ref}")
        page.wait_for_selector("#subject")
        for frame in page.frames[1:]:
            frame.wait_for_load_state()
        assert page.evaluate("window.hit") is None, ref
        assert page.url.startswith(open_desk.address)
    assert [url for url in asked if "evil.example.net" in url] == []

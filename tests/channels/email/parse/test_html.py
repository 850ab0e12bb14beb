"""M4 and Q2: nothing runs, nothing loads, and the history is folded."""

# ruff: noqa: E501 - a mail is one string, and a table of mails stays a table

from __future__ import annotations

import re

import pytest

from channels.email import html_text
from channels.email.sanitize import sanitize, too_much
from tests.channels.email.parse.mails import answer, letter, understand

HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<math><mtext></p><style><img src onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#x09;script:alert(1)'>x</a>", "<a href='data:text/html,<script>'>x</a>", "<iframe src='https://evil.test'></iframe>", "<form action='https://evil.test'><input name=a><button>b</button></form>",
    "<meta http-equiv=refresh content='0;url=https://evil.test'>", "<link rel=stylesheet href='https://evil.test'>", "<base href='https://evil.test'>", "<style>@import 'https://evil.test'</style>",
    "<div style=\"background:url('https://evil.test/x')\">x</div>", "<div style='background-image:u&#114;l(https://evil.test)'>x</div>", "<p style='color:red;list-style-image:url(//evil.test)'>x</p>", "<p style='color:url(https://evil.test/c)'>x</p>", "<p style='border-image:url(https://evil.test/a) 1'>x</p>",
    "<img src='https://evil.test/t.gif'>", "<img src=//evil.test/t.gif>", "<img srcset='https://evil.test/t.gif 2x'>", "<IMG/SRC=https://evil.test/t.gif>", "<img\nsrc\n=\n'https://evil.test/t.gif'>", "<picture><source srcset='https://evil.test/a'></picture>",
    "<video src='https://evil.test/v' poster='https://evil.test/p'></video>", "<audio src='https://evil.test/v'></audio>", "<table background='https://evil.test/b'><tr><td background='https://evil.test/b'>x</table>", "<body background='https://evil.test/b'>x",
    "<object data='https://evil.test'></object>", "<embed src='https://evil.test'>", "<input type=image src='https://evil.test'>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<div style='position:fixed;top:0'>x</div>",
    "<scr<script>ipt>alert(1)</script>", "<img src='cid:1' onload='x'>", "<img src='cid:1/../../x'>", "<a href='cid:1'>x</a>", "<p onclick=alert(1) onmouseover='x'>y</p>", "<details open ontoggle=alert(1)>x</details>", "<a target=_top href='https://ok.example'>x</a>",
    "<img data-remote-src='javascript:alert(1)' src=x>", "<img data-remote-src='https://evil.test/a' src='https://evil.test/b'>", "<template><img src=x onerror=alert(1)></template>", "<x-y onfocus=alert(1) tabindex=1 autofocus>z</x-y>", "<img usemap=#m src=x><map name=m><area href='javascript:x'></map>",
]  # fmt: skip
TAG = re.compile(r"<([a-zA-Z][\w-]*)((?:\s+[\w-]+(?:=\"[^\"]*\")?)*)\s*/?>")
RUNS = re.compile(
    r"<(?:script|style|iframe|object|embed|form|input|meta|link|base|svg|math|video|audio|source|template)\b",
    re.IGNORECASE,
)


def harmless(html: str) -> bool:
    """Read as a browser would: no element that acts, no handler, no source but our own parts, no style that loads."""
    if RUNS.search(html):
        return False
    for _, attributes in TAG.findall(html):
        for name, value in re.findall(r"([\w-]+)=\"([^\"]*)\"", attributes):
            if name.startswith("on") or name in {"srcset", "background", "poster", "target", "srcdoc"}:
                return False
            if name == "src" and not re.fullmatch(r"cid:\d+", value):
                return False
            if name in {"href", "data-remote-src"} and not re.match(r"(?:https?:)?//|mailto:|tel:", value):
                return False
            if name == "style" and ("url" in value or "position" in value):
                return False
    return True


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_hostile_survives(html: str) -> None:
    assert harmless(sanitize(html)), sanitize(html)
    shown = understand(letter("x" * 700, html=f"<p>before</p>{html}<p>after</p>")).html
    assert shown is not None
    assert harmless(shown), shown


def test_formatting_and_links_survive() -> None:
    html = '<p style="color:red">Dear <b>Ana</b>, <a href="https://ok.example/?a=1">see</a></p><table><tr><td colspan="2">x</td></tr></table>'
    clean = sanitize(html)
    for kept in (
        "<b>Ana</b>",
        'href="https://ok.example/?a=1"',
        "color:red",
        'colspan="2"',
        'rel="noopener noreferrer nofollow"',
    ):
        assert kept in clean


def test_remote_images_keep_their_address_aside_and_are_said() -> None:
    parsed = understand(
        letter("x" * 700, html='<p>x<img src="https://shop.example/logo.png?a=1&amp;b=2" width="10"></p>')
    )
    assert 'data-remote-src="https://shop.example/logo.png?a=1&amp;b=2"' in (parsed.html or "")
    assert " src=" not in (parsed.html or "")
    assert parsed.remote_content


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 5000,
        "x" * (3 * 2**20),
        "<a href='https://x.example'>y</a>" * 6000,
        "".join(f"<font size={n}>" for n in range(5000)),
        "<p " + " ".join(f"a{n}=1" for n in range(20000)) + ">",
        "&" * 200_000,
    ],
    ids=["deep", "long", "links", "open", "attributes", "references"],
)
def test_html_that_is_too_much_is_shown_as_text(html: str) -> None:
    assert too_much(html)
    parsed = understand(
        letter("", html=f"<p>words &amp; more</p>{html}").replace(
            b"Content-Type: text/plain", b"Content-Type: application/x-none"
        )
    )
    assert parsed.html is None
    assert "html-too-large" in parsed.notices
    assert "words & more" in parsed.text


def test_text_of_html_keeps_its_lines() -> None:
    html = "<div>one<br>two</div><div>three &amp; four</div><ul><li>five</li></ul><table><tr><td>six</td><td>seven</td></tr></table>"
    assert html_text.text_of(html).split() == ["one", "two", "three", "&", "four", "five", "six", "seven"]
    assert html_text.text_of("<div>one<br>two</div><div>three</div>") == "one\ntwo\nthree"


QUOTES = [
    '<div class="gmail_quote"><div class="gmail_attr">On Mon Ana wrote:<br></div><blockquote class="gmail_quote">old</blockquote></div>', '<div class="gmail_quote gmail_quote_container">old</div>', '<blockquote type="cite">old</blockquote>',
    '<hr><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> Ana</div><div>old</div>', '<div id="appendonsend"></div><hr><div>old</div>', '<div id="x_divRplyFwdMsg">x</div><p>old</p>',
    '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>From: Ana</p></div></div><p>old</p>', '<div style="border:none;border-top:solid #B5C4DF 1.0pt"><p>x</p></div><p>old</p>', '<hr id="stopSpelling"><p>old</p>',
    '<div class="yahoo_quoted" id="yahoo_quoted_1">old</div>', '<div id="ydp1yahoo_quoted_2">old</div>', '<div class="moz-cite-prefix">On Mon Ana wrote:</div><blockquote cite="mid:x">old</blockquote>', '<div class="protonmail_quote">old</div>',
    '<div class="zmail_extra">old</div>', '<span id="OLK_SRC_BODY_SECTION">old</span>', '<div id="mail-editor-reference-message-container">old</div>', '<blockquote id="isReplyContent">old</blockquote>', "<includetail>old</includetail>",
    '<div class="ntes-mailmaster-quote">old</div>', '<blockquote class="tutanota_quote">old</blockquote>', '<div name="quote">old</div>', "<div><div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>发件人: x</div></div><div>old</div>",
    "<p><b>From:</b> Ana &lt;ana@example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Us</p><p>old</p>", "<p><b><span>发件人:</span></b> Ana<br><b>发送时间:</b> 2023<br></p><p>old</p>",
]  # fmt: skip


@pytest.mark.parametrize("quote", QUOTES)
def test_the_history_of_every_known_client_is_folded_and_cut(quote: str) -> None:
    raw = answer("x", html=f"<div>My new words</div>{quote}").replace(
        b"Content-Type: text/plain", b"Content-Type: application/x-none"
    )
    parsed = understand(raw)
    head, fold, tail = (parsed.html or "").partition('<details class="quoted"><summary>···</summary>')
    assert fold
    assert "My new words" in head
    assert "old" in tail
    assert tail.rstrip().endswith("</details>")
    assert parsed.new_text == "My new words"


def test_an_answer_below_the_quote_stays_outside_the_fold() -> None:
    parsed = understand(
        answer("x", html="<blockquote type=cite>old <blockquote>older</blockquote></blockquote><p>Below</p>").replace(
            b"text/plain", b"application/x-none"
        )
    )
    assert (parsed.html or "").endswith("</details><p>Below</p>\n")
    assert parsed.new_text == "Below"


def test_a_forward_is_not_folded() -> None:
    parsed = understand(letter("see", html='<p>see</p><div class="gmail_quote">passed on</div>', subject="Fwd: x"))
    assert "<details" not in (parsed.html or "")


def test_a_quotation_in_a_letter_is_no_history() -> None:
    assert "<details" not in (
        understand(letter("x", html="<p>He said</p><blockquote>to be</blockquote><p>or not</p>")).html or ""
    )

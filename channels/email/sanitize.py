"""HTML from strangers made harmless: an allow-list, nothing that runs, nothing that loads. nh3 is always the last step.

The rewriting of images before it is a convenience; what may pass is decided by nh3 and `_attribute` alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

import nh3

MAX_CHARACTERS = 2 * 2**20
MAX_LINKS = 5000
MAX_TAGS = 60_000
MAX_REFERENCES = 60_000
MAX_OPEN = 400
MAX_ATTRIBUTES = 300
_FEW_TAGS = 1200

_TAGS = set(
    "a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl"
    " dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp section"
    " small span strike strong sub summary sup table tbody td tfoot th thead tr tt u ul var wbr".split()
)
_GONE_WITH_CONTENT = set(
    "script style title noscript noframes iframe object embed applet template svg math select textarea xmp plaintext".split()
)
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "data-remote-src"},
    "font": {"color", "size", "face"},
    "table": {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
    "td": {"colspan", "rowspan", "valign", "width", "bgcolor", "nowrap"},
    "th": {"colspan", "rowspan", "valign", "width", "bgcolor", "scope"},
    "tr": {"valign", "bgcolor"},
    "col": {"span", "width"},
    "ol": {"start", "type"},
    "ul": {"type"},
    "hr": {"size", "width", "color"},
}
# Nothing here can load, move or cover anything: no position, no background image, no float, no display.
_STYLES = set(
    "color background-color font-family font-size font-style font-weight text-align text-decoration text-indent"
    " line-height letter-spacing white-space vertical-align direction width max-width height border border-collapse"
    " border-spacing border-color border-style border-width border-top border-right border-bottom border-left padding"
    " padding-top padding-right padding-bottom padding-left margin margin-top margin-right margin-bottom margin-left".split()
)
_SCHEMES = {"http", "https", "mailto", "tel"}
_LOADING = re.compile(r"url|image|expression|@import|\\|/\*", re.IGNORECASE)
# Without any of these in the source no attribute needs a look of our own: no image, no style that could name a resource,
# no character reference that could hide one. Half of all mails; the look costs a call for each attribute.
_NEEDS_A_LOOK = ("<img", "url", "image", "expression", "\\", "/*", "&#", "data-remote")
_CID = re.compile(r"cid:\d{1,4}")
_REMOTE = re.compile(r"(?:https?:)?//[^\s\"'<>]{1,4000}", re.IGNORECASE)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^>]*)")
_IMAGE = re.compile(r"<img\b[^>]*>?", re.IGNORECASE)
_SOURCE = re.compile(r"([\s\"'/])(src|data-remote-src)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.IGNORECASE)
_VOID = frozenset({"br", "img", "hr", "input", "meta", "link", "col", "wbr", "area", "base"})
Resolve = Callable[[str], str]


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """The last word on one attribute: its value, or None to drop it."""
    if name == "style":
        return None if len(value) > 2000 or _LOADING.search(value) else value
    if name == "src":
        return value if _CID.fullmatch(value) else None
    if name == "data-remote-src":
        return value if _REMOTE.fullmatch(value) else None
    if name == "href" and value[:4].lower() == "cid:":
        return None
    return value


def _cleaner(
    attributes: dict[str, set[str]], schemes: set[str], look: Callable[[str, str, str], str | None] | None
) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_GONE_WITH_CONTENT,
        attributes=attributes,
        attribute_filter=look,
        url_schemes=schemes,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        filter_style_properties=_STYLES,
    )


_LOOKING = _cleaner(_ATTRIBUTES, _SCHEMES | {"cid"}, _attribute)
_PLAIN = _cleaner({tag: names for tag, names in _ATTRIBUTES.items() if tag != "img"}, _SCHEMES, None)


def sanitize(source: str) -> str:
    """Harmless HTML with the same words. Images keep a `src` only if it is `cid:` and a number.

    Refuse what `too_much` says is too much before: cleaning is not linear in the depth of nesting."""
    low = source.lower()
    looking = any(hint in low for hint in _NEEDS_A_LOOK)
    return (_LOOKING if looking else _PLAIN).clean(source)


def too_much(source: str) -> bool:
    """Too long, too many links or tags, nested so deep or with so many attributes that cleaning would take seconds."""
    if len(source) > MAX_CHARACTERS:
        return True
    tags = source.count("<")
    if tags <= _FEW_TAGS and len(source) <= 64 * 1024:
        return False
    if tags > MAX_TAGS or source.count("&") > MAX_REFERENCES:
        return True
    return source.lower().count("<a ") > MAX_LINKS or _too_deep(source)


def _too_deep(source: str) -> bool:
    """More tags open at once than any letter needs, or a tag with hundreds of attributes."""
    opened: Counter[str] = Counter()
    total = 0
    for closing, name, attributes in _TAG.findall(source):
        low = name.lower()
        if attributes.count("=") > MAX_ATTRIBUTES or len(attributes.split(None, 1500)) > 1500:
            return True
        if closing:
            total -= 1 if opened[low] else 0
            opened[low] = max(opened[low] - 1, 0)
        elif low not in _VOID:
            opened[low] += 1
            total += 1
        if total > MAX_OPEN and low not in {"p", "li", "td", "tr"} and total - _implied(opened) > MAX_OPEN:
            return True
    return False


def _implied(opened: Counter[str]) -> int:
    """Tags that the next of their kind closes by itself: leaving their ends out is good HTML."""
    return sum(opened[name] for name in ("p", "li", "td", "tr", "th", "dt", "dd", "option"))


def rewrite_images(source: str, resolve: Resolve) -> tuple[str, bool]:
    """Point images at parts of the mail (`resolve` gives `cid:N` or empty), and remote ones nowhere.

    Returns the HTML and whether it wanted anything from outside."""
    remote = False

    def image(found: re.Match[str]) -> str:
        nonlocal remote
        tag, wants = _rewritten(found[0], resolve)
        remote = remote or wants
        return tag

    return _IMAGE.sub(image, source), remote


def _rewritten(tag: str, resolve: Resolve) -> tuple[str, bool]:
    found = _SOURCE.search(tag)
    if not found:
        return tag, False
    value = found[3].strip("\"' \t\r\n")
    inside = resolve(value)
    if inside:
        kept = f'src="{inside}"'
    elif _REMOTE.fullmatch(value.replace("&amp;", "&")):
        kept = f'data-remote-src="{value}"'
    else:
        kept = ""
    return tag[: found.start()] + found[1] + kept + " " + tag[found.end() :], kept.startswith("data")

"""What a stored mail needs to be shown in its frame. Pure: sanitised HTML in, HTML out that still loads nothing foreign
unless images were asked for.

The input is the sanitiser's own output, in which every attribute stands in double quotes with its quotes escaped. So a
value can be moved to another attribute as it is; parsing and writing the document anew would only invite mutations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a browser may draw inside a page of ours: by the bytes of the file, never by what the sender says.
SAFE_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})

_INLINE = re.compile(r'\bsrc="cid:(\d{1,4})"')
_REMOTE = re.compile(r'\bdata-remote-src="(https://[^"<>\s]{1,2048})"')
_STYLE = re.compile(r'\bstyle="[^"]*"', re.IGNORECASE)
# What Chinese and other mail clients write into every paragraph, meaning "as usual".
_PLAIN_INK = re.compile(
    r"(?<![-\w])color:\s*(?:#000(?:000)?|#333(?:333)?|black|windowtext|rgb\(0,\s*0,\s*0\))(?=\s*[;\"])", re.IGNORECASE
)
_OWN_COLOURS = re.compile(
    r"\b(?:bgcolor|background(?:-color)?)\s*[=:]|(?<![-\w])color:(?!\s*inherit)|<font[^<>]{0,200}\bcolor=",
    re.IGNORECASE,
)


def with_inline_images(html: str, addresses: Mapping[int, str]) -> str:
    """`cid:N` becomes the address of attachment N; an image without one loses its source."""

    def address(match: re.Match[str]) -> str:
        found = addresses.get(int(match[1]))
        return f'src="{found}"' if found else ""

    return _INLINE.sub(address, html)


def with_remote_images(html: str) -> str:
    """Images from outside get their source back. Only over TLS: the frame's policy loads nothing else."""
    return _REMOTE.sub(r'src="\1"', html)


def has_remote_images(html: str) -> bool:
    return bool(_REMOTE.search(html))


def without_plain_ink(html: str) -> str:
    """Black letters become the page's own ink, so that a simple mail can be read on dark paper too."""
    return _STYLE.sub(lambda match: _PLAIN_INK.sub("color:inherit", match[0]), html)


def brings_own_colours(html: str) -> bool:
    """Such a mail was written for white paper: on a dark page its own dark letters would vanish."""
    return bool(_OWN_COLOURS.search(html))

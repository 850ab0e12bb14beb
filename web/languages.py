"""English and Chinese. Catalogues are .po files, compiled in memory when a language is first used: nothing is written."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale

from router.models import Agent
from web.desk import desk

# What the desk speaks, with each language's own name and the word for the `lang` attribute.
LANGUAGES = {"en": ("English", "en"), "zh": ("简体中文", "zh-Hans")}
_FOLDER = Path(__file__).parent / "translations"


class _InMemory(Domain):  # type: ignore[misc]
    """Finds its catalogue among the compiled ones instead of in .mo files."""

    def get_translations(self) -> NullTranslations:
        locale = get_locale()
        return catalogue(locale.language if locale else "en")


class _Babel(Babel):  # type: ignore[misc]
    domain_instance = _InMemory()


def install(flask: Flask) -> None:
    _Babel(flask, locale_selector=language, timezone_selector=lambda: zone().key)


@lru_cache(maxsize=4)
def catalogue(language_code: str) -> NullTranslations:
    """All .po files of a language as one catalogue; English is its own."""
    merged = NullTranslations()
    for path in sorted((_FOLDER / language_code / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            compiled = BytesIO()
            write_mo(compiled, read_po(file, locale=language_code))
        compiled.seek(0)
        one = Translations(compiled)
        merged = merged.merge(one) if isinstance(merged, Translations) else one
    return merged


def language() -> str:
    """The person's choice, else the best that the browser asks for."""
    agent: Agent | None = g.get("agent")
    if agent and agent.locale in LANGUAGES:
        return agent.locale
    return request.accept_languages.best_match(list(LANGUAGES), default="en") or "en"


def lang_attribute() -> str:
    return LANGUAGES[language()][1]


def zone() -> ZoneInfo:
    """The zone that times are shown in: the person's choice, else the desk's."""
    agent: Agent | None = g.get("agent")
    chosen = str(agent.preferences.get("zone", "")) if agent else ""
    return known_zone(chosen) or desk_zone()


def desk_zone() -> ZoneInfo:
    """The zone of the calendar that promises are counted in, unless a rule says otherwise."""
    if "desk_zone" not in g:
        g.desk_zone = _rulebook_zone() or ZoneInfo("UTC")
    found: ZoneInfo = g.desk_zone
    return found


def known_zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _rulebook_zone() -> ZoneInfo | None:
    app = desk()
    try:
        with app.db.read() as session:
            book = app.rulebooks.current(session)
    except LookupError:
        return None
    return known_zone(book.calendars[book.clocks[book.default_clock].calendar].zone)

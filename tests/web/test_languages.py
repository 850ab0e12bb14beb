"""Everything that the pages say exists in English and in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import gettext

from web import languages

WEB = Path(languages.__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")
CATALOGUES = sorted((WEB / "translations" / "zh" / "LC_MESSAGES").glob("*.po"))


def said() -> dict[str, str]:
    """Every message of the sources, with the file that says it."""
    found = extract_from_dir(
        WEB,
        METHODS,
        options_map={"templates/**.html": {"trimmed": "true", "silent": "false"}},
        keywords={"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2)},
    )
    return {
        message: where
        for where, _line, messages, _comments, _context in found
        for message in (messages if isinstance(messages, tuple) else (messages,))
        if message
    }


def known() -> dict[str, str | tuple[str, ...]]:
    entries: dict[str, str | tuple[str, ...]] = {}
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in read_po(file, locale="zh"):
                if message.id:
                    singular = message.id[0] if isinstance(message.id, tuple) else message.id
                    entries[singular] = message.string
                    if isinstance(message.id, tuple):
                        entries[message.id[1]] = message.string
    return entries


def test_every_string_of_the_pages_has_its_chinese() -> None:
    chinese = known()
    missing = {text: where for text, where in said().items() if not any(chinese.get(text, ""))}
    assert not missing, "no Chinese for:\n" + "\n".join(f"{where}: {text!r}" for text, where in missing.items())


def test_the_chinese_catalogue_holds_nothing_that_no_page_says() -> None:
    left_over = set(known()) - set(said())
    assert not left_over, f"nobody says: {sorted(left_over)}"


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_a_translation_keeps_the_placeholders_of_its_original(path: Path) -> None:
    with path.open("rb") as file:
        for message in read_po(file, locale="zh"):
            if not message.id:
                continue
            original = message.id[-1] if isinstance(message.id, tuple) else message.id
            for text in message.string if isinstance(message.string, tuple) else (message.string,):
                assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(original)), original


def test_a_browser_that_asks_for_chinese_gets_it(pages: Flask) -> None:
    answer = pages.test_client().get("/sign-in", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"})
    assert 'lang="zh-Hans"' in answer.text
    assert "登录" in answer.text


def test_a_browser_that_asks_for_neither_gets_english(pages: Flask) -> None:
    assert 'lang="en"' in pages.test_client().get("/sign-in", headers={"Accept-Language": "fr"}).text


def test_the_person_s_own_choice_wins_over_the_browser(agent, pages: Flask) -> None:
    agent.post("/profile", {"name": "Linda", "locale": "zh", "theme": "", "zone": ""})
    assert 'lang="zh-Hans"' in agent.get("/profile", headers={"Accept-Language": "en"}).text


def test_catalogues_need_no_compiled_files(pages: Flask) -> None:
    assert not list(WEB.glob("translations/**/*.mo"))
    with pages.test_request_context(headers={"Accept-Language": "zh"}):
        assert gettext("Sign in") == "登录"


def test_no_two_catalogues_say_the_same_thing_differently() -> None:
    first: dict[str, str] = {}
    for path in CATALOGUES:
        with path.open("rb") as file:
            for message in read_po(file, locale="zh"):
                if message.id and isinstance(message.id, str):
                    assert first.setdefault(message.id, message.string) == message.string, message.id

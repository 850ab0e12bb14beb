"""The shell in a real browser: by keyboard, on a phone, in both colour schemes and languages, and for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from services import browser
from services.held import hold, keep
from services.people import PASSWORD, AddPerson

from router.context import App
from router.models import Role

PAGES = (
    "/",
    "/quarantine",
    "/quarantine/1",
    "/outbox",
    "/outbox/t.one@example.com",
    "/accounts",
    "/people",
    "/profile",
)
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Visit:
    """Opens pages as the manager and keeps what the browser complained about."""

    address: str
    chromium: Chromium
    complaints: list[str]

    def page(self, *, signed_in: bool = True, **options: object) -> Page:
        options.setdefault("viewport", WIDE)
        context = self.chromium.new_context(base_url=self.address, reduced_motion="reduce", **options)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto("/sign-in")
        if signed_in:
            page.fill("#email", "wang@desk.example.com")
            page.fill("#password", PASSWORD)
            page.press("#password", "Enter")
            page.wait_for_selector("#main")
        return page


@pytest.fixture
def visit(pages: Flask, small_desk: App, add_person: AddPerson, chromium: Chromium) -> Iterator[Visit]:
    add_person("wang", Role.MANAGER)
    add_person("linda")
    hold(small_desk)
    keep(small_desk)
    complaints: list[str] = []
    with browser.served(pages) as address:
        yield Visit(address, chromium, complaints)
        for context in chromium.contexts:
            context.close()
    assert not complaints


def test_one_signs_in_and_out_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.page(signed_in=False)
    page.keyboard.type("wang@desk.example.com")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator("details.menu > summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".menu-sheet")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.locator(".menu-sheet").is_hidden()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in")


def test_the_focus_is_always_to_be_seen(visit: Visit) -> None:
    page = visit.page()
    page.goto("/people")
    for _ in range(30):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
            " return e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2); })()"
        )
        assert seen, page.evaluate("document.activeElement.outerHTML")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_every_page_is_accessible(visit: Visit, scheme: str, locale: str) -> None:
    page = visit.page(color_scheme=scheme, locale=locale)
    for path in (*PAGES, "/styleguide"):
        page.goto(path)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"


@pytest.mark.parametrize("path", ["/sign-in", "/no/such/page"])
def test_the_pages_before_signing_in_are_accessible(visit: Visit, path: str) -> None:
    page = visit.page(signed_in=False)
    page.goto(path)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    visit.complaints[:] = [line for line in visit.complaints if "404" not in line]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_nothing_is_cut_or_too_small_to_touch_on_a_phone(visit: Visit, locale: str) -> None:
    page = visit.page(viewport=PHONE, locale=locale, has_touch=True, is_mobile=True)
    for path in PAGES:
        page.goto(path)
        assert not page.evaluate(TOO_WIDE), f"{path} can be moved sideways"
        assert not page.evaluate(TOO_SMALL), path


TOO_WIDE = "[document.scrollingElement, document.querySelector('#main')].some(e => e.scrollWidth > e.clientWidth)"
# Links inside a sentence are as high as their line: WCAG 2.5.8 leaves them out.
TOO_SMALL = """
[...document.querySelectorAll('button, .button, .input, summary.button, .row-link, .rail-item, .choice')]
  .filter(e => e.checkVisibility({ visibilityProperty: true }) && e.getBoundingClientRect().height < 43.5)
  .map(e => e.outerHTML)
"""


def test_the_rail_is_a_drawer_on_a_phone(visit: Visit) -> None:
    page = visit.page(viewport=PHONE)
    rail = page.locator("#rail")
    assert rail.is_hidden()
    page.get_by_role("button", name="Views and pages").click()
    assert rail.is_visible()
    page.keyboard.press("Escape")
    assert rail.is_hidden()
    page.get_by_role("button", name="Views and pages").click()
    rail.get_by_role("link", name="People").click()
    page.wait_for_url("**/people")
    assert rail.is_hidden()


def test_a_folded_rail_stays_folded(visit: Visit) -> None:
    page = visit.page()
    page.get_by_role("button", name="Fold the rail").click()
    page.goto("/people")
    box = page.locator("#rail").bounding_box()
    assert box is not None
    assert box["width"] == 56


def test_a_toast_takes_an_action_back(visit: Visit) -> None:
    page = visit.page()
    page.goto("/quarantine")
    page.get_by_role("button", name="Discard").click()
    page.get_by_text("Nothing is held").wait_for()
    page.locator(".toast").get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="The reader failed").wait_for()


def test_a_chosen_theme_beats_the_system_s(visit: Visit) -> None:
    page = visit.page(color_scheme="light")
    page.goto("/profile")
    page.get_by_label("Dark").check()
    page.get_by_role("button", name="Save the profile").click()
    page.get_by_text("Saved.").wait_for()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 25)"


def test_a_kept_mail_runs_and_loads_nothing(visit: Visit, small_desk: App) -> None:
    keep(small_desk, html="<script>top.document.title='owned'</script><p>Hello</p><img src='/favicon.ico' onerror='x'>")
    page = visit.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/outbox/t.one@example.com")
    page.frame_locator("iframe.letter").get_by_text("Hello").wait_for()
    assert "owned" not in page.title()
    frame_requests = [url for url in asked if url.endswith(("favicon.ico",))]
    assert not frame_requests
    visit.complaints[:] = [
        line for line in visit.complaints if "sandboxed" not in line and "Content Security" not in line
    ]

"""A reader in a real browser, in one language, width and light, who looks at each page: axe finds nothing, nothing is
wider than the screen, no other host is asked, the console is silent. A screenshot of each page is kept."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

from allauth.mfa.totp.internal.auth import TOTP
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from aftersales.accounts.second_factor import works_here
from aftersales.dev.code import SECRET, code
from aftersales.models import User
from aftersales.testing import PASSWORD

SHOTS = Path(settings.BASE_DIR) / "test-results" / "stories"
# What is wrong and where, and nothing else: to fetch all that axe has looked at takes its time. Contrast is nine tenths
# of its work, so it is judged once for all texts that look alike: of one size and weight, in the same colours all the
# way up.
VIOLATIONS = """async ({contrast}) => {
    const colours = new Map();
    const coloursOf = (element) => {
        if (!element) return "";
        if (!colours.has(element)) {
            const s = getComputedStyle(element);
            colours.set(element, [coloursOf(element.parentElement), s.color, s.backgroundColor, s.backgroundImage,
                s.opacity, s.position, s.textShadow].join());
        }
        return colours.get(element);
    };
    const says = (element) => element.value || element.placeholder
        || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const alike = new Map();
    for (const element of document.body.querySelectorAll("*")) {
        if (!element.checkVisibility() || !says(element)) continue;
        const s = getComputedStyle(element);
        alike.set([coloursOf(element), s.fontSize, s.fontWeight, element.matches(":disabled")].join(), element);
    }
    const found = [await axe.run(document, {
        resultTypes: ["violations"], rules: {"color-contrast": {enabled: false}},
    })];
    if (contrast && alike.size) found.push(await axe.run([...alike.values()], {
        resultTypes: ["violations"], runOnly: ["color-contrast"],
    }));
    return found.flatMap(({violations}) =>
        violations.map(({id, impact, nodes}) => [id, impact, nodes.map(({html}) => html)]));
}"""
# A refused form is a 422 on purpose, a stranger's page a 404.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@dataclass(frozen=True)
class Look:
    width: int
    language: str
    scheme: str

    def __str__(self) -> str:
        return f"{self.width}-{self.language}-{self.scheme}"


LOOKS = [Look(*choice) for choice in product((390, 1280), ("en", "zh-hans"), ("light", "dark"))]
# Every width, language and scheme once; `make stories` walks all of them.
SOME = [Look(390, "en", "light"), Look(1280, "zh-hans", "dark")]
EVERY = os.environ.get("LOOKS") == "all"
CHOSEN = LOOKS if EVERY else SOME


class Reader:
    """`page` is Playwright's; `look` judges what it shows now, `serious` only by what axe calls serious or worse: the
    admin's skin leaves lesser things, such as landmarks."""

    def __init__(self, page: Page, look: Look, story: str, *, serious: bool = False) -> None:
        self.page, self.wanted, self.story, self.serious = page, look, story, serious
        self.troubles: list[str] = []
        self.seen = 0
        page.set_default_timeout(15_000)
        page.on("console", lambda m: self.complain(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complain(str(error)))
        page.on("response", lambda r: self.complain(f"{r.status} {r.url}") if r.status >= 500 else None)
        page.on("request", lambda request: self.host(request.url))

    def complain(self, text: str) -> None:
        if not REFUSED.match(text):
            self.troubles.append(text)

    def host(self, url: str) -> None:
        """Pages ask nobody else; the payment channel's page is led to, not asked."""
        parts = urlsplit(url)
        allowed = {urlsplit(u).netloc for u in (settings.PUBLIC_URL, settings.CHANNELS["sandbox"]["url"])}
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc not in allowed:
            self.troubles.append(f"asks {url}")

    def open(self, url: str, name: str) -> None:
        self.page.goto(url)
        self.look(name)

    def look(self, name: str) -> None:
        """Judge the page as it stands and keep its picture."""
        self.seen += 1
        folder = SHOTS / str(self.wanted)
        folder.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=folder / f"{self.story}-{self.seen:02}-{name}.png", full_page=True)
        self.judge(name)

    def judge(self, name: str, *, contrast: bool = True) -> None:
        """Without a picture; `contrast` is most of what axe has to do."""
        accessible(self.page, name, serious=self.serious, contrast=contrast)
        assert self.overflow() <= 0, f"{name} is {self.overflow()} pixels too wide"
        assert self.page.get_attribute("html", "lang") == self.wanted.language
        assert not self.troubles, (name, self.troubles)

    def overflow(self) -> int:
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def accessible(page: Page, name: str = "", *, serious: bool = False, contrast: bool = True) -> None:
    """axe finds nothing to complain about, or nothing serious."""
    page.evaluate(Axe().axe_script)
    found = page.evaluate(VIOLATIONS, {"contrast": contrast})
    found = [(rule, nodes) for rule, impact, nodes in found if not serious or impact in ("serious", "critical")]
    assert not found, (name, found)


def log_in(page: Page, email: str) -> None:
    """By the form, as everybody does; whoever works here has an app, and types what it shows."""
    page.goto("/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    user = User.objects.get(email=email)
    if works_here(user):
        TOTP.activate(user, SECRET)
    page.press("[name=password]", "Enter")
    if works_here(user):
        page.fill("[name=code]", code(SECRET, time.time()))
        page.press("[name=code]", "Enter")
    page.wait_for_url("**/admin/" if user.is_staff else "**/orders/")


def carry(client: Client, context: BrowserContext, url: str) -> None:
    """The session of a test's client, a login that needs no form, for a browser."""
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


def speak(page: Page, look: Look) -> None:
    """The language that the reader has chosen; logging in brings the account's own, which is none."""
    cookie = {"name": settings.LANGUAGE_COOKIE_NAME, "value": look.language, "url": settings.PUBLIC_URL}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of Playwright's own


@contextmanager
def reading(
    browser: Browser, look: Look, story: str, *, scripts: bool = True, scale: float = 1, serious: bool = False
) -> Iterator[Reader]:
    """A browser of one's own. `scale` 2 is a zoom of 200 %: half as many pixels of the page fit on the screen."""
    size = {"width": int(look.width / scale), "height": int(844 / scale)}
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]  # a TypedDict of Playwright's own
        device_scale_factor=scale,
        locale="zh-CN" if look.language.startswith("zh") else "en-US",
        color_scheme=look.scheme,  # type: ignore[arg-type]  # a Literal
        java_script_enabled=scripts,
        base_url=settings.PUBLIC_URL,
        reduced_motion="reduce",
    )
    try:
        yield Reader(context.new_page(), look, story, serious=serious)
    finally:
        context.close()

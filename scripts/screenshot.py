"""Take the picture of docs/chat.md: the page after a wish and a refusal.

python scripts/screenshot.py STORE FINGERPRINT USER "WISH" docs/chat.png [WIDTH light|dark]
"""

import shutil
import sys
from typing import Literal

from playwright.sync_api import ViewportSize, sync_playwright

from crs.chat.page import Page, serve
from crs.dialogue.turn import TurnSettings
from crs.serving import load


def take(
    store: str,
    fingerprint: str,
    user: str,
    wish: str,
    path: str,
    width: str = "1280",
    scheme: str = "light",
) -> None:
    """Take a user's history, say the wish, refuse the second item, and look."""
    look: Literal["light", "dark"] = "dark" if scheme == "dark" else "light"
    settings = TurnSettings(questions="beside")
    app, address = serve(Page(load(fingerprint, store), settings), 0, block=False)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        size = ViewportSize(width=int(width), height=900)
        view = browser.new_page(viewport=size, color_scheme=look)
        view.set_default_timeout(240_000)
        view.goto(address)
        view.locator("#title-1 .name").wait_for()
        panel = view.get_by_role("button", name="Your history")
        panel.click()
        view.get_by_label("Or be a user of the data set").fill(user)
        view.get_by_label("Or be a user of the data set").press("Enter")
        view.locator("#why", has_text="history").wait_for()
        panel.click()
        view.get_by_label("What would you like?").fill(wish)
        view.get_by_label("What would you like?").press("Enter")
        view.locator("#why", has_text="asked for").wait_for()
        view.get_by_role("button", name="Not 2").click()
        view.locator("#why", has_text="left out").wait_for()
        view.screenshot(path=path, full_page=True)
        browser.close()
    app.close()


if __name__ == "__main__":
    take(*sys.argv[1:])

"""Take the picture of docs/chat.md: the page after a wish and a refusal.

python scripts/screenshot.py STORE FINGERPRINT USER "WISH" docs/chat.png
"""

import shutil
import sys

from playwright.sync_api import sync_playwright

from crs.chat.page import Page, serve
from crs.dialogue.turn import TurnSettings
from crs.serving import load


def take(store: str, fingerprint: str, user: str, wish: str, path: str) -> None:
    """Take a user's history, say the wish, refuse the second item, and look."""
    app, address = serve(Page(load(fingerprint, store), TurnSettings()), 0, block=False)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        view = browser.new_page(viewport={"width": 1280, "height": 800})
        view.set_default_timeout(120_000)
        view.goto(address)
        view.get_by_label("User of the data set").fill(user)
        view.get_by_role("button", name="Take this user's history").click()
        view.locator("#why", has_text="history").wait_for()
        view.get_by_label("What would you like?").fill(wish)
        view.get_by_label("What would you like?").press("Enter")
        view.locator("#why", has_text="asked for").wait_for()
        view.get_by_role("button", name="Not 2").click()
        view.locator("#why", has_text="refused").wait_for()
        view.screenshot(path=path)
        browser.close()
    app.close()


if __name__ == "__main__":
    take(*sys.argv[1:])

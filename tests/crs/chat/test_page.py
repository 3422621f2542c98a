"""The page: what its events answer, and, in headless Chromium, what a person sees."""

from collections.abc import Iterator
from copy import copy

import pytest

pytest.importorskip("gradio", reason="the page needs the extra `web`")

from crs.chat.page import Page, serve
from crs.dialogue.conversation import Conversation
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.escape import markup, terminal
from crs.loopback import HOST
from tests.fakes.titles import HOSTILE

SHOWN = TurnSettings().shown


@pytest.fixture(scope="module")
def page(system) -> Page:
    return Page(system, TurnSettings())


def test_a_users_history_is_taken(page, system):
    update = page.take_user(" u0002 ")
    assert update["value"] == system.history_of("u0002")
    assert [item for _, item in update["choices"]] == update["value"]
    for wrong in ("", "0", "10000", "x"):
        with pytest.raises(page.gr.Error, match="there is no user"):
            page.take_user(wrong)


def test_titles_are_searched_and_what_is_chosen_stays(page, system):
    update = page.search("velvet", ["i0000"])
    assert update["value"] == ["i0000"] and update["choices"][0] == (system.titles[1], "i0000")
    assert all("Velvet" in title for title, _ in update["choices"][1:])
    with pytest.raises(page.gr.Error, match="No title"):
        page.search("zzzz", [])


def test_words_are_answered_with_five_titles(page, system):
    talk, said, items, *_ = page.begin(["i0003", "i0004"])
    cleared, said, items, *rest = page.say("a drama", talk, said)
    rows, texts, why = rest[:SHOWN], rest[SHOWN:-1], rest[-1]
    assert cleared == "" and [one["role"] for one in said] == ["user", "assistant"]
    assert [text.split("** ")[1] for text in texts] == [system.titles[i] for i in items]
    assert all(row["visible"] for row in rows)
    assert "**asked for**: drama" in why


def test_rows_without_an_item_are_hidden(page, system, monkeypatch):
    talk = system.talk(["i0000"])
    reply = talk.say("a drama")
    reply.items = reply.items[:2]
    _, *rest = page.shown(talk, reply)
    assert [row["visible"] for row in rest[:SHOWN]] == [True, True, False, False, False]


def test_no_words_are_no_wish(page):
    talk = page.begin([])[0]
    with pytest.raises(page.gr.Error):
        page.say("  ", talk, [])


def test_a_user_error_of_any_event_is_one_sentence_on_the_page(page, monkeypatch):
    talk, said, items, *_ = page.begin(["i0003"])
    sentence = "model=<b>x</b> needs a user; type model=sasrec"

    def fails(self):
        raise UserError(sentence)

    monkeypatch.setattr(Conversation, "show", fails)
    for event, words in [
        (page.begin, [[]]), (page.say, ["a drama", talk, said]), (page.refuse, [0, talk, items]),
        (page.refuser(0), [talk, items]),
    ]:  # fmt: skip
        with pytest.raises(page.gr.Error) as shown:
            event(*words)
        assert shown.value.message == markup(sentence) and not shown.value.print_exception


def test_words_before_a_conversation_could_begin_are_one_sentence(page):
    with pytest.raises(page.gr.Error, match="No conversation has begun"):
        page.say("a drama", None, [])


def test_without_gradio_there_is_a_sentence(monkeypatch, system):
    import sys

    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(UserError, match=r"pip install 'crs-suite\[web\]'"):
        Page(system, TurnSettings())


@pytest.fixture
def address(page) -> Iterator[str]:
    """Where the page is served."""
    app, address = serve(page, 0, block=False)
    yield address
    app.close()


def test_the_page_answers_this_machine_alone(address):
    httpx = pytest.importorskip("httpx")

    def status(headers, part="", method="GET"):
        return httpx.request(method, address + part, headers=headers).status_code

    port = address.rstrip("/").rpartition(":")[2]
    assert status({}) == status({"Host": f"localhost:{port}"}) == 200
    assert status({"Host": f"evil.example:{port}"}) == status({"Host": "evil.example"}) == 400
    join = "gradio_api/queue/join"
    for origin in ("http://evil.example", "null", f"http://{HOST}:1", f"https://{HOST}:{port}"):
        assert status({"Origin": origin}) == status({"Origin": origin}, join, "POST") == 403
    assert status({"Origin": f"http://{HOST}:{port}"}, join, "POST") == 422  # asked for nothing
    for method, part in [
        ("POST", "gradio_api/upload"), ("GET", "gradio_api/file=/etc/hostname"),
        ("GET", "gradio_api/queue/%2e%2e/file=/etc/hostname"), ("GET", "gradio_api/proxy=http://a"),
        ("GET", "gradio_api/info"), ("POST", "gradio_api/run/say"), ("GET", "monitoring"),
    ]:  # fmt: skip
        assert status({}, part, method) == 404


@pytest.mark.slow
def test_titles_and_words_ask_no_host_and_show_as_they_are(browser, system):
    """Hostile titles are recommended, said, and looked for in vain."""
    hostile = copy(system)
    hostile.titles = [HOSTILE[i % len(HOSTILE)] for i in range(len(system.titles))]
    demo, address = serve(Page(hostile, TurnSettings()), 0, block=False)
    asked, opened = [], []
    try:
        view = browser.new_page(viewport={"width": 1300, "height": 950})
        view.set_default_timeout(60_000)
        view.on("request", lambda request: asked.append(request.url))
        view.on("dialog", lambda dialog: opened.append(dialog.message) or dialog.dismiss())
        view.goto(address)
        view.get_by_label("User of the data set").fill("3")
        view.get_by_role("button", name="Take this user's history").click()
        view.locator("#why", has_text="history").wait_for()
        shown = set()
        for title in HOSTILE[:4]:
            wish = view.get_by_label("What would you like?")
            wish.fill(f"a drama, {title}")
            wish.press("Enter")
            view.locator(".message-row", has_text=terminal(title)).first.wait_for()
            rows = (view.locator(f"#title-{n}").inner_text() for n in range(1, SHOWN + 1))
            shown |= {text.split(". ", 1)[1] for text in rows}
            view.get_by_role("button", name="Not 1").click()
        view.get_by_label("Search titles").fill(f"zzzz {HOSTILE[1]}")
        view.get_by_label("Search titles").press("Enter")
        view.get_by_test_id("toast-text").get_by_text("<img").wait_for()
        assert shown <= {" ".join(terminal(title).split()) for title in HOSTILE}
        assert len(shown) >= SHOWN
        texts = view.locator("#why, [id^=title-], .message-row, .toast-message-text")
        assert texts.locator("a, img, script, h1, h2, h3, ul ul").count() == 0
        view.close()
    finally:
        demo.close()
    assert [url for url in asked if "evil" in url] == opened == []


@pytest.mark.slow
def test_a_person_talks_to_the_page(browser, page, system):
    """Load, pick a user, type a wish, see five titles, refuse one, see it gone."""
    demo, address = serve(page, 0, block=False)
    asked = []
    try:
        view = browser.new_page(viewport={"width": 1300, "height": 950})
        view.set_default_timeout(60_000)
        view.on("request", lambda request: asked.append(request.url))
        view.goto(address)
        view.get_by_label("User of the data set").fill("u0002")
        view.get_by_role("button", name="Take this user's history").click()
        newest = system.titles[system.item(system.history_of("u0002")[-1])]
        view.locator("#why", has_text=newest).wait_for()
        wish = view.get_by_label("What would you like?")
        wish.fill("a drama, please")
        wish.press("Enter")
        view.locator("#why", has_text="asked for: drama").wait_for()

        def titles():
            rows = (view.locator(f"#title-{n}").inner_text() for n in range(1, SHOWN + 1))
            return [text.split(". ", 1)[1] for text in rows]

        shown = titles()
        assert len(set(shown)) == SHOWN
        number = system.attributes.index("Drama")
        for title in shown:
            assert number in system.items["attributes"].iloc[system.item(title) - 1]
        view.get_by_role("button", name="Not 2").click()
        view.locator("#why", has_text=f"refused: {shown[1]}").wait_for()
        left = titles()
        assert len(set(left)) == SHOWN and shown[1] not in left
        assert left[:4] == [shown[0], *shown[2:]]
        view.close()
    finally:
        demo.close()
    elsewhere = [url for url in asked if HOST not in url and not url.startswith(("data:", "blob:"))]
    assert elsewhere == []

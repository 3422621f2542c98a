"""The page: what its events answer, and, in headless Chromium, what a person sees."""

from collections.abc import Iterator
from copy import copy
from types import SimpleNamespace

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


def test_titles_are_searched_and_ticked(page, system):
    found = page.search("velvet", ["i0009"])
    assert found["value"] == ["i0009"] and found["visible"] and found["info"] == ""
    assert all("Velvet" in title for title, _ in found["choices"])
    history = page.tick(["i0009", "i0019"], "velvet", ["i0000", "i0009"])
    assert history["value"] == ["i0000", "i0009", "i0019"]
    assert history["choices"][0] == (system.titles[1], "i0000")
    assert page.tick([], "velvet", ["i0000", "i0009"])["value"] == ["i0000"]
    assert page.search("golden hrbor 2", [])["choices"][0][0] == "Golden Harbor 2 (1963)"
    assert "No title" in page.search("zzzz", [])["info"] and not page.search("", [])["visible"]


def parts(page, shown):
    """The session and what is shown: by name."""
    most = page.settings.shown
    session, said, *rest = shown
    rows, cards, rest = rest[:most], rest[most : 2 * most], rest[2 * most :]
    *hints, intents, why, undo = rest
    return session, SimpleNamespace(
        said=said, rows=rows, cards=cards, hints=hints, intents=intents, why=why, undo=undo
    )


def test_words_are_answered_with_five_cards(page, system):
    session, before = parts(page, page.begin(["i0003", "i0004"]))
    assert not before.undo["interactive"] and not before.intents["visible"]
    cleared, *shown = page.say("a drama", session)
    _, now = parts(page, shown)
    assert cleared == "" and [one["role"] for one in now.said[-2:]] == ["user", "assistant"]
    for card, item in zip(now.cards, session.reply.items, strict=True):
        assert system.titles[item] in card and ">drama<" in card and "all you asked for" in card
    assert all(row["visible"] for row in now.rows) and now.undo["interactive"]
    assert "**asked for**: drama" in now.why
    assert now.intents["visible"] and now.intents["value"].count('class="fill"') >= 2
    assert [one["visible"] for one in now.hints][:2] == [True, True]


def test_a_model_without_intents_has_no_bars(page, system):
    session, _ = parts(page, page.begin([]))
    session.reply.intents = []
    assert not parts(page, page.shown(session))[1].intents["visible"]


def test_rows_without_an_item_are_hidden(page, system):
    session = page.begin(["i0000"])[0]
    reply = session.reply
    for name in ("items", "about", "match"):
        setattr(reply, name, getattr(reply, name)[:2])
    rows = parts(page, page.shown(session))[1].rows
    assert [row["visible"] for row in rows] == [True, True, False, False, False]


def test_an_empty_line_changes_nothing_and_is_not_scolded(page):
    session = page.begin([])[0]
    cleared, *shown = page.say("  ", session)
    assert cleared == "" and shown[0] is session and not session.talk.talk.turns


def test_buttons_act_on_their_own_card_and_undo_takes_back(page, system):
    session = page.begin([])[0]
    page.say("a drama", session)
    first, second, *_ = session.reply.items
    page.acting("refuse", 1)(session)
    assert second not in session.reply.items
    page.acting("undo")(session)
    assert session.reply.items[1] == second
    page.acting("like", 0)(session)
    assert session.talk.history == [first]
    assert page.transcript(session).startswith("You: a drama") and page.transcript(None) == ""


def test_a_user_error_of_any_event_is_one_sentence_on_the_page(page, monkeypatch):
    session = page.begin(["i0003"])[0]
    sentence = "model=<b>x</b> needs a user; type model=sasrec"

    def fails(self):
        raise UserError(sentence)

    monkeypatch.setattr(Conversation, "show", fails)
    for event, words in [
        (page.begin, [[]]), (page.say, ["a drama", session]), (page.act, ["refuse", session, 0]),
        (page.acting("like", 0), [session]),
    ]:  # fmt: skip
        with pytest.raises(page.gr.Error) as shown:
            event(*words)
        assert shown.value.message == markup(sentence) and not shown.value.print_exception


def test_words_before_a_conversation_could_begin_are_one_sentence(page):
    with pytest.raises(page.gr.Error, match="No conversation has begun"):
        page.say("a drama", None)


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


def take_user(view, user):
    """Be a user of the data set, by keys alone."""
    view.get_by_role("button", name="Your history").press("Enter")
    view.get_by_label("Or be a user of the data set").fill(user)
    view.get_by_label("Or be a user of the data set").press("Enter")


def titles(view):
    """The titles on the cards."""
    cards = (view.locator(f"#title-{n} .name").inner_text() for n in range(1, SHOWN + 1))
    return [text.split(". ", 1)[1] for text in cards]


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
        take_user(view, "3")
        view.locator("#why", has_text="history").wait_for()
        shown = set()
        for title in HOSTILE[:4]:
            wish = view.get_by_label("What would you like?")
            wish.fill(f"a drama, {title}")
            wish.press("Enter")
            view.locator(".message-row", has_text=terminal(title)).first.wait_for()
            shown |= {*titles(view)}
            view.get_by_role("button", name="Not 1").click()
        view.get_by_label("Search titles").fill(f"zzzz {HOSTILE[1]}")
        view.get_by_text("No title has the words").get_by_text("<img").wait_for()
        assert shown <= {" ".join(terminal(title).split()) for title in HOSTILE}
        assert len(shown) >= SHOWN
        texts = view.locator("#why, [id^=title-], .message-row, #intents")
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
        take_user(view, "u0002")
        newest = system.titles[system.item(system.history_of("u0002")[-1])]
        view.locator("#why", has_text=newest).wait_for()
        wish = view.get_by_label("What would you like?")
        wish.fill("a drama, please")
        wish.press("Enter")
        view.locator("#why", has_text="asked for: drama").wait_for()
        shown = titles(view)
        assert len(set(shown)) == SHOWN
        number = system.attributes.index("Drama")
        for title in shown:
            assert number in system.items["attributes"].iloc[system.item(title) - 1]
        view.get_by_role("button", name="Not 2").click()
        view.locator("#why", has_text=f"left out: {shown[1]}").wait_for()
        left = titles(view)
        assert len(set(left)) == SHOWN and shown[1] not in left
        assert left[:4] == [shown[0], *shown[2:]]
        view.close()
    finally:
        demo.close()
    elsewhere = [url for url in asked if HOST not in url and not url.startswith(("data:", "blob:"))]
    assert elsewhere == []


@pytest.mark.slow
def test_two_people_at_once_by_keys_and_on_a_small_screen(browser, page):
    """Two browsers do not mix, keys do all, a phone is wide enough, and transcripts are saved."""
    demo, address = serve(page, 0, block=False)
    try:
        views = []
        for wish, scheme in (("a drama", "light"), ("a comedy", "dark")):
            size = {"width": 390, "height": 844}
            view = browser.new_context(viewport=size, color_scheme=scheme).new_page()
            view.set_default_timeout(60_000)
            view.goto(address)
            view.locator("#title-1 .name").wait_for()
            view.get_by_label("What would you like?").fill(wish)
            view.get_by_label("What would you like?").press("Enter")
            views.append(view)
        for view, kind in zip(views, ("drama", "comedy"), strict=True):
            view.locator("#why", has_text=f"asked for: {kind}").wait_for()
        views[0].get_by_role("button", name="Not 1").press("Enter")
        views[0].locator("#why", has_text="left out").wait_for()
        assert "refused" not in views[1].locator("#why").inner_text()
        views[0].get_by_role("button", name="Undo").press("Enter")
        views[0].locator("#why", has_not_text="refused").wait_for()
        for view, kind in zip(views, ("drama", "comedy"), strict=True):
            assert view.evaluate("document.documentElement.scrollWidth") <= 390
            with view.expect_download() as saved:
                view.get_by_role("button", name="Save the transcript").press("Enter")
            assert f"You: a {kind}" in saved.value.path().read_text()
        assert "dark" in views[1].locator("body").get_attribute("class")
    finally:
        demo.close()

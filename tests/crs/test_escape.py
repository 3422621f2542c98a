"""Text of others shows as it is, in Markdown, HTML and the terminal, and does nothing there."""

from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from crs.escape import markup, terminal
from tests.contracts.tiny import quick
from tests.fakes.titles import HOSTILE, ORDINARY

RENDER = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render
LETTERS = "ab1 <>&;#*_`~$|\\[]()!:/.-+=\n\t\x1b\u202eé"
PLACES = ["{}", "# of {}", "1. {}", "**User:** {}", "| {} | 1 |\n|---|---|\n| {} | 2 |", "- {}; {}"]


class Shown(HTMLParser):
    """The tags of a page, and what it shows."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text += data


def same_but_for_space(one, two):
    return "".join(one.split()) == "".join(two.split())


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("title", [*HOSTILE, *ORDINARY])
def test_a_title_shows_and_is_no_markdown_wherever_it_stands(title, place):
    page = Shown(RENDER(place.format(markup(title), markup(title))))
    plain = Shown(RENDER(place.format("x", "x")))
    assert page.tags == plain.tags
    assert same_but_for_space(page.text, plain.text.replace("x", terminal(title)))


@quick
@given(st.text(st.sampled_from(LETTERS)), st.sampled_from(PLACES))
def test_no_text_is_markdown(text, place):
    text = f"x{text}" if not terminal(text).strip() else text
    page = Shown(RENDER(place.format(markup(text), markup(text))))
    plain = Shown(RENDER(place.format("x", "x")))
    assert page.tags == plain.tags
    assert same_but_for_space(page.text, plain.text.replace("x", terminal(text)))


@pytest.mark.parametrize("title", [*HOSTILE, *ORDINARY])
def test_a_title_shows_and_is_no_html(title):
    page = Shown(f"<p>{markup(title)}</p>")
    assert page.tags == ["p"] and same_but_for_space(page.text, terminal(title))


@pytest.mark.parametrize("title", ["Fargo (1996)", "Amélie", "Schindler's List", "[Rec]", "#Alive",
                                   "Toys & Games", "snake_case", "+0.0123 [-0.1, 0.2]", "NDCG@10",
                                   "Airplane!", "2001: A Space Odyssey", "1984"])  # fmt: skip
def test_what_looks_ordinary_stays_as_it_is(title):
    assert markup(title) == terminal(title) == title


@pytest.mark.parametrize("mark", ["www.", "://", "@"])
def test_what_makes_a_link_of_an_address_is_gone(mark):
    written = "www.a.b HTTPS://a.b a@b.c"
    assert mark in written and mark not in markup(written)
    assert unescape(markup(written)) == written


@pytest.mark.parametrize(("text", "shown"), [
    ("a\x1b[31mb", "a\\x1b[31mb"), ("a\r\nresults: b", "a  results: b"), ("a\x9bb", "a\\x9bb"),
    ("a\u202eb", "a\\u202eb"), ("a\udcffb", "a\\udcffb"), ("a\u2028b\tc", "a b c"),
    ("👩\u200d🚀 \u200fשלום", "👩\u200d🚀 \u200fשלום"), ("C:\\x1b", "C:\\x1b"),
])  # fmt: skip
def test_no_text_is_a_command_to_the_terminal(text, shown):
    assert terminal(text) == shown

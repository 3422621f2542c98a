import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.parsing.markup import plain


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Don&#39;t &#x26; Won&amp;#39;t", "Don't & Won't"),
        ("caf&eacute;", "café"),
        ("<b>Bold</b>er", "Bolder"),
        ("one<br>two<p>three</p>", "one two three"),
        ('<a href="https://x.example">here</a> &nbsp; there', "here there"),
        ("<!-- note -->x<script>alert(1)</script>", "x"),
        ("&lt;b&gt;twice&lt;/b&gt;", "twice"),
    ],
)
def test_html_becomes_what_a_browser_shows(text, seen):
    assert plain(text) == seen


@pytest.mark.parametrize(
    "text", ["I <3 You", "a < b > c", "AT&T", "Q&copyright", "<unknown>", "[Rec]", "&;", "  x  y "]
)
def test_text_that_is_no_html_stays(text):
    assert plain(text) == text


@given(st.text("<>&;/ab#3! -", max_size=40))
def test_no_text_is_an_error(text):
    plain(text)

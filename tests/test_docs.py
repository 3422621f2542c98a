"""The pages of docs/: links lead somewhere, every page is listed, and the site can be built."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TOP = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]

FETCHED = re.compile(
    r"""(?:<script[^>]+src|<img[^>]+src|<link[^>]+href)=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//"""
)
"""What a page asks another host for when it is opened."""


def prose(page: Path) -> str:
    """A page without its blocks of code and its inline code."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    return re.sub(r"^    .*$|`[^`\n]*`", "", text, flags=re.M)


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", head).lower() for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        place, _, heading = target.partition("#")
        file = page.parent / place if place else page
        assert file.exists(), target
        assert not heading or heading in anchors(file), target


@pytest.mark.parametrize("page", [*PAGES, *TOP], ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_of_prose_have_at_most_100_characters(page):
    """Tables and code may be wider."""
    text = re.sub(r"^(?:```.*?^```|    .*?|\|.*?)$", "", page.read_text(), flags=re.M | re.S)
    assert not [line for line in text.splitlines() if len(line) > 100]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_is_listed_and_is_in_the_navigation(page):
    name = page.relative_to(DOCS)
    index = page.parent / "README.md"
    if page != index:
        assert f"({page.name})" in index.read_text()
    assert re.search(rf"[-:] {re.escape(str(name))}$", (ROOT / "mkdocs.yml").read_text(), re.M)


def test_no_page_of_the_site_asks_another_host(tmp_path):
    """And mkdocs says nothing about any: `--strict`."""
    if find_spec("mkdocs") is None:
        pytest.skip("mkdocs is not installed: pip install 'crs-suite[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=200)
    assert (tmp_path / "settings.html").is_file()
    for page in [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]:
        assert not FETCHED.search(page.read_text()), page

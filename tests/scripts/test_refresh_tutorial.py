"""The tutorial: its commands run, and what it shows is what they print."""

import re

import pytest

from scripts import refresh_tutorial


def words(page: str) -> list[list[str]]:
    """The lines of a page without what machines differ in: figures, names of results, blanks."""
    page = re.sub(r"  \d+ s$", "", page, flags=re.M)
    page = re.sub(r"\b[0-9a-f]{16}\b", "NAME", page)
    page = re.sub(r"[-+]?\d[\d,.:]*", "N", page)
    return [re.sub(r"[-|: ]+", " ", line).split() for line in page.splitlines()]


@pytest.mark.long
def test_the_tutorial_shows_what_its_commands_print():
    """Otherwise type: python scripts/refresh_tutorial.py"""
    assert words(refresh_tutorial.document()) == words(refresh_tutorial.FILE.read_text())


def test_every_command_has_its_output():
    page = refresh_tutorial.FILE.read_text()
    assert page.count("```bash\n") + page.count("print(") == len(refresh_tutorial.RUN.findall(page))
    assert len(refresh_tutorial.FILES.findall(page)) == 4
    assert all(output.strip() for *_, output, _ in refresh_tutorial.RUN.findall(page))

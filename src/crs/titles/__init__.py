"""Titles of items: how people spell them, and where a text names them."""

from crs.titles.names import title_and_year
from crs.titles.resolver import Mention, Titles

__all__ = ["Mention", "Titles", "title_and_year"]

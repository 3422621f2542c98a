from crs.settings.reference import document
from scripts.refresh_settings import FILE


def test_the_docs_have_every_setting():
    """Otherwise type: python scripts/refresh_settings.py"""
    assert FILE.read_text() == document()

from scripts.refresh_metrics import FILE, document


def test_the_docs_have_every_registered_metric():
    """Otherwise type: python scripts/refresh_metrics.py"""
    assert FILE.read_text() == document()

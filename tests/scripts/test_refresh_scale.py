import pytest

from scripts.refresh_scale import FILE, amount, costs, document


def test_the_document_has_the_table_of_today():
    """Otherwise type: python scripts/refresh_scale.py"""
    assert FILE.read_text() == document()


def test_a_stage_costs_in_proportion_to_what_it_reads():
    small, large = costs(1e6, 1e5, 1e4), costs(1e7, 1e6, 1e4)
    for one, ten in zip(small, large, strict=True):
        if "items" in one.stage or "table" in one.stage or "100,000" in one.stage:
            continue
        assert ten.keeps == pytest.approx(10 * one.keeps)
        assert ten.operations == pytest.approx(10 * one.operations)


def test_positions_of_the_encoder_by_hand():
    # 50 positions of 10 users; 10 positions a user, so 40,960 targets a batch beside 8,192 items.
    encoder = next(one for one in costs(100, 10, 1000) if "dense" in one.stage)
    assert encoder.operations == 10 * 100 * 6 * (12 * 64 * 64 * 2 + 64 * (8192 + 40960))
    assert encoder.keeps == 1000 * 64 * 16


def test_amounts_have_the_largest_unit():
    units = ("B", "kB", "MB")
    assert [amount(x, units, 1000) for x in (5, 2000, 3e6)] == ["5 B", "2 kB", "3 MB"]

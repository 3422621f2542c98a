import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.row_order import packed, stable
from tests.contracts.tiny import quick

values = (
    st.integers(-3, 3) | st.integers(-(2**62), 2**62) | st.integers(0, 2**40).map(lambda n: n << 9)
)
rows = st.lists(st.tuples(st.integers(0, 5), values), max_size=40)


@quick
@given(rows, st.booleans())
def test_rows_are_by_group_and_value_and_equal_ones_in_their_order(rows, fractions):
    group = np.array([g for g, _ in rows], dtype=np.int32)
    value = np.array([v for _, v in rows], dtype=np.int64)
    if fractions:
        value = value / 3
    order, shared = stable(packed(group, value))
    expected = sorted(range(len(rows)), key=lambda i: (group[i], value[i], i))
    assert order.tolist() == expected
    pairs = list(zip(group.tolist(), value.tolist(), strict=True))
    assert shared.tolist() == [pairs.count(pairs[i]) > 1 for i in expected]


@pytest.mark.parametrize("bits", [0, 1, 16, 47, 48, 52, 57, 62, 63])
def test_keys_of_any_size(bits):
    rng = np.random.default_rng(bits)
    key = rng.integers(0, 2**bits, 5_000, dtype=np.int64)
    key[rng.integers(0, len(key), 500)] = key[0]
    order, shared = stable(key)
    np.testing.assert_array_equal(order, np.argsort(key, kind="stable"))
    _, counts = np.unique(key, return_counts=True)
    np.testing.assert_array_equal(shared, np.repeat(counts > 1, counts))

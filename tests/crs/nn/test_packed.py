import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.nn.packed import Packed
from tests.contracts.tiny import padded, quick

rows = st.integers(1, 6).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 9), min_size=width, max_size=width), min_size=1, max_size=9
    )
)


@quick
@given(rows)
def test_packing_keeps_every_item_once_and_knows_its_row(batch):
    ids = torch.tensor(batch)
    packed = Packed.of(ids)
    assert packed.index.sort().values.tolist() == (ids.flatten() > 0).nonzero()[:, 0].tolist()
    assert torch.equal(packed.row, packed.index // ids.shape[1])


@quick
@given(rows)
def test_packed_means_and_newest_are_those_of_the_rows(batch):
    ids = torch.tensor(batch)
    packed = Packed.of(ids)
    values = ids.flatten()[packed.index][:, None].double()
    real = [[item for item in row if item] for row in batch]
    means = [sum(row) / len(row) if row else 0.0 for row in real]
    assert packed.mean(values)[:, 0].tolist() == pytest.approx(means)
    assert packed.newest(values)[:, 0].tolist() == [row[-1] if row else 0 for row in real]


def test_a_grid_has_its_rows_at_the_left_and_gives_them_back():
    packed = Packed.of(padded([1, 2, 3], [4]))
    states = torch.arange(1.0, 9.0).view(4, 2)
    [block] = packed.blocks
    grid = block.grid(states)
    assert torch.equal(grid[0], states[:3])
    assert torch.equal(grid[1], torch.cat([states[3:], torch.zeros(2, 2)]))
    assert torch.equal(block.packed(grid), states)

"""A table on one device, and which rows go where. What two devices do is in test_team.py."""

import copy
from itertools import chain
from tempfile import gettempdir
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from crs.training import sharded
from crs.training.devices import OfFirst
from crs.training.sharded import ShardedAdam, ShardedTable


def made():
    torch.manual_seed(0)
    return nn.Sequential(ShardedTable.of(nn.Embedding(5, 3)), nn.Linear(3, 1))


@pytest.mark.parametrize("rows", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_each_row_has_one_owner_and_no_rank_has_more_than_its_share(rows, ranks, monkeypatch):
    monkeypatch.setattr(sharded, "world", lambda: ranks)
    owned = [list(range(rows))[sharded.share(rows, rank)] for rank in range(ranks)]
    assert list(chain(*owned)) == list(range(rows))
    assert max(map(len, owned)) == -(-rows // ranks)


def test_on_one_device_it_is_an_embedding_with_sparse_gradients():
    table, plain = made()[0], nn.Embedding(5, 3, sparse=True)
    plain.weight.data = table.weight.data.clone()
    ids = torch.tensor([[4, 1], [1, 0]])
    for one in (table, plain):
        one(ids).square().sum().backward()
    assert torch.equal(table(ids), plain(ids)) and table.weight.grad.is_sparse
    assert torch.equal(table.weight.grad.to_dense(), plain.weight.grad.to_dense())


def test_a_rank_is_not_sent_the_rows_of_others():
    """`copy` reduces an object as the message to a rank does."""
    module = made()
    told = copy.deepcopy((module, OfFirst({"weights": module.state_dict()})))
    assert told[0][0].weight.shape == (0, 3) and told[0][0].num_embeddings == 5
    assert torch.equal(told[0][1].weight, module[1].weight) and told[1].value is None
    assert len(module[0].weight) == 5


def test_what_has_all_rows_stays_as_it_is():
    module, saved = made(), {"weights": {}}
    optimiser = ShardedAdam(module[0].weight, [], lr=0.1)
    before = module[0].weight.data_ptr()
    assert sharded.dealt(module, OfFirst(saved)) is saved
    with sharded.whole(module, optimiser):
        assert module[0].weight.data_ptr() == before
    sharded.make_room(module)
    assert module[0].weight.data_ptr() == before and optimiser.around(4) == (0, 0)


def test_a_share_has_room_for_all_rows_again():
    module = made()
    kept = {name: value.clone() for name, value in module.state_dict().items()}
    module[0].weight.data = module[0].weight.data[:2]
    sharded.make_room(module)
    module.load_state_dict(kept)
    assert torch.equal(module[0].weight, kept["0.weight"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int32])
def test_room_on_disk_holds_rows_of_any_type(dtype):
    found = sharded.room(torch.empty(0, 3, dtype=dtype), 5)
    found.copy_(torch.arange(15).view(5, 3))
    assert found.dtype == dtype and found.flatten().tolist() == list(range(15))


def test_a_full_disk_is_told_before_it_is_mapped(monkeypatch):
    monkeypatch.setattr(sharded, "disk_usage", lambda place: SimpleNamespace(free=64))
    with pytest.raises(OSError, match="No space left on device") as told:
        sharded.room(torch.empty(0, 3), 6)
    assert told.value.filename == gettempdir() and len(sharded.room(torch.empty(0, 3), 5)) == 5


def test_a_module_without_such_a_table_has_none():
    assert sharded.table_of(nn.Linear(2, 1)) == ("", None)
    assert sharded.table_of(made())[0] == "0.weight"

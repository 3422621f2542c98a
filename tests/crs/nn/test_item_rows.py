import torch
from torch import nn

from crs.nn.item_rows import ItemRows


def test_row_r_is_item_r_plus_1_and_alone_has_a_gradient():
    table = nn.Embedding(6, 2, sparse=True).bfloat16()
    rows = ItemRows(table, 4)
    found = rows[torch.tensor([0, 3, 3])]
    assert len(rows) == 4 and found.dtype == torch.float32
    assert torch.equal(found, table.weight[[1, 4, 4]].float())
    found.sum().backward()
    grad = table.weight.grad
    assert grad.is_sparse and grad.to_dense().sum(1).tolist() == [0, 2, 0, 0, 4, 0]

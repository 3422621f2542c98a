"""The released objective, hand-worked."""

import math

import torch

from crs.models.latentcrs.networks import LatentCRS
from crs.models.latentcrs.released import draw_candidates, e_loss, m_loss

D = 2


def toy() -> tuple[LatentCRS, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two intents and two items on the axes; p(m|u,x) is uniform as the fusion gives zero."""
    items = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    model = LatentCRS(items, torch.eye(2), 3, text_hidden=4, hidden=4, dropout=0.0)
    for parameter in model.generative.fusion.mlp[-1].parameters():
        torch.nn.init.zeros_(parameter)
    return model, torch.zeros(1, D), torch.zeros(1, 3), torch.tensor([[1, 2]])


def test_candidates_have_the_target_first_and_nowhere_else():
    torch.manual_seed(0)
    target = torch.randint(1, 6, (200,))
    lists = draw_candidates(target, 5, 11)
    assert (lists[:, 0] == target).all()
    assert (lists[:, 1:] != target[:, None]).all()
    assert lists.min() == 1 and lists.max() == 5


def test_e_loss_by_hand():
    """h = 0 makes q uniform, r = (1/2, 1/2): both candidates score 1/2, so CE = log 2.

    S(target) = (1, 0), p = 1/2: p~ = softmax(1/2, 0) = (0.6225, 0.3775);
    -sum q (log p~ - log q) = -(log .6225 + log .3775)/2 - log 2 = 0.0307.
    """
    model, h, x, lists = toy()
    loss = e_loss(model, h, x, lists, w_e=2.0, with_elbo=True)
    kl = -(math.log(0.62246) + math.log(0.37754)) / 2 - math.log(2)
    assert abs(loss.item() - (2 * math.log(2) + kl)) < 1e-3
    alone = e_loss(model, h, x, lists, w_e=2.0, with_elbo=False)
    assert abs(alone.item() - 2 * math.log(2)) < 1e-5


def test_m_loss_by_hand():
    """q = p uniform: no KL. Linear scores are (1/2, 1/2): CE = log 2.

    InfoNCE: intent 1 scores (1/2, 0), intent 2 (0, 1/2), each weighted q = 1/2, mean over K = 2:
    (1/4)(-log s1 - log s2) with softmax(1/2, 0) = (.6225, .3775) = 0.25 (0.4741 + 0.9741).
    """
    model, h, x, lists = toy()
    loss = m_loss(model, h, x, lists, w_r=1.0, w_n=1.0)
    assert abs(loss.item() - (math.log(2) + 0.25 * (0.47408 + 0.97408))) < 1e-3

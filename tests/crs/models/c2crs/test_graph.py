import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from crs.models.c2crs.graph import GraphEncoder, GraphWithWords
from tests.contracts.tiny import quick


def encoder(edges, entities, relations, dim=3, bases=2, seed=0):
    torch.manual_seed(seed)
    found = GraphEncoder(
        np.array(edges, dtype=np.int64).reshape(3, -1), entities, relations, dim, bases
    )
    torch.nn.init.normal_(found.bias)
    return found


def looped(g, edges):
    """Equation 1 by a loop over edges."""
    h = [[(g.root[i] + g.bias).detach()] for i in range(len(g.root))]
    neighbours = {}
    for head, tail, relation in zip(*edges, strict=True):
        neighbours.setdefault((tail, relation), []).append(head)
    for (tail, relation), heads in neighbours.items():
        w = (g.mix[relation, :, None, None] * g.bases).sum(0).detach()
        h[tail].append(w[heads].mean(0))
    out = torch.stack([torch.stack(parts).sum(0) for parts in h])
    out[0] = 0
    return out


@quick
@given(st.data())
def test_it_is_equation_1(data):
    entities, relations = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 3))
    edge = st.tuples(
        st.integers(1, entities), st.integers(1, entities), st.integers(0, relations - 1)
    )
    rows = data.draw(st.lists(edge, max_size=15, unique=True))
    edges = list(zip(*rows, strict=True)) if rows else [[], [], []]
    g = encoder(edges, entities, relations)
    torch.testing.assert_close(g(), looped(g, edges))


def test_it_is_the_convolution_of_torch_geometric_with_its_gradients():
    geometric = pytest.importorskip("torch_geometric.nn")
    rng = np.random.default_rng(0)
    entities, relations, dim, bases = 40, 5, 8, 3
    edges = np.unique(rng.integers([[1], [1], [0]], [[entities + 1], [entities + 1], [relations]],
                                   (3, 200)), axis=1)  # fmt: skip
    ours = encoder(edges, entities, relations, dim, bases)
    theirs = geometric.RGCNConv(entities + 1, dim, relations, num_bases=bases)
    pairs = {"weight": ours.bases, "comp": ours.mix, "root": ours.root, "bias": ours.bias}
    for name, value in pairs.items():
        getattr(theirs, name).data = value.detach().clone()
    index, kind = torch.from_numpy(edges[:2].copy()), torch.from_numpy(edges[2].copy())
    mine, other = ours(), theirs(None, index, kind)
    torch.testing.assert_close(mine[1:], other[1:])
    probe = torch.randn(entities, dim)
    (mine[1:] * probe).sum().backward()
    (other[1:] * probe).sum().backward()
    for name, value in pairs.items():
        torch.testing.assert_close(value.grad, getattr(theirs, name).grad)


@pytest.mark.parametrize("words", [0, 4])
def test_some_rows_have_the_bits_of_the_whole_and_so_have_their_gradients(words):
    rng = np.random.default_rng(0)
    entities, relations, dim, bases = 60, 4, 8, 3
    edges = np.unique(rng.integers([[1], [1], [0]], [[entities + 1], [entities + 1], [relations]],
                                   (3, 400)), axis=1)  # fmt: skip
    g = with_words(edges, entities, relations, words) if words else encoder(
        edges, entities, relations, dim, bases)  # fmt: skip
    rows = torch.tensor([0, 3, 4, 17, 59])
    whole, some = g(), g(rows)
    assert torch.equal(whole[rows], some)
    probe = torch.randn_like(some)
    wanted = torch.autograd.grad((whole[rows] * probe).sum(), list(g.parameters()))
    found = torch.autograd.grad((some * probe).sum(), list(g.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_rows_without_an_edge_are_their_own_vectors():
    g = encoder([[1], [2], [0]], 3, 1)
    bare = encoder([[], [], []], 3, 2)
    for one in (g, bare):
        assert torch.equal(one(torch.tensor([0, 1, 3]))[1:], (one.root + one.bias)[[1, 3]])


def test_padding_is_zero_and_gets_no_gradient():
    g = encoder([[1, 2], [2, 1], [0, 0]], 2, 1)
    h = g()
    assert not h[0].any()
    h.square().sum().backward()
    assert not g.root.grad[0].any() and not g.bases.grad[:, 0].any()


def test_without_edges_an_entity_is_its_own_vector():
    g = encoder([[], [], []], 3, 2)
    torch.testing.assert_close(g()[1:], (g.root + g.bias)[1:])
    g().sum().backward()


def test_relations_count_each_of_their_neighbours_alike():
    """Entity 3 hears 1 and 2 by relation 0 (their mean) and 1 by relation 1 (all of it)."""
    g = encoder([[1, 2, 1], [3, 3, 3], [0, 0, 1]], 3, 2, bases=1)
    with torch.no_grad():
        g.mix.fill_(1.0)
        g.root.zero_()
        g.bias.zero_()
        g.bases[0] = torch.tensor([[0.0] * 3, [1.0] * 3, [5.0] * 3, [7.0] * 3])
    assert g()[3].tolist() == [4.0, 4.0, 4.0]  # (1 + 5) / 2 + 1


def with_words(edges, entities, relations, width, seed=0):
    torch.manual_seed(seed)
    found = GraphWithWords(np.array(edges, dtype=np.int64), entities, relations, 3, 2, width)
    torch.nn.init.normal_(found.bias)
    found.said[1:3] = torch.randn(2, width)
    return found


def test_words_begin_as_nothing_and_learn_from_the_first_step():
    edges = [[1, 2], [2, 3], [0, 0]]
    plain, told = encoder(edges, 3, 1), with_words(edges, 3, 1, 5)
    assert torch.equal(plain(), told())
    told().square().sum().backward()
    assert told.project.grad.abs().sum() > 0


def test_a_state_is_that_of_the_graph_and_the_projected_words():
    told = with_words([[1], [2], [0]], 3, 1, 5)
    torch.nn.init.normal_(told.project)
    plain = encoder([[1], [2], [0]], 3, 1)
    wanted = plain() + torch.stack([told.project @ w for w in told.said.float()])
    torch.testing.assert_close(told(), wanted)
    # Nothing is said of entity 3 and of padding.
    assert torch.equal(told()[[0, 3]], plain()[[0, 3]])


def test_words_are_frozen_and_saved():
    told = with_words([[1], [2], [0]], 3, 1, 5)
    assert "said" not in dict(told.named_parameters()) and "said" in told.state_dict()

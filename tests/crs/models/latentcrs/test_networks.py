"""The probabilities of LatentCRS on small tensors, and the sanity values of docs/latentcrs.md."""

import copy

import pytest
import torch

from crs.models.latentcrs.networks import LatentCRS, exact_posterior
from crs.models.latentcrs.training import EMTraining, Prepared

B, K, D, N, T = 12, 4, 8, 20, 6


@pytest.fixture
def model() -> LatentCRS:
    torch.manual_seed(0)
    items = torch.cat([torch.zeros(1, D), torch.randn(N, D)])
    return LatentCRS(items, torch.randn(K, D), T, text_hidden=16, hidden=12, dropout=0.0)


@pytest.fixture
def cases() -> Prepared:
    torch.manual_seed(1)
    y = torch.randint(1, N + 1, (B,))
    none = (torch.empty(0, dtype=torch.long), torch.empty(0, dtype=torch.long))
    return Prepared(torch.randn(B, D), torch.randn(B, T), y, none)


def training(model, cases, options, phase="em"):
    module = EMTraining(model, options, phase, cases, cases)
    module.begin_pass(module.passes()[0])
    return module


def log_likelihood(model, cases):
    prior = model.generative.log_prior(cases.h, cases.x)
    return model.log_joint(prior, cases.y).logsumexp(1).mean()


def test_log_joint_is_bayes_rule_done_slowly(model, cases):
    p = model.generative
    prior = torch.softmax(p.fusion(cases.h, cases.x) @ p.intents.T, 1)
    given = torch.softmax(p.intent_queries() @ model.items[1:].T, 1)
    joint = prior * given[:, cases.y - 1].T
    torch.testing.assert_close(model.log_joint(p.log_prior(cases.h, cases.x), cases.y).exp(), joint)
    gamma = exact_posterior(
        p.log_prior(cases.h, cases.x), p.scores(model.items[cases.y]), p.log_z(model.real_items)
    )
    torch.testing.assert_close(gamma, joint / joint.sum(1, keepdim=True))


def test_posterior_is_detached(model, cases):
    p = model.generative
    prior = p.log_prior(cases.h, cases.x)
    gamma = exact_posterior(prior, p.scores(model.items[cases.y]), p.log_z(model.real_items))
    assert not gamma.requires_grad


def test_item_probabilities_sum_to_one_and_padding_has_none(model):
    table = model.item_probabilities()
    torch.testing.assert_close(table.sum(0), torch.ones(K))
    assert (table[0] == 0).all()


def test_mixture_is_the_predictive(model, cases):
    prior = model.generative.log_prior(cases.h, cases.x)
    predictive = prior.exp() @ model.item_probabilities().T
    chosen = predictive.gather(1, cases.y[:, None])[:, 0].log().mean()
    torch.testing.assert_close(chosen, log_likelihood(model, cases))


def test_elbo_equals_log_likelihood_where_q_is_gamma(model, cases):
    prior = model.generative.log_prior(cases.h, cases.x)
    joint = model.log_joint(prior, cases.y)
    gamma = torch.softmax(joint, 1)
    elbo = (gamma * (joint - gamma.log())).sum(1).mean()
    torch.testing.assert_close(elbo, log_likelihood(model, cases))


def test_an_em_step_does_not_lower_the_log_likelihood(model, cases, em_options):
    module = training(model, cases, em_options)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    before = log_likelihood(model, cases).item()
    for _ in range(5):
        optimizer.zero_grad()
        module.e_step(cases.h, cases.x, cases.y).backward()
        optimizer.step()
        optimizer.zero_grad()
        module.m_step(cases.h, cases.x, cases.y).backward()
        optimizer.step()
        after = log_likelihood(model, cases).item()
        assert after >= before
        before = after


def test_m_step_gradient_is_that_of_the_expected_joint(model, cases, em_options):
    """Fisher's identity: d log sum_m p_m = sum_m gamma_m d log p_m."""
    module, p = training(model, cases, em_options), model.generative
    module.m_step(cases.h, cases.x, cases.y).backward()
    direct = p.intents.grad.clone()
    p.intents.grad = None
    joint = model.log_joint(p.log_prior(cases.h, cases.x), cases.y)
    gamma = torch.softmax(joint, 1).detach()
    (-(gamma * joint).sum(1).mean()).backward()
    torch.testing.assert_close(p.intents.grad, direct)


def test_the_e_step_moves_q_alone_and_the_m_step_p_alone(model, cases, em_options):
    module = training(model, cases, em_options)
    module.e_step(cases.h, cases.x, cases.y).backward()
    assert all(p.grad is None for p in model.generative.parameters())
    assert all(p.grad is not None for p in model.behaviour.parameters())
    model.zero_grad()
    module.m_step(cases.h, cases.x, cases.y).backward()
    assert all(p.grad is not None for p in model.generative.parameters())
    assert all(p.grad is None for p in model.behaviour.parameters())


def test_with_one_intent_every_user_gets_the_same_ranking(cases):
    torch.manual_seed(0)
    items = torch.cat([torch.zeros(1, D), torch.randn(N, D)])
    model = LatentCRS(items, torch.randn(1, D), T, text_hidden=16, hidden=12, dropout=0.0)
    prior = model.generative.log_prior(cases.h, cases.x).exp()
    scores = prior @ model.item_probabilities().T
    assert (scores == scores[0]).all()


def test_permuting_intents_changes_nothing(model, cases):
    other = copy.deepcopy(model)
    order = torch.tensor([2, 0, 3, 1])
    other.generative.intents.data = model.generative.intents.data[order]
    torch.testing.assert_close(log_likelihood(other, cases), log_likelihood(model, cases))
    q, other_q = (m.behaviour.log_q(cases.h, m.generative.intents) for m in (model, other))
    torch.testing.assert_close(other_q, q[:, order])


def test_distillation_learns_the_marginal_of_gamma():
    """KL(gamma || q) is least at q = E[gamma | u]: one user, two texts."""
    log_q = torch.zeros(1, 3, requires_grad=True)
    gamma = torch.tensor([[0.8, 0.1, 0.1], [0.2, 0.3, 0.5]])
    optimizer = torch.optim.SGD([log_q], lr=1.0)
    for _ in range(500):
        optimizer.zero_grad()
        (-(gamma * torch.log_softmax(log_q, 1)).sum(1).mean()).backward()
        optimizer.step()
    torch.testing.assert_close(torch.softmax(log_q, 1)[0], gamma.mean(0), atol=1e-4, rtol=1e-4)

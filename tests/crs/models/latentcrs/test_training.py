"""What an epoch of EM records, and that shuffled texts change the ranking."""

import torch

from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.models.latentcrs.networks import Direct, LatentCRS
from crs.models.latentcrs.training import PHASES, DirectTraining, EMTraining, Prepared

N, D, T, K = 12, 4, 4, 3


def prepared(n: int = 30) -> Prepared:
    """Users whose text names their next item."""
    torch.manual_seed(3)
    items = torch.randint(1, N + 1, (n * 6,))
    sequences = Sequences(items, torch.cat([torch.zeros(1, dtype=torch.long),
                                            torch.arange(0, n * 6 + 1, 6)]), N)  # fmt: skip
    user = torch.arange(1, n + 1)
    cases = Cases(sequences, user, torch.full((n,), 5))
    cases.text = torch.nn.functional.one_hot(cases.target % T, T).float()
    return Prepared.of(cases, torch.randn(n, D))


def model() -> LatentCRS:
    items = torch.cat([torch.zeros(1, D), torch.randn(N, D)])
    return LatentCRS(items, torch.randn(K, D), T, text_hidden=8, hidden=8, dropout=0.0)


def test_every_phase_reports_its_monitor(em_options):
    cases = prepared()
    for phase in PHASES:
        assert "ndcg@10" in EMTraining(model(), em_options, phase, cases, cases).validate_epoch()


def test_the_log_has_what_section_11_asks_for(em_options):
    cases = prepared()
    seen = EMTraining(model(), em_options, "em", cases, cases).validate_epoch()
    assert {
        "log_likelihood", "elbo", "elbo_reconstruction", "elbo_kl", "entropy_gamma", "entropy_q",
        "entropy_p", "dead_intents", "shuffled_drop", "no_text/ndcg@10", "linear/ndcg@10",
        "mixture/ndcg@10", "linear/hr@10",
    } <= set(seen)  # fmt: skip
    assert seen["elbo"] <= seen["log_likelihood"]


def test_shuffled_texts_change_the_ranking(em_options):
    cases = prepared()
    module = DirectTraining(Direct(model().items, T, 8, 8, 0.0), cases, cases)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        module.record = lambda *a: None
        module.training_step(torch.arange(30), 0).backward()
        optimizer.step()
    module.eval()
    right = cases.ndcg(module.model.fusion(cases.h, cases.x).detach(), module.model.items)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    wrong = cases.ndcg(module.model.fusion(cases.h, cases.x[order]).detach(), module.model.items)
    assert right["ndcg@10"] > wrong["ndcg@10"]

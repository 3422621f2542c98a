"""EM for LatentCRS: three phases over cases whose states are computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from crs.data.cases import Cases
from crs.evaluation.metrics import means
from crs.evaluation.ranking import ranks
from crs.models.latentcrs import released
from crs.models.latentcrs.networks import Direct, LatentCRS, exact_posterior
from crs.models.latentcrs.recipe import EM
from crs.nn.losses import linear_cross_entropy
from crs.training.loop import TrainingTask

PHASES = {"behaviour": ["e"], "generative": ["m"], "distil": ["e"], "em": ["e", "m"]}
"""1: q alone on its item loss; 2: p with gamma from the current p, and q distilled at its end;
3: a full E pass, then a full M pass."""
DEAD = 0.1
"""An intent is dead if it gets less than this share of an even part of the posterior."""


def expected(p: Tensor, values: Tensor) -> float:
    """sum_m p_m f_m, the mean over cases, of probabilities and values [B, K], without a temporary.

    Where p_m is 0 its f_m must be finite.
    """
    return torch.dot(p.flatten(), values.flatten()).item() / len(p)


@dataclass
class Prepared:
    """Cases with what the frozen encoder makes of them.

    Attributes:
        h: states, [n, d].
        x: text vectors, [n, D].
        y: targets, [n].
    """

    h: Tensor
    x: Tensor
    y: Tensor
    seen: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, cases: Cases, h: Tensor) -> "Prepared":
        """From cases with text and their states."""
        assert cases.text is not None
        return cls(h, cases.text, cases.target, cases.excluded)

    def ndcg(self, queries: Tensor, items: Tensor) -> dict[str, float]:
        """Metrics at 10 over the whole catalogue, seen items out."""
        found = ranks(queries, (items, None), self.y, self.seen, n_items=len(items) - 1).numpy()
        return means(found)


class Fitted(TrainingTask):
    """What EM and the direct model share: prepared cases, batches of them by number."""

    def __init__(self, train: Prepared, valid: Prepared) -> None:
        super().__init__()
        self.train_cases, self.valid_cases = train, valid
        # One fixed shuffle of the validation texts: is the text used at all?
        order = torch.randperm(len(valid.y), generator=torch.Generator().manual_seed(0))
        self.shuffled = order

    def cases(self) -> int:
        """Training cases."""
        return len(self.train_cases.y)

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """h, x and y of some training cases, on the module's device."""
        cases, index = self.train_cases, index.cpu()
        # Whole rows: several times quicker than x[index].
        h, x, y = (field.index_select(0, index) for field in (cases.h, cases.x, cases.y))
        return h.to(self.device), x.to(self.device), y.to(self.device)


class EMTraining(Fitted):
    """One phase of EM.

    The E loss reaches q alone and the M loss p alone (what they share is read detached), and Adam
    leaves alone what has no gradient: one optimiser serves both passes.
    """

    def __init__(
        self, model: LatentCRS, options: EM, phase: str, train: Prepared, valid: Prepared
    ) -> None:
        super().__init__(train, valid)
        self.model, self.options, self.phase = model, options, phase
        self.pass_log_z: Tensor | None = None

    def passes(self) -> list[str]:
        """The passes of an epoch of this phase."""
        return PHASES[self.phase]

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """Loss of the E or the M step on a batch of case numbers."""
        kind = self.passes()[batch_index // self.batches()]
        if batch_index % self.batches() == 0:
            self.begin_pass(kind)
        h, x, y = self.batch(batch)
        loss = self.e_step(h, x, y) if kind == "e" else self.m_step(h, x, y)
        loss = self.overall(loss, len(y))
        self.record(f"loss_{kind}", loss)
        return loss

    def begin_pass(self, kind: str) -> None:
        """The network that is not trained has no dropout, and in an E pass one log Z."""
        self.model.generative.train(kind == "m")
        self.model.behaviour.train(kind == "e")
        self.pass_log_z = None
        if kind == "e" and self.options.posterior == "exact":
            with torch.no_grad():
                self.pass_log_z = self.model.generative.log_z(self.model.real_items)

    def candidates(self, y: Tensor) -> Tensor:
        """The released candidate lists, [B, c]."""
        return released.draw_candidates(y, len(self.model.real_items), self.options.candidates)

    def e_step(self, h: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """-sum_m gamma_m log q_m + w_e CE(r . e_i, y): distils the exact posterior into q."""
        p, q, w_e = self.model.generative, self.model.behaviour, self.options.w_e
        alone = self.phase == "behaviour"
        if self.options.posterior == "amortised":
            return released.e_loss(self.model, h, x, self.candidates(y), w_e, not alone)
        log_q = q.log_q(h, p.intents)
        query = q.item_query(log_q, p.intents)
        loss = w_e * linear_cross_entropy(query, self.model.real_items, y - 1)
        if alone:
            return loss
        assert self.pass_log_z is not None
        with torch.no_grad():
            scores_y = p.scores(self.model.items[y])
            gamma = exact_posterior(p.log_prior(h, x), scores_y, self.pass_log_z)
        return loss - (gamma * log_q).sum(1).mean()

    def m_step(self, h: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """-log sum_m p(m|u,x) p(y|m) + w_r CE(linear scores, y).

        By Fisher's identity the gradient of the first term is that of
        -sum_m gamma_m [ log p(m|u,x) + log p(y|m) ] with the exact gamma.
        """
        model, options = self.model, self.options
        if options.posterior == "amortised":
            lists = self.candidates(y)
            return released.m_loss(model, h, x, lists, options.w_r, options.w_n)
        log_prior = model.generative.log_prior(h, x)
        loss = -model.log_joint(log_prior, y).logsumexp(1).mean()
        if options.w_r:
            linear = log_prior.exp() @ model.generative.intent_queries()
            loss = loss + options.w_r * linear_cross_entropy(linear, model.real_items, y - 1)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """Log-likelihood, the ELBO of q and its terms, entropies, dead intents, all scorers."""
        device = self.device
        model, cases = self.model.cpu().eval(), self.valid_cases
        p, q = model.generative, model.behaviour
        log_q = q.log_q(cases.h, p.intents)
        out = {
            f"no_text/{k}": v
            for k, v in cases.ndcg(q.item_query(log_q, p.intents), model.items).items()
        }
        if "m" not in self.passes():
            out["ndcg@10"] = out["no_text/ndcg@10"]
            model.to(device)
            return out
        projected = p.fusion.project(cases.x)
        log_prior = p.log_prior_of(p.fusion.join(cases.h, projected))
        prior, q_m = log_prior.exp(), log_q.exp()
        joint = model.log_joint(log_prior, cases.y)
        evidence = joint.logsumexp(1, keepdim=True)
        log_gamma = joint - evidence
        gamma = log_gamma.exp()
        reconstruction = expected(q_m, joint) - expected(q_m, log_prior)
        divergence = expected(q_m, log_q) - expected(q_m, log_prior)
        share = gamma.mean(0) * gamma.shape[1]
        out |= {
            "log_likelihood": evidence.mean().item(),
            "elbo": reconstruction - divergence,
            "elbo_reconstruction": reconstruction,
            "elbo_kl": divergence,
            "dead_intents": (share < DEAD).float().mean().item(),
            "entropy_gamma": -expected(gamma, log_gamma),
            "entropy_q": -expected(q_m, log_q),
            "entropy_p": -expected(prior, log_prior),
        }
        queries = p.intent_queries()
        linear = cases.ndcg(prior @ queries, model.items)
        out |= {f"linear/{k}": v for k, v in linear.items()}
        mixture = cases.ndcg(prior, model.item_probabilities())
        out |= {f"mixture/{k}": v for k, v in mixture.items()}
        # By the linear scorer: both objectives train it, and it costs d, not K, an item.
        elsewhere = p.log_prior_of(p.fusion.join(cases.h, projected[self.shuffled])).exp()
        shuffled = cases.ndcg(elsewhere @ queries, model.items)
        out["shuffled_drop"] = linear["ndcg@10"] - shuffled["ndcg@10"]
        # The released objective trains the linear scorer, ours the mixture.
        main = "linear" if self.options.posterior == "amortised" else "mixture"
        out["ndcg@10"] = out[f"{main}/ndcg@10"]
        model.to(device)
        return out


class DirectTraining(Fitted):
    """The model without intents: cross-entropy of z . e_i over the whole catalogue."""

    def __init__(self, model: Direct, train: Prepared, valid: Prepared) -> None:
        super().__init__(train, valid)
        self.model = model

    def training_step(self, batch: Tensor, batch_index: int) -> Tensor:
        """CE(z . e_i, y)."""
        h, x, y = self.batch(batch)
        loss = linear_cross_entropy(self.model.fusion(h, x), self.model.items[1:], y - 1)
        loss = self.overall(loss, len(y))
        self.record("loss", loss)
        return loss

    @torch.no_grad()
    def validate_epoch(self) -> dict[str, float]:
        """HR and NDCG at 10."""
        device = self.device
        model, cases = self.model.cpu().eval(), self.valid_cases
        out = cases.ndcg(model.fusion(cases.h, cases.x), model.items)
        model.to(device)
        return out

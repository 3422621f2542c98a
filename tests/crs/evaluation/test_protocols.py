"""Ranks under each protocol."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from crs.data.cases import Cases
from crs.data.sequences import Sequences
from crs.errors import UserError
from crs.evaluation import evaluate
from crs.evaluation.metrics import RANK_METRICS, per_case
from crs.models.popularity.scorers import Popularity
from crs.settings.check import check
from crs.stages.evaluation import Evaluate
from crs.testing.histories import sequences
from tests.contracts.scorers import OPTIONS, Fixed, Oracle, case_ranks
from tests.contracts.tiny import artifact, config, made, shared


def test_data_with_repeats_do_not_give_the_target_away():
    """A scorer that knows the history and no more has no better rank under `full` than with the
    history in, because the target would be all that is left of it."""
    data = replace(sequences([1, 2, 1, 2, 1, 2, 1]), repeats=None)
    cases = Cases(data, torch.tensor([1]), torch.tensor([6]))
    scorer = Fixed(0.0, 1.0, 2.0)
    found = {name: case_ranks(scorer, cases, config(f"evaluation={name}").evaluation)[name]
             for name in ("full", "latentcrs_as_released", "iclrec_as_released")}  # fmt: skip
    assert data.repeating and found["full"].tolist() == [2.0]
    assert found["latentcrs_as_released"].tolist() == [2.0]
    assert found["iclrec_as_released"].tolist() == [2.0]  # all three are 0: as released
    alone = Cases(replace(data, repeats=0.0), cases.row, cases.cut)
    assert case_ranks(scorer, alone, OPTIONS)["full"].tolist() == [1.0]


def test_protocols_treat_the_history_and_padding_as_they_say():
    data = sequences([1, 2, 3, 4, 5])
    cases = Cases(data, torch.tensor([1]), torch.tensor([4]))

    # Padding, five items and a mask row; the target has -1.
    scorer = Fixed(-0.5, -2.0, -2.0, 3.0, 3.0, -1.0, -0.6)
    full = case_ranks(scorer, cases, OPTIONS)["full"]
    zero, kept = (
        case_ranks(scorer, cases, config(f"evaluation={name}").evaluation)[name]
        for name in ("iclrec_as_released", "latentcrs_as_released")
    )
    assert (full.tolist(), zero.tolist(), kept.tolist()) == ([1.0], [7.0], [5.0])


def test_the_second_protocol_ranks_among_the_sampled_items():
    """Item i scores i: target 3 is second of 3, 4 and 1, and third of the six items."""

    class Counting:
        sees = "nothing"

        def queries(self, cases):
            return torch.ones(len(cases), 1)

        def catalogue(self):
            return torch.arange(6.0)[:, None], None

    data = sequences([1, 2, 3], items=5)
    settings = replace(OPTIONS, candidates="random", seen="in")
    # Where no attribute is asked for other items are drawn, and the protocol has another name.
    for known, name in ((torch.tensor([[0.0, 1.0]]), "sampled_100"), (None, "sampled_100_of_all")):
        cases = Cases(data, torch.tensor([1]), torch.tensor([2]), known=known)
        found = case_ranks(Counting(), cases, settings, torch.tensor([[3, 4, 1, 0]]))
        assert {key: r.tolist() for key, r in found.items()} == {"full": [3.0], name: [2.0]}


@pytest.mark.parametrize("name", ["sampled_100", "first_100", "sampled_100_of_all"])
def test_the_name_of_a_second_protocol_is_no_name_of_a_first(name):
    with pytest.raises(UserError, match=f"protocol={name}: .* type evaluation=full_and_sampled"):
        check(config("model=popularity", f"evaluation.protocol={name}", "evaluation.seen=in"))


def test_items_with_the_attribute_are_not_taken_where_none_is_asked_for(inputs, tmp_path):
    settings = replace(OPTIONS, candidates="first", seen="in")
    inputs = {name: inputs[name] for name in ("dataset", "samples")}
    with pytest.raises(UserError, match=r"ask for none; type evaluation\.candidates=random"):
        made(evaluate, Evaluate("popularity", 3, settings, []), inputs, tmp_path / "evaluate")


def test_both_protocols_stand_in_one_table(inputs, tmp_path, monkeypatch):
    def scorers(found):
        data = Sequences.of(found["dataset"])
        return {"popularity": Popularity(data), "toy": Oracle(data.n_items, 0.5)}

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
    settings = replace(OPTIONS, candidates="random")
    found = made(evaluate, Evaluate("toy", 3, settings, ["toy"]), inputs, tmp_path / "evaluate")
    long, ranks = found.load("results.parquet"), found.load("ranks.parquet")
    assert set(long["protocol"]) == set(ranks["protocol"]) == {"full", "sampled_100"}
    counts = long.groupby(["scorer", "split", "metric", "k"])["protocol"].nunique()
    ranked = counts.index.get_level_values("metric").isin(RANK_METRICS)
    assert (counts[ranked] == 2).all() and (counts[~ranked] == 1).all()
    main = long[(long["protocol"] == "full") & (long["split"] == "test")]
    best = main[(main["scorer"] == "toy") & (main["metric"] == "ndcg") & (main["k"] == 10)]
    assert found.summary["ndcg@10"] == best["value"].item()
    assert "protocol `sampled_100`" in (found.path / "results.md").read_text()


@pytest.mark.slow
def test_the_released_encoder_of_beauty_has_its_published_scores(tmp_path):
    from crs.data.build_dataset import tables
    from crs.data.cases import Cases
    from crs.data.readers import iclrec_text
    from crs.data.sequences import leave_one_out
    from crs.nn.sequential import Sequential, States
    from pre_rec_model import checkpoint

    settings = config("dataset=beauty", "evaluation=iclrec_as_released", "model=iclrec")
    raw = iclrec_text.read(shared("amazon-2014/Beauty.txt"), settings.dataset)
    found = tables(raw, settings.dataset)
    beauty = artifact(
        tmp_path / "beauty", {"items": len(found["items"]), "attributes": 0}, items=found["items"]
    )
    rows = found["interactions"]
    data = sequences(*rows.groupby("user")["item"].agg(list))
    path = shared("iclrec-checkpoint/ICLRec-Beauty-1.pt")
    encoder, shape = checkpoint.load(path, beauty, settings.pretrain.heads, "post")
    assert shape["layers"] == 1 and shape["max_len"] == 50
    cases = Cases(data, *leave_one_out(data, "test"))
    scorer, protocol = Sequential(States(encoder.eval())), settings.evaluation.protocol
    found = case_ranks(scorer, cases, settings.evaluation)[protocol]
    scores = {key: round(v.mean(), 4) for key, v in per_case(found, [5, 10, 20]).items()}
    assert [scores["hr", k] for k in (5, 10, 20)] == [0.0500, 0.0744, 0.1058]
    assert [scores["ndcg", k] for k in (5, 10, 20)] == [0.0326, 0.0403, 0.0483]

import re
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from crs.data.sequences import Sequences
from crs.errors import NotFiniteError
from crs.evaluation import evaluate, report
from crs.evaluation.evaluate import comparisons, default_scorer, shuffled_texts
from crs.evaluation.list_metrics import LIST_METRICS, Catalogue, coverage, diversity, novelty
from crs.evaluation.metrics import RANK_METRICS, metric, per_case
from crs.evaluation.results import COLUMNS, headline
from crs.models.popularity.scorers import Popularity
from crs.stages.evaluation import Evaluate
from tests.contracts.tiny import (
    artifact,
    config,
    context,
    dataset,
    made,
    sequences,
    shared,
    spoken,
)

OPTIONS = replace(config().evaluation, ks=[5, 10], resamples=50, permutations=99)


def case_ranks(scorer, cases, settings, *rivals):
    """Ranks of a scorer, by protocol."""
    return evaluate.case_ranks(scorer.queries(cases), scorer.catalogue(), cases, settings, *rivals)


class Oracle:
    """Knows the target in so many of the cases; or hears of it, when the text is its own."""

    def __init__(self, items, share, sees="history"):
        self.items, self.share, self.sees = items, share, sees

    def queries(self, cases):
        target = cases.target if "text" not in self.sees else cases.text[:, 0].long()
        known = torch.arange(len(cases)) < self.share * len(cases)
        return torch.eye(self.items + 1)[target] * known[:, None]

    def catalogue(self):
        return torch.eye(self.items + 1), None


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The texts' vectors name the target in their first number."""
    root = tmp_path_factory.mktemp("evaluate")
    inputs = spoken(root)
    frame = inputs["simulate"].load("utterances.parquet")
    frame["dropped"] = False
    vectors = np.zeros((len(frame), 4), np.float16)
    vectors[:, 0] = frame["target"]
    index = np.arange(len(frame))
    inputs["simulate"] = artifact(
        root / "said", {"leak_exact": 0.25, "leak_fuzzy": 0.0}, utterances=frame
    )
    inputs["embed"] = artifact(root / "vectors", {}, vectors=vectors, index=index)
    return inputs


@pytest.fixture(scope="module")
def result(inputs, tmp_path_factory):
    """`evaluate` of a toy model with three scorers and popularity."""

    def scorers(found):
        data = Sequences.of(found["dataset"])
        return {
            "popularity": Popularity(data),
            "toy half": Oracle(data.n_items, 0.5),
            "toy text": Oracle(data.n_items, 1.0, "history + text"),
            "other": Oracle(data.n_items, 1.0),
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
        folder = tmp_path_factory.mktemp("result") / "evaluate"
        return made(evaluate, Evaluate("toy", 3, OPTIONS), inputs, folder)


@pytest.fixture(scope="module")
def long(result):
    return result.load("results.parquet")


def test_the_table_has_its_columns_and_labels(long):
    assert list(long.columns) == COLUMNS
    constant = long[["dataset", "model", "protocol", "seed"]].drop_duplicates()
    assert constant.to_numpy().tolist() == [["tiny (generated)", "toy", "full", 3]]
    assert set(long["metric"]) == {"hr", "ndcg", "mrr", "coverage", "novelty", "diversity"}
    assert set(long["k"]) == {5, 10}
    assert set(long["split"]) == {"valid", "test"}
    assert set(long["fingerprint"]) == {"0" * 16}
    assert not long[long["metric"] != "coverage"].isna().any().any()
    whole = long[long["metric"] == "coverage"]
    assert not whole["value"].isna().any() and whole[["low", "high"]].isna().all().all()


def test_one_row_a_figure(long):
    key = ["scorer", "split", "slice", "metric", "k"]
    assert not long.duplicated(key).any()
    assert len(long) == (4 + 1) * 2 * 6 * 2


def test_metrics_of_lists_are_those_of_the_lists_that_are_kept(result, long, inputs):
    """`topk.parquet` is enough to compute them again."""
    dataset, found = inputs["dataset"], result.load("topk.parquet")
    counts = np.bincount(
        [item for items in dataset.load("interactions.parquet").groupby("user")["item"]
         .agg(list) for item in items[:-2]], minlength=dataset.summary["items"] + 1
    )  # fmt: skip
    catalogue = Catalogue.of(counts, dataset.load("items.parquet")["attributes"])
    for (split, scorer, part), group in found.groupby(["split", "scorer", "slice"]):
        lists = np.stack(group["items"])
        assert lists.shape[1] == 10
        rows = long[(long["scorer"] == scorer) & (long["split"] == split)
                    & (long["slice"] == part)].set_index(["metric", "k"])  # fmt: skip
        for k in (5, 10):
            assert rows.loc[("coverage", k), "value"] == coverage(lists[:, :k], catalogue)
            for one in (novelty, diversity):
                row, values = rows.loc[(one.__name__, k)], one(lists[:, :k], catalogue)
                assert row["value"] == pytest.approx(np.nanmean(values))
                assert row["low"] <= row["value"] <= row["high"]
                assert row["cases"] == np.isfinite(values).sum()


def test_a_list_holds_what_may_be_recommended_and_a_hit_is_a_target_in_it(result, inputs):
    """No item of the history; an item of rank r stands at place r where nothing ties with it."""
    ranks, lists = result.load("ranks.parquet"), result.load("topk.parquet")
    assert lists[["split", "scorer", "slice", "user", "cut"]].equals(
        ranks[["split", "scorer", "slice", "user", "cut"]]
    )
    data = Sequences.of(inputs["dataset"])
    for items, (user, cut, target, rank) in zip(
        lists["items"],
        ranks[["user", "cut", "target", "rank"]].itertuples(index=False),
        strict=True,
    ):
        start = data.offsets[user]
        history = set(data.items[start : start + cut].tolist())
        assert not history & set(items) and min(items) >= 0
        if rank == 1.0:
            assert items[0] == target


def test_metrics_of_lists_stand_in_a_table_below(result, long):
    text = (result.path / "results.md").read_text()
    first, second = (
        text.index("| NDCG@10 "),
        text.index("| Coverage@10 | Novelty@10 | Diversity@10"),
    )
    assert first < text.index("Test split, protocol") < second
    assert all(one.label not in text[:second] for one in LIST_METRICS.values())
    row = long[(long["scorer"] == "toy half") & (long["split"] == "test") & (long["k"] == 10)]
    cells = [f"{row[row['metric'] == name]['value'].item():.4f}" for name in LIST_METRICS]
    assert [cell.strip() for cell in text[second:].splitlines()[3].split("|")[2:-1]] == cells
    assert result.summary["coverage@10"] > 0 and "diversity@10" in result.summary


def test_without_attributes_diversity_is_left_out_with_a_word(inputs, tmp_path, monkeypatch):
    def scorers(found):
        return {"toy": Popularity(Sequences.of(found["dataset"]))}

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
    plain = dataset(tmp_path)
    items = plain.load("items.parquet")
    items["attributes"] = [[] for _ in range(len(items))]
    items.to_parquet(plain.path / "items.parquet", index=False)
    found = made(evaluate, Evaluate("toy", 3, OPTIONS), {"dataset": plain}, tmp_path / "out")
    assert "diversity" not in set(found.load("results.parquet")["metric"])
    text = (found.path / "results.md").read_text()
    assert "Diversity is left out: no list has two items with attributes." in text
    assert "| Coverage@10 | Novelty@10 |" in text


def test_a_new_metric_of_ranks_is_one_function(inputs, tmp_path, monkeypatch):
    """It stands in the results, the printed table, the summary and what W&B gets."""
    monkeypatch.setitem(RANK_METRICS, "top", None)  # taken out again after the test

    @metric(RANK_METRICS, "TOP", "[r = 1]", "nobody")
    def top(ranks, k):
        """Share of cases whose target is first."""
        return (ranks == 1).astype(float)

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(
        scorers=lambda found: {"toy": Oracle(30, 1.0)}))  # fmt: skip
    tables = {}
    quiet = context()
    quiet.tracker.table = lambda name, frame: tables.update({name: frame})
    summary = evaluate.run(Evaluate("toy", 3, OPTIONS), inputs, tmp_path, quiet)
    long = pd.read_parquet(tmp_path / "results.parquet")
    assert (long[long["metric"] == "top"]["value"] == 1.0).all()
    assert "TOP@10" in (tmp_path / "results.md").read_text()
    assert tables["evaluate/results"]["TOP@10"].tolist() == ["1.0000"]
    assert "Coverage@10" in tables["evaluate/lists"]
    assert summary["top@10"] == 1.0


def test_texts_are_shuffled_for_those_who_see_them(long):
    slices = long.groupby("scorer")["slice"].agg(lambda x: set(x.unique())).to_dict()
    assert slices == {
        "popularity": {"all"}, "toy half": {"all"}, "other": {"all"},
        "toy text": {"all", "texts shuffled"},
    }  # fmt: skip


def test_a_scorer_of_texts_falls_when_they_are_shuffled(long):
    part = long[(long["scorer"] == "toy text") & (long["metric"] == "ndcg")]
    means = part.groupby("slice")["value"].mean()
    assert means["all"] == 1.0 and means["texts shuffled"] < 0.5


def test_each_scorer_says_what_it_sees(long):
    sees = long.drop_duplicates("scorer").set_index("scorer")["sees"].to_dict()
    assert sees == {
        "popularity": "nothing", "toy half": "history", "toy text": "history + text",
        "other": "history",
    }  # fmt: skip


def test_figures_are_means_over_the_ranks_and_lie_in_their_intervals(result, long):
    found = result.load("ranks.parquet")
    for (scorer, split, part), group in found.groupby(["scorer", "split", "slice"]):
        rows = long[(long["scorer"] == scorer) & (long["split"] == split)
                    & (long["slice"] == part)]  # fmt: skip
        values = per_case(group["rank"].to_numpy(), [5, 10])
        for row in rows[rows["metric"].isin(RANK_METRICS)].itertuples():
            assert row.value == pytest.approx(values[row.metric, row.k].mean())
            assert row.low <= row.value <= row.high and row.cases == len(group)


def test_ranks_are_those_of_the_targets(result, inputs):
    found = result.load("ranks.parquet")
    data = Sequences.of(inputs["dataset"])
    user, cut = (torch.tensor(found[name].to_numpy(copy=True)) for name in ("user", "cut"))
    assert data.at(user, cut).tolist() == found["target"].tolist()


def test_the_default_is_the_best_own_scorer(result):
    assert result.summary["default_scorer"] == "toy text"
    assert result.summary["ndcg@10"] == 1.0


def test_the_default_is_tested_against_all_others(result):
    tests = result.load("tests.parquet")
    assert set(tests["scorer"]) == {"toy text"}
    assert set(tests["against"]) == {"popularity", "toy half", "other"}
    equal = tests[tests["against"] == "other"]
    assert (equal["difference"] == 0).all() and (equal["p_holm"] == 1).all()
    assert (tests["p_holm"] >= tests["p"]).all()
    assert tests["difference"].between(tests["low"], tests["high"]).all()


def test_the_report_says_what_the_figures_are_worth(result):
    text = (result.path / "results.md").read_text()
    assert "### toy on tiny (generated)" in text
    assert "Generated data" in text and "Titles leaked in 25.00% (exact)" in text
    long = result.load("results.parquet")
    part = long[(long["split"] == "test") & (long["scorer"] == "toy text")]
    part = part[(part["metric"] == "ndcg") & (part["k"] == 10)].set_index("slice")["value"]
    mixed, whole = part[evaluate.SHUFFLED], part[evaluate.ALL]
    assert (
        f"toy text has NDCG@10 {mixed:.4f} instead of {whole:.4f} (drop {whole - mixed:.4f})"
    ) in text
    assert (result.path / "ndcg.png").stat().st_size > 1000


def long_of(**scores):
    """A long table of NDCG@10 of each scorer on validation and test."""
    rows = [
        {"split": split, "scorer": name, "slice": "all", "metric": "ndcg", "k": 10, "value": v}
        for name, pair in scores.items() for split, v in zip(("valid", "test"), pair, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows).sort_values("split", ascending=False)


def who(**sees):
    return {name: SimpleNamespace(sees=what) for name, what in sees.items()}


def test_the_default_scorer_is_chosen_on_validation():
    long = long_of(popularity=(0.9, 0.9), toy_a=(0.2, 0.8), toy_b=(0.3, 0.1))
    scorers = who(popularity="nothing", toy_a="history", toy_b="history")
    assert default_scorer(long, "toy", scorers) == "toy_b"


def test_a_scorer_of_texts_goes_before_one_without():
    long = long_of(toy_a=(0.9, 0.9), toy_b=(0.3, 0.1))
    assert default_scorer(long, "toy", who(toy_a="history", toy_b="history + text")) == "toy_b"


def test_a_model_of_two_words_knows_its_scorer():
    long = long_of(**{"popularity": (0.9, 0.9), "attribute filter": (0.2, 0.8)})
    scorers = who(**{"popularity": "nothing", "attribute filter": "attributes"})
    assert default_scorer(long, "attribute_filter", scorers) == "attribute filter"


def test_popularity_is_its_own_scorer():
    long = long_of(popularity=(0.9, 0.9))
    assert default_scorer(long, "popularity", who(popularity="nothing")) == "popularity"


def test_shuffling_moves_texts_and_nothing_else(inputs):
    cases = evaluate.case_sets(inputs, "test")["all"]
    mixed = shuffled_texts(cases, 1)
    assert torch.equal(mixed.row, cases.row) and torch.equal(mixed.cut, cases.cut)
    assert not torch.equal(mixed.text, cases.text)
    assert sorted(mixed.text[:, 0].tolist()) == sorted(cases.text[:, 0].tolist())
    assert torch.equal(shuffled_texts(cases, 1).text, mixed.text)


class Fixed:
    """The same scores for every case."""

    sees = "nothing"

    def __init__(self, *scores):
        self.items = torch.tensor(scores)[:, None]

    def queries(self, cases):
        return torch.ones(len(cases), 1)

    def catalogue(self):
        return self.items, None


def test_data_with_repeats_do_not_give_the_target_away():
    """A scorer that knows the history and no more has no better rank under `full` than with the
    history in, because the target would be all that is left of it."""
    data = replace(sequences([1, 2, 1, 2, 1, 2, 1]), repeats=None)
    cases = evaluate.Cases(data, torch.tensor([1]), torch.tensor([6]))
    scorer = Fixed(0.0, 1.0, 2.0)
    found = {name: case_ranks(scorer, cases, config(f"evaluation={name}").evaluation)[name]
             for name in ("full", "latentcrs_as_released", "iclrec_as_released")}  # fmt: skip
    assert data.repeating and found["full"].tolist() == [2.0]
    assert found["latentcrs_as_released"].tolist() == [2.0]
    assert found["iclrec_as_released"].tolist() == [2.0]  # all three are 0: as released
    alone = evaluate.Cases(replace(data, repeats=0.0), cases.row, cases.cut)
    assert case_ranks(scorer, alone, OPTIONS)["full"].tolist() == [1.0]


@pytest.fixture(scope="module")
def repeating(tmp_path_factory):
    """`evaluate` of popularity on data in which users take items again."""
    root = tmp_path_factory.mktemp("repeating")
    inputs = {"dataset": dataset(root, "dataset.duplicates=keep")}
    return made(evaluate, Evaluate("popularity", 3, OPTIONS), inputs, root / "evaluate")


def test_repeating_the_newest_stands_beside_where_users_take_items_again(repeating, long):
    found = repeating.load("results.parquet")
    assert set(found["scorer"]) == {"popularity", "repeat newest"}
    assert set(found["slice"]) == {"all", "repeats", "no_repeats"}
    assert "repeat newest" not in set(long["scorer"])
    part = found[(found["scorer"] == "repeat newest") & (found["slice"] == "no_repeats")]
    assert part[part["metric"] == "hr"]["value"].max() < 0.2  # by ties alone
    text = (repeating.path / "results.md").read_text()
    assert re.search(r"Users take items again here: \d+\.\d% of the training .*every case", text)
    assert "| repeats " in text and "| no_repeats " in text


def test_scores_that_are_not_finite_name_the_scorer(inputs, tmp_path, monkeypatch):
    scorers = {"toy": Fixed(*[torch.nan] * 31)}
    monkeypatch.setitem(
        sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=lambda _: scorers)
    )
    with pytest.raises(NotFiniteError, match="scorer toy: a score is not finite"):
        made(evaluate, Evaluate("toy", 3, OPTIONS), inputs, tmp_path)


def test_protocols_treat_the_history_and_padding_as_they_say():
    data = sequences([1, 2, 3, 4, 5])
    cases = evaluate.Cases(data, torch.tensor([1]), torch.tensor([4]))

    # Padding, five items and a mask row; the target has -1.
    scorer = Fixed(-0.5, -2.0, -2.0, 3.0, 3.0, -1.0, -0.6)
    full = case_ranks(scorer, cases, OPTIONS)["full"]
    zero, kept = (
        case_ranks(scorer, cases, config(f"evaluation={name}").evaluation)[name]
        for name in ("iclrec_as_released", "latentcrs_as_released")
    )
    assert (full.tolist(), zero.tolist(), kept.tolist()) == ([1.0], [7.0], [5.0])


def test_a_slice_is_scored_over_its_cases_and_intervals_resample_clusters():
    """Ranks 1, 2, 1, 4; HR@1 is 1/2 over all and 1 where the mask holds (cases 1 and 3). Two
    clusters with hits (1, 0) and (1, 0): each resample has a mean of 1/2, so the interval of the
    whole has no width; resampling single cases would give it some."""
    data = sequences([1, 2], [1, 2], [1, 2], [1, 2])
    mask = torch.tensor([True, False, True, False])
    cases = evaluate.Cases(
        data, torch.arange(1, 5), torch.ones(4, dtype=torch.long),
        slices={"marked": mask, "none": torch.zeros(4, dtype=torch.bool)},
        cluster=torch.tensor([7, 7, 9, 9]),
    )  # fmt: skip
    found = evaluate.Ranked("toy", "all", np.array([1.0, 2.0, 1.0, 4.0]), cases, "full")
    long = evaluate.table([found], replace(OPTIONS, ks=[1]))
    first = long[(long["metric"] == "hr") & (long["k"] == 1)].set_index("slice")
    assert first["value"].to_dict() == {"all": 0.5, "marked": 1.0}
    assert first["cases"].to_dict() == {"all": 4, "marked": 2}
    assert (first.loc["all", "low"], first.loc["all", "high"]) == (0.5, 0.5)


def test_the_second_protocol_ranks_among_the_rivals():
    """Item i scores i: target 3 is second of 3, 4 and 1, and third of the six items."""

    class Counting:
        sees = "nothing"

        def queries(self, cases):
            return torch.ones(len(cases), 1)

        def catalogue(self):
            return torch.arange(6.0)[:, None], None

    data = sequences([1, 2, 3], items=5)
    cases = evaluate.Cases(data, torch.tensor([1]), torch.tensor([2]))
    settings = replace(OPTIONS, candidates="random", seen="in")
    found = case_ranks(Counting(), cases, settings, torch.tensor([[3, 4, 1, 0]]))
    assert {name: r.tolist() for name, r in found.items()} == {"full": [3.0], "sampled_100": [2.0]}


def test_both_protocols_stand_in_one_table(inputs, tmp_path, monkeypatch):
    def scorers(found):
        data = Sequences.of(found["dataset"])
        return {"popularity": Popularity(data), "toy": Oracle(data.n_items, 0.5)}

    monkeypatch.setitem(sys.modules, "crs.models.toy.scorers", SimpleNamespace(scorers=scorers))
    settings = replace(OPTIONS, candidates="random")
    found = made(evaluate, Evaluate("toy", 3, settings), inputs, tmp_path / "evaluate")
    long, ranks = found.load("results.parquet"), found.load("ranks.parquet")
    assert set(long["protocol"]) == set(ranks["protocol"]) == {"full", "sampled_100"}
    counts = long.groupby(["scorer", "split", "metric", "k"])["protocol"].nunique()
    ranked = counts.index.get_level_values("metric").isin(RANK_METRICS)
    assert (counts[ranked] == 2).all() and (counts[~ranked] == 1).all()
    main = long[(long["protocol"] == "full") & (long["split"] == "test")]
    best = main[(main["scorer"] == "toy") & (main["metric"] == "ndcg") & (main["k"] == 10)]
    assert found.summary["ndcg@10"] == best["value"].item()
    assert "protocol `sampled_100`" in (found.path / "results.md").read_text()


def test_under_the_other_protocols_lists_hold_what_those_rank():
    """Items 1 to 5 score 5, 4, -1, -2, -3, the history is 1 and 2: out, kept in, or scored 0."""
    data = sequences([1, 2, 3, 4], items=5)
    cases = evaluate.Cases(data, torch.tensor([1]), torch.tensor([2]))
    scorer = Fixed(9.0, 5.0, 4.0, -1.0, -2.0, -3.0)
    scored = scorer.queries(cases), scorer.catalogue()
    found = {seen: evaluate.case_lists(*scored, cases, replace(OPTIONS, seen=seen, ks=[5, 9]))
             for seen in ("out", "in", "zero")}  # fmt: skip
    assert found["out"].tolist() == [[3, 4, 5, 0, 0]]
    assert found["in"].tolist() == [[1, 2, 3, 4, 5]]
    assert set(found["zero"][0, :2]) == {1, 2} and found["zero"][0, 2:].tolist() == [3, 4, 5]


def test_a_mean_is_over_the_cases_that_define_it():
    values = {("a", 1): np.array([1.0, np.nan, 3.0]), ("b", 1): np.array([1.0, 2.0, 3.0]),
              ("c", 1): np.full(3, np.nan)}  # fmt: skip
    found = evaluate.summarised(values, np.arange(3), OPTIONS)
    assert {name: (row[0], row[3]) for name, row in found.items()} == {
        ("a", 1): (2.0, 2), ("b", 1): (2.0, 3)
    }  # fmt: skip
    assert 1.0 <= found["a", 1][1] <= found["a", 1][2] <= 3.0


def test_slices_beside_all_get_a_table_of_their_own():
    rows = [{"split": "test", "metric": "ndcg", "k": 10, "slice": part, "cases": count,
             "scorer": scorer, "value": value}
            for part, count, scorer, value in (
                ("all", 9, "a", 0.1), ("attributes=1", 5, "a", 0.25), ("attributes=1", 5, "b", 0.5),
                ("texts shuffled", 9, "a", 0.0))]  # fmt: skip
    found = report.by_slice(pd.DataFrame(rows))
    assert found.to_dict("records") == [
        {"slice": "attributes=1", "cases": 5, "a": "0.2500", "b": "0.5000"}
    ]


def figures(**columns):
    """NDCG@10 of each scorer on a split."""
    frame = pd.DataFrame({"metric": "ndcg", "k": 10, "slice": "all"} | columns)
    return frame.assign(low=frame["value"], high=frame["value"])


def test_a_scorer_of_items_alone_is_grey(tmp_path, monkeypatch):
    """Those of C2-CRS: `repeat context` sees items, whatever its name says."""
    drawn = {}
    monkeypatch.setattr("matplotlib.axes.Axes.barh", lambda self, names, values, color, **more:
                        drawn.update(zip(names, color, strict=True)))  # fmt: skip
    sees = ["nothing", "items of the context", "entities of the context", "context",
            "history + text", "attributes of the utterance"]  # fmt: skip
    report.chart(figures(split="test", scorer=sees, sees=sees, value=0.5), tmp_path / "a.png", "a")
    grey = drawn["nothing"]
    assert [one for one in sees if drawn[one] == grey] == ["nothing", "items of the context"]


def test_a_context_is_no_text_of_the_utterance():
    scorers = {"toy a": SimpleNamespace(sees="context"), "toy b": SimpleNamespace(sees="history")}
    long = figures(split="valid", scorer=list(scorers), value=[0.1, 0.2])
    assert default_scorer(long, "toy", scorers) == "toy b"


@pytest.mark.parametrize(
    ("protocol", "columns"),
    [
        ("dialogues", "HR@1 HR@10 HR@50 NDCG@1 NDCG@10 NDCG@50 MRR@1 MRR@10 MRR@50"),
        ("full", "HR@1 HR@5 HR@10 HR@20 HR@50 NDCG@5 NDCG@10 NDCG@20 MRR@20"),
    ],
)
def test_a_printed_table_has_the_cut_offs_of_its_protocol(protocol, columns):
    every = [(metric, k) for metric in ("hr", "ndcg", "mrr") for k in (1, 5, 10, 20, 50)]
    long = pd.DataFrame(every, columns=["metric", "k"]).assign(
        dataset="d", model="m", scorer="s", sees="nothing", split="test", slice="all",
        protocol=protocol, value=0.5, low=0.4, high=0.6, cases=9,
    )  # fmt: skip
    shown = headline(long)
    assert shown.columns[4:-1].tolist() == columns.split()
    assert shown["NDCG@10"].item() == "0.5000 [0.4000, 0.6000]"


def test_no_other_scorer_no_test():
    data = sequences([1, 2, 3, 4])
    cases = evaluate.Cases(data, torch.tensor([1]), torch.tensor([3]))
    alone = evaluate.Ranked("toy", "all", np.ones(1), cases, "full")
    assert comparisons([alone], "toy", OPTIONS).empty


def test_each_slice_is_compared_by_itself():
    """Cases 1 and 2 differ by HR@1 = 1, case 3 (the slice `late`) by 0."""
    data = sequences([1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4])
    late = {"late": torch.tensor([False, False, True])}
    cases = evaluate.Cases(data, torch.arange(1, 4), torch.full((3,), 3), slices=late)
    good, poor = (
        evaluate.Ranked(name, "all", np.array(found), cases, "full")
        for name, found in (("good", [1.0, 1.0, 1.0]), ("poor", [9.0, 9.0, 1.0]))
    )
    tests = comparisons([good, poor], "good", replace(OPTIONS, ks=[1]))
    found = tests[tests["metric"] == "hr"].set_index("slice")
    assert found["difference"].to_dict() == {"all": pytest.approx(2 / 3), "late": 0.0}
    assert found.loc["late", ["low", "high"]].tolist() == [0.0, 0.0]
    assert found.loc["all", "low"] < 2 / 3 < found.loc["all", "high"]


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


def test_the_table_says_which_dialogues_were_simulated():
    counts = {"train": 12345, "valid": 5, "test": 6}
    own = report.about_dialogues(counts | {"own": ["test", "valid"]})
    assert "12,345 for training simulated, 5 for validation released, 6 for test released" in own
    assert "about earlier items of the users' histories" in own
    whole = report.about_dialogues(counts | {"own": ["test", "train", "valid"]})
    assert "12,345 for training released" in whole and "earlier items" not in whole

"""Stage `converse` of C2-CRS: the decoder, its responses and their scores beside the ranking's."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from crs.console import Context
from crs.data.contexts import ITEM, PAD, SPECIAL, Contexts
from crs.data.response_tokens import is_item, words_of
from crs.errors import UserError
from crs.escape import markup
from crs.evaluation import stats
from crs.evaluation.ranking import topk
from crs.evaluation.results import COLUMNS, MARKDOWN, PARQUET, markdown
from crs.evaluation.text_metrics import KS, distinct, overlap
from crs.models.c2crs.build import trained
from crs.models.c2crs.decoder import new_decoder, search
from crs.models.c2crs.decoder_sources import CHUNK, read_all
from crs.models.c2crs.decoder_training import Converse
from crs.models.c2crs.networks import C2CRS
from crs.models.c2crs.recipe import C2CRSConverseSettings
from crs.models.c2crs.training import queries_of
from crs.store.artifact import RESUME, Artifact
from crs.training.loop import derive, fit, save_weights

PEOPLE, SYSTEM = "people", "c2crs"
EXAMPLES = 20


def run(
    settings: C2CRSConverseSettings, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes the table of `evaluate` with the scores of the responses below it (`results.parquet`,
    `results.md`), `responses.parquet` (all test responses), `sample.md`, `model.safetensors`."""
    if untrained := inputs["train"].summary.get("untrained"):
        raise UserError(
            f"stage=converse: checkpoint={inputs['train'].summary['checkpoint']} does not fill "
            f"{', '.join(untrained)}, which the decoder reads; train the model, or give weights of "
            "ours"
        )
    contexts = Contexts.of(inputs["contexts"])
    model = trained(inputs["train"], inputs["graph"])
    device = device_of(context)
    states = read_all(model, contexts, folder / RESUME / "states.npy", device)
    train, valid, test = (
        ((contexts.split == split) & (contexts.responses[:, 0] != PAD)).nonzero().squeeze(1)
        for split in range(3)
    )
    with torch.no_grad():
        h = model.to(device).graph().cpu()
    model.cpu()
    torch.manual_seed(derive(settings.converse.seed, "decoder"))
    decoder = new_decoder(model.words.weight, contexts, vars(settings.c2crs))
    module = Converse(decoder, model, contexts, h, states, train, valid, settings.converse)
    summary = fit(module, "converse", settings.converse, folder, context)
    save_weights(module, folder / "model.safetensors")
    module.to(device)
    said = respond(module, test, settings, context)
    likelihoods = module.log_likelihoods(test)
    module.cpu()
    # The encoder of reviews has learned on, and with all views the recommender reads with it.
    recommender = trained(inputs["train"], inputs["graph"])
    frame = responses_of(said, test, inputs, contexts, recommender, h, settings.fill_items)
    scores = scored(frame, *likelihoods)
    write(frame, scores, settings, inputs, folder, context)
    own = scores[scores["scorer"] == SYSTEM]
    metrics = {
        f"{m}@{k}" if k else m: v
        for m, k, v in own[["metric", "k", "value"]].itertuples(index=False)
    }
    context.note(
        f"{len(test):,} responses, perplexity {metrics['perplexity']:.1f}, Distinct-2 "
        f"{metrics['dist_corpus@2']:.3f}, BLEU-4 {metrics['bleu@4']:.4f}"
    )
    return summary | metrics


def device_of(context: Context) -> torch.device:
    """Where this run computes."""
    wish = context.trainer.accelerator
    return torch.device("cuda" if wish != "cpu" and torch.cuda.is_available() else "cpu")


def respond(
    module: Converse, rows: Tensor, settings: C2CRSConverseSettings, context: Context
) -> Tensor:
    """The response to each context, [n, T]."""
    converse, length = settings.converse, module.contexts.responses.shape[1]
    out = torch.full((len(rows), length), PAD)
    with context.bar(len(rows), label="respond", unit="response") as bar:
        for first, part in zip(range(0, len(rows), CHUNK), rows.split(CHUNK), strict=True):
            with torch.no_grad():
                given = module.given(part)
            found = search(module.decoder, given, length, converse.beams, converse.penalty)
            out[first : first + len(part), : found.shape[1]] = found.cpu()
            bar.update(len(part))
    return out


def readable(tokens: list[str], titles: list[str], fill: list[str] | None = None) -> str:
    """Text with titles for the tokens of items; `fill` are those for `__item__`, best first."""
    free = iter(fill or [])
    out = []
    for token in tokens:
        if token == SPECIAL[ITEM]:
            out.append(next(free, "(item)"))
        elif is_item(token):
            out.append(titles[int(token[1:])] or "(item)")
        else:
            out.append(token)
    return " ".join(out)


def responses_of(
    said: Tensor,
    rows: Tensor,
    inputs: dict[str, Artifact],
    contexts: Contexts,
    model: C2CRS,
    h: Tensor,
    fill: bool,
) -> pd.DataFrame:
    """One row a test response: dialogue, turn, context, truth, response, tokens of both, and the
    items that the recommender would name; with `fill` the response has their titles."""
    dataset = inputs["dataset"]
    turns, roles = dataset.load("dialogues.parquet"), dataset.summary["roles"]
    answers = turns[(turns["turn"] > 0) & ((turns["role"] == roles) | (roles == "both"))]
    places = answers.iloc[rows.numpy()][["dialogue", "turn"]].reset_index(drop=True)
    titles = ["", *dataset.load("items.parquet")["title"]]
    with torch.no_grad():
        queries = queries_of(model, contexts, h, rows, h.device)
    most, n = int((said == ITEM).sum(1).max()), model.items
    best, _ = topk(queries, (h[: n + 1], model.bias.detach()[: n + 1]), max(5, most), n_items=n)
    tokens, truth = (
        words_of(said, contexts.words),
        words_of(contexts.responses[rows], contexts.words),
    )
    before = words_of(contexts.tokens[rows], contexts.words)
    return places.assign(
        context=[readable(x, titles) for x in before],
        truth=[readable(x, titles) for x in truth],
        response=[
            readable(x, titles, [titles[i] for i in items] if fill else None)
            for x, items in zip(tokens, best.tolist(), strict=True)
        ],
        truth_tokens=truth,
        response_tokens=tokens,
        recommended=best.tolist(),
    )


def scored(frame: pd.DataFrame, values: Tensor, places: Tensor) -> pd.DataFrame:
    """Scores of the responses, and of what people said, as scorer, metric, k, value, low, high.

    Intervals resample dialogues, where a score is a mean over responses or tokens.

    Args:
        values, places: log-probabilities of the true tokens, and the response each belongs to.
    """
    rows: list[tuple[str, str, int, float, float, float]] = []
    truth, cluster = list(frame["truth_tokens"]), frame["dialogue"].to_numpy()

    def mean(each: np.ndarray, groups: np.ndarray) -> tuple[float, float, float]:
        low, high = stats.bootstrap_intervals(each[:, None], groups, 1000, 0.95, 99)
        return float(each.mean()), float(low[0]), float(high[0])

    for name, said in ((SYSTEM, list(frame["response_tokens"])), (PEOPLE, truth)):
        for k in KS:
            rows += [
                (name, metric, k, value, np.nan, np.nan)
                for metric, value in distinct(said, k).items()
            ]
        lengths = np.array([len(tokens) for tokens in said], dtype=float)
        items = np.array([any(map(is_item, tokens)) for tokens in said], dtype=float)
        rows.append((name, "length", 0, *mean(lengths, cluster)))
        rows.append((name, "names_item", 0, *mean(items, cluster)))
    shared = overlap(list(frame["response_tokens"]), truth)
    rows += [(SYSTEM, metric, k, value, np.nan, np.nan) for (metric, k), value in shared.items()]
    middle, low, high = mean(values.double().numpy(), cluster[places.numpy()])
    rows.append((SYSTEM, "perplexity", 0, np.exp(-middle), np.exp(-high), np.exp(-low)))
    return pd.DataFrame(rows, columns=["scorer", "metric", "k", "value", "low", "high"])


def table(scores: pd.DataFrame) -> str:
    """One row a kind of score, Markdown."""
    cells = {
        (s, m, k): v
        for s, m, k, v in scores[["scorer", "metric", "k", "value"]].itertuples(index=False)
    }
    lines = []
    for metric, name in (
        ("dist_corpus", "Distinct, different over all k-grams of the corpus"),
        ("dist_sentence", "Distinct, different k-grams a response"),
        ("dist_character", "Distinct, different k-grams of characters a response"),
        ("bleu", "BLEU"),
        ("rouge_l", "ROUGE-L"),
        ("perplexity", "perplexity, unweighted"),
        ("length", "tokens a response"),
        ("names_item", "responses that name an item"),
    ):
        for scorer in (SYSTEM, PEOPLE):
            found = [cells[scorer, metric, k] for k in (0, *KS) if (scorer, metric, k) in cells]
            if found:
                row = [f"{value:.4f}" for value in found]
                row += [""] * (len(KS) - len(row))
                lines.append([scorer, name, *row])
    return markdown(pd.DataFrame(lines, columns=["scorer", "score", *(f"k={k}" for k in KS)]))


def write(
    frame: pd.DataFrame,
    scores: pd.DataFrame,
    settings: C2CRSConverseSettings,
    inputs: dict[str, Artifact],
    folder: Path,
    context: Context,
) -> None:
    """The tables, the responses and a sample of them."""
    ranking = inputs["evaluate"]
    long, text = ranking.load(PARQUET), (ranking.path / MARKDOWN).read_text()
    one = long.iloc[0]
    own = scores.assign(
        dataset=one["dataset"],
        model=one["model"],
        sees="context",
        protocol="responses",
        split="test",
        slice="all",
        cases=len(frame),
        seed=one["seed"],
        fingerprint=context.fingerprint,
    )
    pd.concat([long, own[COLUMNS]], ignore_index=True).to_parquet(folder / PARQUET, index=False)
    converse = settings.converse
    how = "greedy search" if converse.beams == 1 else f"beam search, {converse.beams} beams"
    lines = [
        text.rstrip(),
        "",
        f"### Responses of c2crs on {markup(one['dataset'])}",
        "",
        table(scores),
        "",
        f"{len(frame):,} test responses, {how}; `{PEOPLE}` is what was really said. The three "
        "kinds of Distinct are not comparable with each other.",
    ]
    (folder / MARKDOWN).write_text("\n".join(lines) + "\n")
    frame.to_parquet(folder / "responses.parquet", index=False)
    step = max(1, len(frame) // EXAMPLES)
    sample = frame.iloc[::step].head(EXAMPLES)[["context", "truth", "response"]]
    parts = [
        f"**{place + 1}.** {said}\n\n- truth: {truth}\n- response: {response}\n"
        for place, (said, truth, response) in enumerate(sample.map(markup).itertuples(index=False))
    ]
    (folder / "sample.md").write_text("\n".join(parts))

"""Build a W&B workspace and a report for the runs of a model, or of one sweep of it.

python scripts/dashboard.py latentcrs
python scripts/dashboard.py latentcrs --group 2026-11-30_10-00-00-77 --entity someone

With a key they are made online and their addresses are printed; without one they are written as
JSON beside the runs (`--folder`). It takes wandb-workspaces: pip install -e '.[dashboard]'
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import wandb_workspaces.expr as expr
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from crs.errors import UserError
from crs.tracking.start import mode

RANKING = "ndcg@10", "hr@10"
CURVES: dict[str, tuple[str, ...]] = {
    "pretrain": (*RANKING, "loss_next", "loss_instance", "loss_intent"),
    "behaviour": ("ndcg@10", "loss_e"),
    "generative": ("ndcg@10", "elbo", "log_likelihood", "loss_m"),
    "distil": ("ndcg@10", "loss_e"),
    "em": (
        "ndcg@10", "elbo", "elbo_reconstruction", "elbo_kl", "log_likelihood", "loss_e", "loss_m",
        "dead_intents", "entropy_gamma", "shuffled_drop",
    ),
    "direct": (*RANKING, "loss"),
    "warmup/random": (*RANKING, "loss_mip", "loss_sad"),
    "warmup/generator": (*RANKING, "loss_mip", "loss_sad"),
    "warmup/coarse": ("agreement", "valid_loss"),
    "warmup/fine": ("agreement", "valid_loss"),
    "train": (*RANKING, "loss"),
    "converse": ("perplexity", "loss"),
}  # fmt: skip
"""Figures of each phase that are charted, a curve a run."""
MODELS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "sasrec": (("pretrain",), ("pretrain.lr", "pretrain.dropout", "pretrain.dim")),
    "iclrec": (("pretrain",), ("pretrain.lr", "pretrain.k", "pretrain.temperature")),
    "latentcrs": (
        ("pretrain", "behaviour", "generative", "distil", "em", "direct"),
        ("intents.k", "em.dropout", "train.lr", "pretrain.lr"),
    ),
    "mip_sad": (
        ("pretrain", "warmup/random", "warmup/generator", "train"),
        ("warmup.lr", "train.lr", "towers.dropout"),
    ),
    "c2crs": (
        ("warmup/coarse", "warmup/fine", "train", "converse"),
        ("warmup.lr", "train.lr", "c2crs.dim"),
    ),
}
"""Phases of a model, and the settings of its parallel coordinates."""
SCORES = "valid/ndcg@10", "test/ndcg@10"
TABLES = "evaluate/scorers", "evaluate/results", "multi_turn/results", "multi_turn/dialogues"
PICTURES = "evaluate/ndcg", "multi_turn/success"
WIDTH, HEIGHT, ROW = 8, 6, 24
"""Of a panel, and of a row of panels, in W&B's units."""
OFFLINE = (
    "There is no key, or WANDB_MODE is not online: the two pages were written as JSON, nothing was "
    "sent. To make them at W&B type `wandb login`, then this command with --entity NAME"
)


def curves(phase: str) -> list[Any]:
    """A panel for each figure of a phase, over its own epochs."""
    axis = f"{phase}/epoch"
    return [
        wr.LinePlot(title=f"{phase}/{name}", x=axis, y=[f"{phase}/{name}"], max_runs_to_show=50)
        for name in CURVES[phase]
    ]


def parallel(parameters: tuple[str, ...], score: str) -> Any:
    """Hyper-parameters against a score, a line a run."""
    columns = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(name)) for name in parameters]
    last = wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(score))
    return wr.ParallelCoordinatesPlot(title=f"{score} by setting", columns=[*columns, last])


def scores(parameters: tuple[str, ...]) -> list[Any]:
    """How the runs compare at their ends."""
    bars = [wr.BarPlot(title=name, metrics=[name]) for name in SCORES]
    importance = wr.ParameterImportancePlot(with_respect_to=SCORES[0])
    return [*bars, parallel(parameters, SCORES[0]), importance]


def dialogues() -> list[Any]:
    """Success by turn, and how many texts leak."""
    turn, section = "multi_turn/turn", "multi_turn"
    success = wr.LinePlot(title="success by turn", x=turn, metric_regex=f"{section}/success/.*")
    return [success, wr.LinePlot(title="leak rate", x=turn, y=[f"{section}/leak_rate"])]


def panels(model: str) -> dict[str, list[Any]]:
    """The panels of a model's dashboard by section."""
    phases, parameters = MODELS[model]
    return {
        "scores": scores(parameters),
        **{phase: curves(phase) for phase in phases},
        "dialogues": dialogues(),
        "tables": [wr.WeavePanelSummaryTable(table_name=name) for name in TABLES],
        "pictures": [wr.MediaBrowser(media_keys=[name]) for name in PICTURES],
        "settings that differ": [wr.RunComparer(diff_only="split")],
    }


def placed(found: list[Any]) -> list[Any]:
    """The panels of a section in rows."""
    across = ROW // WIDTH
    for number, panel in enumerate(found):
        x, y = number % across * WIDTH, number // across * HEIGHT
        panel.layout = wr.Layout(x=x, y=y, w=WIDTH, h=HEIGHT)
    return found


def workspace(model: str, entity: str, project: str, group: str | None) -> ws.Workspace:
    """A view of the project's runs of a model."""
    filters = [expr.Config("model.name") == model]
    if group:
        filters.append(expr.Metric("Group") == group)
    return ws.Workspace(
        entity=entity,
        project=project,
        name=f"{model} {group or ''}".strip(),
        sections=[
            ws.Section(name=name, panels=found, is_open=name == "scores")
            for name, found in panels(model).items()
        ],
        runset_settings=ws.RunsetSettings(filters=filters),
    )


def report(model: str, entity: str, project: str, group: str | None) -> wr.Report:
    """The same on a page that can be sent to somebody."""
    chosen = f"Config('model.name') = '{model}'"
    if group:
        chosen += f" and Group = '{group}'"
    runs = wr.Runset(entity=entity, project=project, name=group or model, filters=chosen)
    blocks: list[Any] = [wr.TableOfContents()]
    for name, found in panels(model).items():
        blocks += [wr.H2(name), wr.PanelGrid(runsets=[runs], panels=placed(found))]
    return wr.Report(
        project=project,
        entity=entity,
        title=f"{model} {group or ''}".strip(),
        description=f"Runs of model={model} in {project}",
        blocks=blocks,
        width="fluid",
    )


def written(page: Any, file: Path) -> Path:
    """A page as W&B keeps it: JSON. The library has no public way to it."""
    spec = page._to_model().model_dump(by_alias=True, exclude_none=True, mode="json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(spec, indent=1, sort_keys=True))
    return file


def main(words: list[str]) -> None:
    """Create the two pages, or write them.

    Raises:
        UserError: if they are to be created and nobody is named who shall own them.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument(
        "--project", default="crs-suite", help="the project of the runs (default: crs-suite)"
    )
    parser.add_argument("--entity", help="the user or team that owns the project")
    parser.add_argument("--group", help="a sweep or study: runs of this group alone")
    folder = Path("artifacts/wandb/dashboards")
    parser.add_argument(
        "--folder", type=Path, default=folder, help=f"of the JSON without a key (default: {folder})"
    )
    asked = parser.parse_args(words)
    online = mode() == "online"
    if online and not asked.entity:
        raise UserError("dashboard: type --entity NAME, the user or team that owns the project")
    owner = asked.entity if online else ""  # who is named is asked for at W&B
    for kind, build in (("workspace", workspace), ("report", report)):
        page = build(asked.model, owner, asked.project, asked.group)
        if online:
            page.save()
            print(f"{kind}: {page.url}")
        else:
            name = "-".join(filter(None, (asked.model, asked.group, kind)))
            print(f"{kind}: {written(page, asked.folder / f'{name}.json')}")
    if not online:
        print(OFFLINE, file=sys.stderr)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        sys.exit(f"error: {mistake}")

"""Build a W&B workspace and a report for the runs of a model, of one sweep of it, or of a study.

python scripts/dashboard.py latentcrs
python scripts/dashboard.py latentcrs --group 2026-11-30_10-00-00-77 --entity someone
python scripts/dashboard.py artifacts/studies/7f4ac279ccda2a86

With a key they are made online and their addresses are printed; without one they are written as
JSON beside the runs (`--folder`). It takes wandb-workspaces: pip install -e '.[dashboard]'
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wandb_workspaces.expr as expr
import wandb_workspaces.reports.v2 as wr
import wandb_workspaces.workspaces as ws

from crs.errors import UserError
from crs.report.lineage import ancestors, known
from crs.report.study import STUDY, Study
from crs.search.objective import DIALOGUES, SUCCESS, USUAL, scorer_of
from crs.settings.check import nearest
from crs.settings.keys import TYPES
from crs.store.artifact import Artifact
from crs.store.epochs import epochs_of
from crs.tracking.sections import of_phase
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
    "residual": (*RANKING, "loss"),
    "intents": (*RANKING, "log_likelihood", "loss_m"),
    "warmup/random": (*RANKING, "loss_mip", "loss_sad"),
    "warmup/generator": (*RANKING, "loss_mip", "loss_sad"),
    "warmup/coarse": ("agreement", "valid_loss"),
    "warmup/fine": ("agreement", "valid_loss"),
    "train": (*RANKING, "loss"),
    "converse": ("perplexity", "loss"),
}  # fmt: skip
"""Figures of each phase that are charted, a curve a run."""
MODELS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "sasrec": (
        ("pretrain",),
        ("pretrain.lr", "pretrain.dropout", "pretrain.dim"),
        ("pretrain/best",),
    ),
    "iclrec": (
        ("pretrain",),
        ("pretrain.lr", "pretrain.k", "pretrain.temperature"),
        ("pretrain/best",),
    ),
    "latentcrs": (
        ("pretrain", "behaviour", "generative", "distil", "em", "direct", "residual", "intents"),
        ("intents.k", "em.dropout", "train.lr", "pretrain.lr"),
        ("train/em_best", "train/intents_best"),
    ),
    "mip_sad": (
        ("pretrain", "warmup/random", "warmup/generator", "train"),
        ("warmup.lr", "train.lr", "towers.dropout"),
        ("train/best",),
    ),
    "c2crs": (
        ("warmup/coarse", "warmup/fine", "train", "converse"),
        ("warmup.lr", "train.lr", "c2crs.dim"),
        ("train/best",),
    ),
}
"""Phases of a model, the settings that its figures are drawn against, and these figures: the best
validation NDCG@10 of the last phase, which a trial of a search has too."""
SCORES = "valid/ndcg@10", "test/ndcg@10"
TABLES = "evaluate/scorers", "evaluate/results", "multi_turn/results", "multi_turn/dialogues"
PICTURES = "evaluate/ndcg", "multi_turn/success"
WIDTH, HEIGHT, ROW = 8, 6, 24
"""Of a panel, and of a row of panels, in W&B's units."""
OFFLINE = (
    "There is no key, or WANDB_MODE is not online: the two pages were written as JSON, nothing was "
    "sent. To make them at W&B type `wandb login`, then this command with --entity NAME"
)


@dataclass(frozen=True)
class Shown:
    """What a dashboard shows.

    Attributes:
        name: of the dashboard.
        curves: figures by phase, a panel each.
        parameters: settings, by their keys.
        figures: what these are judged by, as keys of a run's summary.
        scores: further keys, a bar a run.
        group: of the runs, in W&B; None: all runs of the model.
    """

    name: str
    model: str
    curves: dict[str, tuple[str, ...]]
    parameters: tuple[str, ...]
    figures: tuple[str, ...]
    scores: tuple[str, ...]
    group: str | None


def of_model(model: str, group: str | None) -> Shown:
    """The runs of a model, or those of one sweep or study."""
    phases, parameters, figures = MODELS[model]
    charted = {phase: CURVES[phase] for phase in phases}
    name = f"{model} {group or ''}".strip()
    return Shown(name, model, charted, parameters, figures, SCORES, group)


def of_study(folder: Path, group: str | None) -> Shown:
    """The trials of a search. The files of the best one say what they record.

    Args:
        group: that of the trials, where the search had a `tracker.group` of its own.
    Raises:
        UserError: if the study is not whole, or has no result.
    """
    study = Study.read(folder)
    results = study.results()
    if not results:
        raise UserError(f"{folder}: the results of its trials are gone; type the search again")
    best, about = Artifact(results[0][1]), study.about
    charted = {
        of_phase(artifact.stage, phase): figures_of(of_phase(artifact.stage, phase), epochs[0])
        for artifact in [*ancestors(best).values(), best]
        if known(artifact)
        for phase, epochs in epochs_of(artifact).items()
    }
    parameters = tuple(name for name in study.parameters if name in TYPES)
    model, group = about["model"], group or f"search-{study.name}"
    figures = (judged_by(best, about),)
    return Shown(f"{model} {group}", model, charted, parameters, figures, (), group)


def figures_of(section: str, epoch: dict[str, Any]) -> tuple[str, ...]:
    """The figures of a phase that are charted, among those that an epoch has."""
    usual = [name for name in CURVES.get(section, ()) if name in epoch]
    return tuple(usual or (name for name in epoch if name != "epoch"))


def judged_by(result: Artifact, about: dict[str, Any]) -> str:
    """The key of a trial's figure in the summary of its run.

    A run has the objective at the epoch that is kept for NDCG@10 alone; another one is that of the
    last epoch.
    """
    stage, phase, objective = about["stage"], about["phase"], about["objective"]
    if stage == DIALOGUES:
        names = [name.removeprefix(f"{SUCCESS} ") for name in result.summary if SUCCESS in name]
        scorer = scorer_of(names, about["model"]) if objective == SUCCESS else objective
        return f"{stage}/{SUCCESS} {scorer}"
    if objective == USUAL:
        return f"{stage}/best" if "best" in result.summary else f"{stage}/{phase}_best"
    return f"{of_phase(stage, phase)}/{objective}"


def curves(phase: str, figures: tuple[str, ...]) -> list[Any]:
    """A panel for each figure of a phase, over its own epochs."""
    axis = f"{phase}/epoch"
    return [
        wr.LinePlot(title=f"{phase}/{name}", x=axis, y=[f"{phase}/{name}"], max_runs_to_show=50)
        for name in figures
    ]


def by_setting(parameters: tuple[str, ...], figure: str) -> list[Any]:
    """A figure by hyper-parameters: a line a run, how much each explains, and a point a run."""
    columns = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(name)) for name in parameters]
    last = wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(figure))
    points = [
        wr.ScatterPlot(title=f"{figure} by {name}", x=wr.Config(name), y=wr.SummaryMetric(figure))
        for name in parameters
    ]
    return [
        wr.BarPlot(title=figure, metrics=[figure]),
        wr.ParallelCoordinatesPlot(title=f"{figure} by setting", columns=[*columns, last]),
        wr.ParameterImportancePlot(with_respect_to=figure),
        *points,
    ]


def dialogues() -> list[Any]:
    """Success by turn, and how many texts leak."""
    turn, section = "multi_turn/turn", "multi_turn"
    success = wr.LinePlot(title="success by turn", x=turn, metric_regex=f"{section}/success/.*")
    return [success, wr.LinePlot(title="leak rate", x=turn, y=[f"{section}/leak_rate"])]


def panels(shown: Shown) -> dict[str, list[Any]]:
    """The panels of a dashboard by section."""
    bars = [wr.BarPlot(title=name, metrics=[name]) for name in shown.scores]
    judged = [panel for figure in shown.figures for panel in by_setting(shown.parameters, figure)]
    return {
        "scores": [*bars, *judged],
        **{phase: curves(phase, figures) for phase, figures in shown.curves.items()},
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


def workspace(shown: Shown, entity: str, project: str) -> ws.Workspace:
    """A view of the project's runs of a model."""
    filters = [expr.Config("model.name") == shown.model]
    if shown.group:
        filters.append(expr.Metric("Group") == shown.group)
    return ws.Workspace(
        entity=entity,
        project=project,
        name=shown.name,
        sections=[
            ws.Section(name=name, panels=found, is_open=name == "scores")
            for name, found in panels(shown).items()
        ],
        runset_settings=ws.RunsetSettings(filters=filters),
    )


def report(shown: Shown, entity: str, project: str) -> wr.Report:
    """The same on a page that can be sent to somebody."""
    chosen = f"Config('model.name') = '{shown.model}'"
    if shown.group:
        chosen += f" and Group = '{shown.group}'"
    name = shown.group or shown.model
    runs = wr.Runset(entity=entity, project=project, name=name, filters=chosen)
    blocks: list[Any] = [wr.TableOfContents()]
    for section, found in panels(shown).items():
        blocks += [wr.H2(section), wr.PanelGrid(runsets=[runs], panels=placed(found))]
    return wr.Report(
        project=project,
        entity=entity,
        title=shown.name,
        description=f"Runs of model={shown.model} in {project}",
        blocks=blocks,
        width="fluid",
    )


def written(page: Any, file: Path) -> Path:
    """A page as W&B keeps it: JSON. The library has no public way to it."""
    spec = page._to_model().model_dump(by_alias=True, exclude_none=True, mode="json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(spec, indent=1, sort_keys=True))
    return file


def shown_by(what: str, group: str | None) -> Shown:
    """What a model's name or a study's folder asks for.

    Raises:
        UserError: if it is neither.
    """
    if what in MODELS:
        return of_model(what, group)
    if not (Path(what) / STUDY).is_file():
        raise UserError(
            f"dashboard: {what} is no model and no folder of a study.{nearest(what, [*MODELS])} "
            f"Type one of {', '.join(MODELS)}, or PATH/studies/NAME"
        )
    return of_study(Path(what), group)


def main(words: list[str]) -> None:
    """Create the two pages, or write them.

    Raises:
        UserError: if they are to be created and nobody is named who shall own them.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "what", metavar="MODEL|STUDY", help=f"{', '.join(MODELS)}, or the folder of a study"
    )
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
    shown = shown_by(asked.what, asked.group)
    owner = asked.entity if online else ""  # who is named is asked for at W&B
    for kind, build in (("workspace", workspace), ("report", report)):
        page = build(shown, owner, asked.project)
        if online:
            page.save()
            print(f"{kind}: {page.url}")
        else:
            name = f"{shown.name} {kind}".replace(" ", "-")
            print(f"{kind}: {written(page, asked.folder / f'{name}.json')}")
    if not online:
        print(OFFLINE, file=sys.stderr)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        sys.exit(f"error: {mistake}")

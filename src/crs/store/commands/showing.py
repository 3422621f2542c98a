"""`crs store show` and `crs store diff`: what made a result, and what sets two apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crs import command_line
from crs.errors import UserError
from crs.pipeline.code_digest import code_digest, code_modules
from crs.pipeline.plan import plan
from crs.report.lineage import ancestors, costs, known
from crs.store.artifact import Artifact
from crs.store.commands.amounts import BYTES, SECONDS, shown
from crs.store.commands.catalogue import Catalogue, bytes_of, named, score_of


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings in settings, by their dotted keys."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        inner = isinstance(value, dict)
        found |= flat(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}": value}
    return found


def usual(stage: str, model: str, dataset: str) -> tuple[dict[str, Any], str] | None:
    """The settings that a stage has where nothing is typed but a model and its data, and today's
    code digest; None if these cannot be composed."""
    command_line.register()
    words = [f"model={model}", f"dataset={dataset}", f"stage={stage}"]
    try:
        config = command_line.configured(words)
        step = plan(config)[-1]
        return flat(step.settings.identity()), code_digest(*code_modules(step, config))
    except UserError:
        return None


def show(result: Artifact, catalogue: Catalogue) -> Iterator[str]:
    """The lines about a result: what it is, its settings, its cost, its code, its lineage."""
    about, models = result.manifest, catalogue.models(result)
    data = catalogue.dataset(result)
    yield (
        f"{named(result)}: {', '.join(models) or 'no model'} on {catalogue.data(result) or '?'}, "
        f"{shown(bytes_of(result), BYTES)}, {shown(catalogue.age(result), SECONDS)} old"
    )
    if score := score_of(result):
        yield f"score     {score[0]} {score[1]:.4f}"
    name = data.manifest["settings"].get("name", "") if data else ""
    default = usual(result.stage, models[0], name) if models and name else None
    yield from settings_of(flat(about["settings"]), default and default[0])
    stands = catalogue.standing_on([result]).values()
    whole = costs(stands)
    yield (
        f"cost      {about.get('seconds', 0):,.1f} s and {about.get('cost_usd', 0):.2f} USD; with "
        f"all it stands on {sum(one.seconds for one in whole):,.1f} s and "
        f"{sum(one.usd for one in whole):.2f} USD"
    )
    commit = about.get("git", {}).get("commit", "")
    dirty = " with changes" if about.get("git", {}).get("dirty") else ""
    same = (
        "" if default is None else ", today's" if default[1] == about["code"] else ", not today's"
    )
    yield f"code      {about['code']}{same}" + (f", commit {commit[:12]}{dirty}" if commit else "")
    yield "lineage"
    yield from tree(result, catalogue)


def settings_of(own: dict[str, Any], default: dict[str, Any] | None) -> Iterator[str]:
    """The settings that are not at their default; all, where the defaults are not known."""
    if default is None:
        yield "settings  (what is default for it is not known here)"
        default = {}
    else:
        differ = any(own.get(key) != default.get(key) for key in {*own, *default})
        yield "settings  that are not the default" if differ else "settings  all are the default"
    for key in sorted({*own, *default}):
        if own.get(key) != default.get(key):
            beside = f" (default {default[key]})" if key in default else ""
            yield f"  {key}={own.get(key, 'neutral')}{beside}"


def tree(result: Artifact, catalogue: Catalogue) -> Iterator[str]:
    """A result, below it what it was made from, and so on, each unfolded once."""
    seen: set[Path] = set()

    def lines(one: Artifact, depth: int) -> Iterator[str]:
        seen.add(one.place)
        indent = "  " * depth
        if not known(one):
            yield f"{indent}{named(one)}  is no longer here"
            return
        yield f"{indent}{named(one)}  {one.manifest.get('seconds', 0):,.1f} s"
        again = []
        for stage, below in sorted(catalogue.inputs(one).items()):
            if below.place in seen:
                again.append(stage)
            else:
                yield from lines(below, depth + 1)
        if again:
            yield f"{indent}  and the same {', '.join(again)}"

    yield from lines(result, 1)


def diff(first: Artifact, second: Artifact) -> Iterator[str]:
    """What sets two results apart: settings and code of all that they stand on, and figures."""
    yield f"{named(first)} | {named(second)}"
    yield from differing(*map(makers, (first, second)))
    yield from differing(*({key: value for key, value in one.summary.items()
                            if isinstance(value, int | float)}
                           for one in (first, second)))  # fmt: skip
    if first.digest == second.digest:
        yield "the files are the same"


def makers(result: Artifact) -> dict[str, Any]:
    """Settings, version and code of each stage that a result stands on, and its own."""
    found: dict[str, Any] = {}
    for stage, made in {**ancestors(result), result.stage: result}.items():
        if known(made):
            about = {key: made.manifest.get(key) for key in ("version", "code")}
            own = flat(made.manifest["settings"]) | about
            found |= {f"{stage}: {key}": value for key, value in own.items()}
    return found


def differing(first: dict[str, Any], second: dict[str, Any]) -> Iterator[str]:
    """A line for each key whose values are not the same."""
    for key in sorted({*first, *second}):
        values = [one.get(key, "–") for one in (first, second)]
        if values[0] != values[1]:
            a, b = (f"{v:.6g}" if isinstance(v, float) else str(v) for v in values)
            yield f"  {key}: {a} | {b}"

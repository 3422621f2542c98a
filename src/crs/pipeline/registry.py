"""What the stage modules, the recipes of models and the files of datasets declare."""

from collections.abc import Callable

from omegaconf import OmegaConf

from crs.config import Config
from crs.installed import CONF
from crs.models import recipes
from crs.models.recipe import Model
from crs.stages import declared_stages
from crs.stages.stage import Stage


def stages_of(config: Config) -> dict[str, Stage]:
    """The stages that the chosen model can have, by name: those that all have, and its own."""
    return declared_stages() | {stage.name: stage for stage in config.recipe.stages}


def models_that(fit: Callable[[Model], bool]) -> str:
    """The choices of `model=` whose recipes fit, to type: `model=c2crs or model=popularity`."""
    return " or ".join(f"model={name}" for name, model in recipes().items() if fit(model))


def datasets_with(view: str) -> list[str]:
    """The choices of `dataset=` that have a view, as their files say."""
    files = sorted((CONF / "dataset").glob("*.yaml"))
    loaded = {file.stem: dict(OmegaConf.load(file)) for file in files}
    # A file with package _global_ has its dataset within a group.
    settings = {name: content.get("dataset", content) for name, content in loaded.items()}
    return [
        *(name for name, of in settings.items() if view in of.get("has", ())),
        *(
            f"{name} with dataset.items=FILE"
            for name, of in settings.items()
            if view in of.get("has_with_items", ())
        ),
    ]

"""What the pages of stages, the recipes of models and the files of datasets declare."""

from omegaconf import OmegaConf

from crs.config import CONF, Config
from crs.stages import pages
from crs.stages.stage import Stage


def stages_of(config: Config) -> dict[str, Stage]:
    """The stages that the chosen model can have, by name: those of the pages, and its own."""
    return pages() | {stage.name: stage for stage in config.recipe.stages}


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

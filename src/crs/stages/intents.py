"""Stage `intents`: k-means over user states, or over what a model says."""

from dataclasses import dataclass

from omegaconf import MISSING

from crs.settings.base import Settings
from crs.settings.fields import number
from crs.stages.stage import Stage


@dataclass
class Intents(Settings):
    """Clustering into latent intents (stage `intents`)."""

    k: int = number(low=1)
    spherical: bool = MISSING
    restarts: int = number(low=1)
    iterations: int = number(low=1)
    gpu: bool = MISSING
    seed: int = number()


STAGE = Stage(
    name="intents",
    run="pre_rec_model.intents:run",
    version=1,
    settings=lambda config: config.intents,
    reads=lambda config: [config.recipe.clusters(config)],
    writes=("assignment.npy", "centres.npy"),
    about="k-means over user states, or over the residuals of LatentCRS",
    tables={"assignment.npy": ("intent", "users")},
)

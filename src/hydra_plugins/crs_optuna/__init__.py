"""`hydra/sweeper=optuna`: a search by Optuna. Hydra finds it here; crs/search does the work."""

from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from crs.search import settings

ConfigStore.instance().store(
    group="hydra/sweeper", name="optuna", node=settings.Sweeper, provider="crs"
)


class OptunaSweeper(Sweeper):
    """Hands a command and its launcher to `crs.search.run.search`."""

    def __init__(self, **values: Any) -> None:
        self.settings = settings.Sweeper(**values)

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Make the launcher."""
        self.command = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Search."""
        from crs.search.run import search

        return search(self.settings, arguments, self.command, self.launcher)

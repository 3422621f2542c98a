"""`dry_run=true` with `-m`: one plan of all jobs, or of a search. No job begins."""

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from crs.command_line import choices, flags_of, is_sweep, searching, sweeper_of, to_config
from crs.composition import all_composed, composed, root_of
from crs.overrides import parse
from crs.pipeline.sweep_plan import show_jobs
from crs.search.dry_run import show_search
from crs.search.run import first_point
from crs.search.space import Space, merged


def shown(words: list[str]) -> bool:
    """Whether a command line asks for a plan of several jobs, which is then printed.

    Args:
        words: as `crs.command_line.check` returns them.
    Raises:
        UserError: as `show_jobs` and `show_search` do.
    """
    flags = flags_of(words)
    if not is_sweep(flags):
        return False
    task = [word for word in flags.overrides if not word.lstrip("+~").startswith("hydra")]
    with searching(flags):
        if sweeper := sweeper_of(flags, flags.overrides):
            dry = first_point(Space.of(merged(sweeper.params, task)), root_of(flags)).dry_run
            if dry:
                show_search(sweeper, task, root_of(flags))
            return dry
        [jobs] = BasicSweeper.split_arguments([parse(word) for word in task], None)
        if not to_config(composed(flags, jobs[0])).dry_run:
            return False
        configs = all_composed(flags, jobs, choices(flags))
        show_jobs(jobs, [to_config(config) for config in configs])
    return True

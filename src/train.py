"""Find or make a result.

python src/train.py model=latentcrs dataset=ml100k
python src/train.py -m model=sasrec,iclrec,latentcrs dataset=tiny seed=1,2 tracker=none
"""

import logging
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from crs import compose, pipeline, results, sweep
from crs.console import complain, interrupt_on_sigterm, plain, show_failure
from crs.errors import UserError

compose.register()
INTERRUPTED = "interrupted; the same command goes on from here"


@hydra.main(config_path="../conf", config_name="train", version_base="1.3")
def job(composed: DictConfig) -> None:
    """One run, alone or as a job of a sweep."""
    hydra_config = HydraConfig.get()
    swept = hydra_config.mode == RunMode.MULTIRUN
    OmegaConf.set_readonly(hydra_config, False)
    if swept and composed.tracker.group is None:
        composed.tracker.group = Path(hydra_config.sweep.dir).name
    error, found, code = None, None, 0
    try:
        config = compose.to_config(composed)
        artifact = pipeline.run(config, sweep.launch_of(hydra_config))
        if artifact and (artifact.path / results.PARQUET).is_file():
            found = artifact.path / results.PARQUET
            if not swept:
                results.announce(artifact.path)
    except UserError as mistake:
        error, code = str(mistake), 2
    except KeyboardInterrupt:
        error, code = INTERRUPTED, 130
    except Exception as failure:
        log = Path(hydra_config.runtime.output_dir) / "train.log"
        logging.getLogger(__name__).exception("failed")
        error, code = f"{type(failure).__name__}: {failure} (traceback in {log})", 1
    if swept:
        sweep.record(hydra_config, plain(error) if error else None, found, code)
    if error:
        complain(error)
        if not swept or code == 130:
            sys.exit(code)


if __name__ == "__main__":
    sys.excepthook = show_failure
    interrupt_on_sigterm()
    try:
        sys.argv[1:] = compose.check(sys.argv[1:])
        job()
    except UserError as mistake:
        complain(mistake)
        sys.exit(2)
    except KeyboardInterrupt:  # outside of a job: while composing, or between two jobs
        complain(INTERRUPTED)
        sys.exit(130)

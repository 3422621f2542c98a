"""How a search comes to all its trials."""

import time
from pathlib import Path
from threading import Event, Thread

import pytest
from hydra import initialize_config_dir

from crs import command_line
from crs.search.run import finished, run_trials
from crs.search.study import claimed, open_study
from tests.crs.search.test_study import about


@pytest.fixture
def hydra():
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        yield


@pytest.mark.usefixtures("hydra")
@pytest.mark.parametrize(("ends", "launched"), [(True, [2]), (False, [2, 1])])
def test_a_search_waits_for_another_process_and_takes_up_what_it_left(
    tmp_path: Path, capsys, ends, launched
):
    study = about(tmp_path, n_trials=2)
    here, claims, waits = open_study(study), Event(), Event()

    def another() -> None:
        with claimed(study, (own := open_study(study))) as trial:
            claims.set()
            waits.wait()
            time.sleep(0.2)
            if ends:
                own.tell(trial, 1.0)

    thread = Thread(target=another, daemon=True)
    thread.start()
    claims.wait()
    seen = []

    def launch(left: int) -> None:
        seen.append(left)
        with claimed(study, here) as trial:
            here.tell(trial, 0.5)
        waits.set()

    run_trials(here, study, launch)
    thread.join()
    assert seen == launched
    assert finished(here) == 2
    assert capsys.readouterr().err.count("waits for trials of other processes: 1") == 1

"""What runs leave, and what of it goes."""

import errno
import os
import socket
import time
from pathlib import Path

import pytest
from filelock import FileLock

from crs.errors import UserError
from crs.store.commands.litter import litter, newest, remove
from crs.store.store import Store
from tests.crs.store.commands.small import chain

DAY = 86400


@pytest.fixture
def store(tmp_path) -> Store:
    chain(tmp_path)
    return Store(tmp_path)


def old(path: Path, days: int = 40) -> Path:
    path.mkdir(parents=True)
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


def found(store: Store, **how) -> set[str]:
    return {str(one.path.relative_to(store.root)) for one in litter(store, 30 * DAY, **how)}


def test_results_and_what_is_new_are_no_litter(store):
    old(store.root / "logs" / "2026-11-30_10-00-00-1", 1)
    assert found(store) == set()


def test_old_logs_go_but_not_those_of_a_process_that_runs(store):
    old(store.root / "logs" / "2026-01-01_10-00-00-99999999")
    old(store.root / "logs" / f"2026-01-01_10-00-00-{os.getpid()}")
    assert found(store) == {"logs/2026-01-01_10-00-00-99999999"}


def test_a_run_that_was_not_uploaded_goes_only_if_asked(store):
    runs = store.root / "wandb" / "wandb"
    for name in ("run-1", "run-2", "offline-run-3", "offline-run-4"):
        then = old(runs / name).stat().st_mtime
        if name in ("run-1", "offline-run-3"):
            (runs / name / "run.wandb.synced").touch()
            os.utime(runs / name / "run.wandb.synced", (then, then))
            os.utime(runs / name, (then, then))
    assert found(store) == {"wandb/wandb/run-1", "wandb/wandb/offline-run-3"}
    assert len(found(store, unsynced=True)) == 4


def test_only_locks_that_nobody_holds_and_nothing_needs_go(store):
    held = store.root / "train" / "0000000000000000.lock"
    free = store.root / "train" / "1111111111111111.lock"
    free.touch()
    (store.root / "train" / "2222222222222222.partial").mkdir()
    (store.root / "train" / "2222222222222222.lock").touch()
    with FileLock(held):
        assert found(store) == {"train/1111111111111111.lock"}
        [one] = litter(store, 30 * DAY)
        assert remove(one, store) and not free.exists()


def test_a_holder_whose_process_is_gone_goes(store):
    here = f"on {socket.gethostname()}"
    holders = {"a": f"process 99999999 {here}", "b": f"process {os.getpid()} {here}",
               "c": "process 1 on another machine"}  # fmt: skip
    for name, who in holders.items():
        (store.root / "train" / f"{name}.holder").write_text(who)
    assert found(store) == {"train/a.holder"}


def test_a_folder_that_was_just_set_aside_stays_however_old_its_files_are(store):
    then = time.time() - 40 * DAY
    aside = store.set_aside(old(store.root / "train" / "1111111111111111"))
    assert aside.stat().st_mtime < then + DAY and found(store) == set()


def test_folders_that_were_set_aside_go(store):
    old(store.root / "train" / "1111111111111111.old-5")
    old(store.root / ".importing-x")
    assert found(store) == {"train/1111111111111111.old-5", ".importing-x"}
    assert all(remove(one, store) for one in litter(store, 30 * DAY)) and found(store) == set()


def test_a_log_that_goes_meanwhile_is_no_litter(tmp_path):
    assert newest(tmp_path / "gone") > time.time() - DAY


def test_a_store_that_takes_no_change_is_one_sentence(store, monkeypatch):
    def refuse(path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    old(store.root / "logs" / "2026-01-01_10-00-00-99999999")
    monkeypatch.setattr("shutil.rmtree", refuse)
    [one] = litter(store, 30 * DAY)
    with pytest.raises(UserError, match=r"cannot be written \(Read-only .* type --store=PLACE"):
        remove(one, store)

"""Epochs as files have them and as people read them."""

from crs.store.epochs import counted


def test_people_count_epochs_from_1_and_the_initial_weights_are_0():
    assert counted({"epoch": 0, "loss": 2.0}) == {"epoch": 1, "loss": 2.0}
    assert counted({"em_best_epoch": -1, "em_epochs": 4}) == {"em_best_epoch": 0, "em_epochs": 4}

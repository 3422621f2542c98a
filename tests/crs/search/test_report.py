"""The pictures of a study."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from matplotlib.collections import LineCollection

from crs.search.report import tidy


@pytest.mark.parametrize(
    ("direction", "colours"), [("maximize", "viridis_r"), ("minimize", "viridis")]
)
def test_the_worst_trial_can_be_seen_and_labels_do_not_overlap(direction, colours):
    figure, axes = plt.subplots()
    axes.set_xscale("log")
    axes.set_xlim(5e-4, 7e-3)
    lines = axes.add_collection(LineCollection([[(1e-3, 0), (2e-3, 1)]], cmap="Blues"))
    tidy(figure, SimpleNamespace(direction=direction))
    figure.canvas.draw()
    assert lines.get_cmap().name == colours
    assert not any(label.get_text() for label in axes.get_xticklabels(minor=True))
    plt.close(figure)

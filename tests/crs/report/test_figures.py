"""Charts as plain data."""

import json

from crs.report import figures
from crs.report.figures import as_json, axis, curves, history, parallel
from crs.report.study import Study


def test_an_axis_of_numbers_is_logarithmic_beyond_two_orders_of_magnitude():
    assert axis("lr", ["0.1", "0.2"])["values"] == [0.1, 0.2]
    wide = axis("lr", [1e-4, 1e-1])
    assert wide["values"] == [-4.0, -1.0]
    assert wide["ticktext"] == ["1e-4", "1e-3", "1e-2", "1e-1"]


def test_an_axis_of_names_has_them_escaped():
    found = axis("<b>", ["x", "<i>", "x"])
    assert found["label"] == "&#60;b>"
    assert found["ticktext"] == ["&#60;i>", "x"] and found["values"] == [1, 0, 1]


def test_what_does_not_vary_has_no_axis():
    assert parallel({"a": [1, 1], "value": [0.1, 0.2]}, "value") is None
    found = parallel({"a": [1, 2], "b": [1, 1], "value": [0.1, 0.2]}, "value")
    assert [one["label"] for one in found["data"][0]["dimensions"]] == ["a", "value"]


def test_a_menu_has_each_figure_of_a_phase_and_shows_ndcg_first():
    lines = [(name, [{"epoch": 0, "loss": 2.0, "ndcg@10": 0.1}]) for name in ("a", "b")]
    chart = curves(lines)
    buttons = chart["layout"]["updatemenus"][0]["buttons"]
    assert [button["label"] for button in buttons] == ["ndcg@10", "loss"]
    assert [trace["visible"] for trace in chart["data"]] == [True, True, False, False]
    assert buttons[1]["args"] == ["visible", [False, False, True, True]]


def test_a_study_is_drawn_by_the_trials_that_ended(searched):
    study = Study.read(searched)
    best, each = history(study)["data"]
    assert (each["x"], each["y"], best["y"]) == ([0, 1], [0.3, 0.5], [0.3, 0.5])
    dimensions = figures.searched(study)["data"][0]["dimensions"]
    assert [len(one["values"]) for one in dimensions] == [2, 2]


def test_no_chart_ends_a_script():
    text = as_json([{"data": ["</script><script>alert(1)</script>"], "layout": {}}])
    assert "<" not in text
    assert json.loads(text)[0]["data"] == ["</script><script>alert(1)</script>"]


def test_what_is_no_number_is_null_on_the_page():
    text = figures.as_json([{"y": [float("nan"), 0.5, float("inf")], "name": "a"}])
    assert json.loads(text) == [{"y": [None, 0.5, None], "name": "a"}]

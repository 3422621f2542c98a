"""One result of a plan: resumed, begun anew, damaged, compared."""

import json

import pytest

from crs.errors import PartialResultError, UserError
from crs.pipeline import code_digest
from crs.store.artifact import RESUME
from crs.store.store import BEGUN
from tests.crs.pipeline.demo import SECOND, fail_half_way, lines, names


def test_a_failed_stage_leaves_no_result_and_goes_on_from_there(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    kept = demo.store.partial("samples", name) / RESUME / "half.txt"
    assert not demo.store.folder("samples", name).exists()
    kept.write_text("kept")
    capsys.readouterr()
    made = demo.run()
    assert (made.path / "file.txt").read_text().startswith("kept")
    assert lines(capsys)[-1] == ["samples", "resumed"]
    assert demo.second.calls == [False, True]
    assert made.manifest["resumed"] is True
    assert sorted(file.name for file in made.path.iterdir()) == ["file.txt", "manifest.json"]


def test_a_half_made_result_of_other_code_is_begun_anew(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    (demo.store.partial("samples", name) / RESUME / "half.txt").write_text("kept")
    demo.rewrite("second", SECOND + "\nA = 1\n")
    capsys.readouterr()
    made = demo.run()
    assert (made.path / "file.txt").read_text().startswith("half")
    assert made.manifest["resumed"] is False
    assert lines(capsys)[-2:] == [["samples", "restarted"], ["samples", "made"]]
    assert made.manifest["code"] == code_digest.code_digest("demo.second")


def test_half_made_of_other_code_is_kept(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    demo.rewrite("second", SECOND + "\nA = 1\n")
    demo.run()
    assert len(list(partial.parent.glob(f"{partial.name}.old-*/{RESUME}/half.txt"))) == 1


def test_a_damaged_half_made_result_is_told_set_aside_and_begun_anew(demo, monkeypatch, capsys):
    fail_half_way(demo, monkeypatch)
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    calls = []

    def damaged(settings, inputs, folder, context):
        calls.append(folder)
        if len(calls) == 1:
            raise PartialResultError("resume/half.txt is damaged")
        return real(settings, inputs, folder, context)

    real = demo.second.run
    monkeypatch.setattr(demo.second, "run", damaged)
    capsys.readouterr()
    assert demo.run().manifest["resumed"] is False
    assert "resume/half.txt is damaged: the partial result is set aside" in capsys.readouterr().err
    assert len(list(partial.parent.glob(f"{partial.name}.old-*/{RESUME}/half.txt"))) == 1
    assert demo.second.calls == [False, False]


def test_all_damage_of_a_plan_is_one_sentence_and_force_mends_it(demo, capsys):
    made = demo.run()
    dataset = demo.store.at("dataset", names(demo.config)["dataset"])
    for artifact in (dataset, made):
        (artifact.path / "file.txt").unlink()
    stages = r"force=\[dataset,samples\]"
    with pytest.raises(UserError, match=rf"dataset .* file.txt is not there; samples .*{stages}"):
        demo.run()
    assert ["dataset", "damaged"] in [line.split()[:2] for line in
                                      capsys.readouterr().err.splitlines()]  # fmt: skip
    demo.config.force = ["dataset", "samples"]
    assert demo.run().digest == made.digest


def test_inputs_are_compared_before_a_result_is_made_from_them(demo):
    made = demo.run()
    dataset = demo.store.at("dataset", names(demo.config)["dataset"])
    (dataset.path / "file.txt").write_text("tex_")
    assert demo.run() == made  # nothing is made: the size alone is looked at
    demo.config.samples.shown += 1
    with pytest.raises(UserError, match=r"dataset .* another content.*force=\[dataset\]"):
        demo.run()
    assert demo.calls == (1, 1)


def test_a_result_is_compared_before_it_is_given_out(demo):
    made = demo.run()
    (made.path / "file.txt").write_text("x" * made.manifest["sizes"]["file.txt"])
    with pytest.raises(UserError, match=r"samples .* another content.*force=\[samples\]"):
        demo.run()


def test_verify_compares_all_of_a_plan(demo):
    demo.run()
    (demo.store.at("dataset", names(demo.config)["dataset"]).path / "file.txt").write_text("tex_")
    demo.run()
    demo.config.verify = True
    with pytest.raises(UserError, match=r"dataset .* another content"):
        demo.run()


def test_a_remark_does_not_begin_a_half_made_result_anew(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    demo.rewrite("second", SECOND + "\n# a comment\n")
    assert demo.run().manifest["resumed"] is True


def test_a_half_made_result_of_other_inputs_is_begun_anew(demo, monkeypatch):
    fail_half_way(demo, monkeypatch)
    name = names(demo.config)["samples"]
    (demo.store.partial("samples", name) / RESUME / "half.txt").write_text("kept")
    monkeypatch.setattr(demo.first, "TEXT", "other")
    demo.config.force = ["dataset"]
    assert (demo.run().path / "file.txt").read_text().startswith("half")
    assert demo.second.calls == [False, False]


def test_what_began_half_made_holds_its_inputs_and_code(demo, monkeypatch):
    monkeypatch.setattr(demo.second, "FAIL", True)
    with pytest.raises(RuntimeError):
        demo.run()
    partial = demo.store.partial("samples", names(demo.config)["samples"])
    begun = json.loads((partial / BEGUN).read_text())
    assert begun["inputs"]["dataset"]["fingerprint"] == names(demo.config)["dataset"]
    assert begun["code"] == code_digest.code_digest("demo.second")
    assert set(begun) == {"inputs", "code", "forced"}

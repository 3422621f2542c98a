"""What is written, and that the written query encoder gives our scores."""

import json

import faiss
import pytest
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file

from crs.cli import export
from crs.errors import UserError
from crs.export import folder
from crs.ids import Number
from crs.nn.sequential import Sequential


def test_all_files_are_written_and_fit_together(system, tmp_path):
    folder.write(system, tmp_path / "out", onnx=False)
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    items = load_file(tmp_path / "out" / "items.safetensors")["items"]
    assert items.shape == (len(items), config["dim"]) and config["scorer"] == system.scorer
    assert torch.equal(items, system.recommender.catalogue()[0])
    table = (tmp_path / "out" / "items.csv").read_text().splitlines()
    assert len(table) == 1 + config["items"] and table[1].startswith("1,i0000,")
    assert faiss.read_index(str(tmp_path / "out" / "items.faiss")).ntotal == config["items"]
    for stage, shape in (("pretrain", "encoder"), ("train", "model")):
        assert (tmp_path / "out" / stage / f"{shape}.safetensors").is_file()
        assert (tmp_path / "out" / stage / f"{shape}.json").is_file()


@pytest.mark.parametrize("scorer", ["latentcrs linear", "latentcrs no text", "direct", "encoder"])
def test_the_onnx_model_gives_our_scores(system, tmp_path, scorer, monkeypatch):
    pytest.importorskip("onnx", reason="needs the extra `export`")
    monkeypatch.setattr(system, "scorer", scorer)
    folder.write(system, tmp_path, onnx=True)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["apart"] <= 1e-5
    # Several rows at once, of different lengths, with what else it reads at 0.
    run = folder.session(tmp_path / "query.onnx")
    histories = [[3, 8, 5], [], [*range(1, 70)], [2]]
    windows = [system.cases([map(Number, one)]).history(config["length"]) for one in histories]
    rows = [F.pad(one, (config["length"] - one.shape[1], 0)) for one in windows]
    widths = folder.query.inputs_of(system)
    given = {name: torch.zeros(len(rows), width) for name, width in widths.items()}
    theirs = torch.from_numpy(
        run({name: one.numpy() for name, one in {"history": torch.cat(rows), **given}.items()})
    )
    cases = system.cases([map(Number, one) for one in histories])
    cases.text, cases.dialogue = given.pop("text", None), given
    ours = system.recommender.queries(cases)
    items = system.recommender.catalogue()[0]
    torch.testing.assert_close(theirs @ items.T, ours @ items.T, atol=1e-5, rtol=1e-5)


def test_a_scorer_without_an_encoder_is_refused(system, tmp_path, monkeypatch):
    monkeypatch.setattr(system, "scorer", "attribute filter")
    with pytest.raises(UserError, match="'attribute filter' has no causal Transformer"):
        folder.write(system, tmp_path / "out", onnx=True)
    assert not (tmp_path / "out").exists()
    folder.write(system, tmp_path / "out", onnx=False)
    assert "bias" in load_file(tmp_path / "out" / "items.safetensors")


@pytest.mark.parametrize("scorer", ["encoder", "attribute filter"])
def test_a_graph_is_written_with_what_it_finds(system, tmp_path, monkeypatch, scorer):
    monkeypatch.setattr(system, "scorer", scorer)
    lines = folder.write(system, tmp_path, onnx=False, kind="hnsw")
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["index"] == "hnsw" and config["recall@10"] >= 0.85
    assert lines[0].endswith(f"hnsw, recall@10 {config['recall@10']:.3f}")
    assert faiss.read_index(str(tmp_path / "items.faiss")).ntotal == config["items"]


def test_an_index_that_cannot_be_is_refused_before_anything_is_written(system, tmp_path):
    for kind, says in (("hsnw", "There are flat, hnsw, ivfpq"), ("ivfpq", "type --index=flat")):
        with pytest.raises(UserError, match=says):
            folder.write(system, tmp_path / "out", onnx=False, kind=kind)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_sentence(system, tmp_path, monkeypatch):
    def full(*_):
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(folder, "save_file", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        folder.write(system, tmp_path / "e", onnx=False)


def test_a_folder_with_files_is_left_alone(system, tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(UserError, match="has files; give a new folder"):
        folder.write(system, tmp_path, onnx=False)


def test_serving_goes_on_with_its_own_encoder(system, tmp_path, monkeypatch):
    pytest.importorskip("onnx", reason="needs the extra `export`")
    before = system.recommend(["i0003"], "a drama")["item"].tolist()
    folder.write(system, tmp_path, onnx=True)
    assert system.recommend(["i0003"], "a drama")["item"].tolist() == before
    assert isinstance(system.scorers["encoder"], Sequential)


@pytest.mark.parametrize(("words", "says"), [
    (["abc"], "name a result and a folder"),
    (["abc", "out", "--onnx"], "unrecognized arguments: --onnx; there is --store"),
])  # fmt: skip
def test_a_wrong_option_is_one_sentence(words, says):
    with pytest.raises(UserError, match=says):
        export.options(words)


def test_the_command_prints_what_it_wrote(finished, tmp_path, capsys):
    store = f"--store={finished.path.parents[1]}"
    out = [finished.fingerprint, str(tmp_path / "out"), store, "--no-onnx"]
    export.main([*out, "--scorer=encoder"])
    assert "items.faiss" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"no such scorer\. Did you mean encoder\?"):
        export.main([*out, "--scorer=encoderr"])

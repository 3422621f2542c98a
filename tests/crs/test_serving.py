"""A finished result, loaded by its fingerprint."""

import shutil

import faiss
import numpy as np
import pandas as pd
import pytest
import torch

from crs.data.cases import Cases
from crs.dialogue.catalogue import display_titles
from crs.errors import UserError
from crs.evaluation.ranking import topk
from crs.ids import Number
from crs.pipeline.run import run
from crs.serving import find, load
from crs.store.artifact import Artifact, write_json
from crs.store.store import Store
from tests.conftest import composed


def test_three_lines_recommend(finished):
    system = load(finished.fingerprint, finished.path.parents[1])
    titles = [system.titles[item] for item in (3, 8)]
    found = system.recommend(titles, "a comedy from the 1990s", k=4)
    assert len(found) == 4 and not {titles[0], titles[1]} & set(map(str, found["title"]))
    assert found.columns.tolist() == ["item", "title", "year", "attributes", "description"]


def test_a_fingerprint_may_be_short(finished):
    store = finished.path.parents[1]
    assert find(finished.fingerprint[:6], store).path == finished.path


@pytest.mark.parametrize("begins", ["zz", ""])
def test_no_result_or_several_are_one_sentence(finished, begins, tmp_path):
    store = tmp_path / "store"
    shutil.copytree(finished.path, store / "evaluate" / "aa00")
    shutil.copytree(finished.path, store / "evaluate" / "aa11")
    with pytest.raises(UserError, match=r"(no|2) finished result of evaluate or multi_turn"):
        find(begins, store)


def test_results_set_aside_are_not_found(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "evaluate" / f"{finished.fingerprint}.old-12")
    shutil.copytree(finished.path, tmp_path / "evaluate" / f"{finished.fingerprint}.partial")
    with pytest.raises(UserError, match="no finished result"):
        find(finished.fingerprint, tmp_path)


def test_a_result_without_its_inputs_says_what_is_missing(finished, tmp_path):
    shutil.copytree(finished.path, tmp_path / "evaluate" / finished.fingerprint)
    with pytest.raises(UserError, match=r"depends on .*dataset.* is missing"):
        load(finished.fingerprint, tmp_path)


def copied(finished, store):
    """The result and all that it depends on, in another store."""
    for stage, made in finished.manifest["inputs"].items():
        folder = finished.place.parents[1] / stage / made["fingerprint"]
        shutil.copytree(folder, store / stage / made["fingerprint"])
    shutil.copytree(finished.path, store / "evaluate" / finished.fingerprint)
    return store


def test_damage_below_a_result_is_told_before_it_recommends(finished, tmp_path):
    store = copied(finished, tmp_path)
    (weights,) = store.glob("pretrain/*/encoder.safetensors")
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UserError, match=r"pretrain .*another content.*force=\[pretrain\]"):
        load(finished.fingerprint, store)


def test_an_input_that_was_made_anew_with_other_bits_is_told(finished, tmp_path):
    store = copied(finished, tmp_path)
    pretrain = Artifact(next(store.glob("pretrain/*")))
    made = {k: v for k, v in pretrain.manifest.items() if k not in ("sha256", "digest", "files")}
    shutil.copytree(pretrain.path, Store(store).partial("pretrain", pretrain.fingerprint))
    unfinished = Store(store).partial("pretrain", pretrain.fingerprint)
    (unfinished / "more.txt").write_text("other bits")
    Store(store).finish("pretrain", pretrain.fingerprint, made)
    with pytest.raises(UserError, match=r"depends on .*pretrain.* made again with other bits"):
        load(finished.fingerprint, store)


def test_the_models_best_own_scorer_answers(system, finished):
    assert system.scorer == finished.summary["default_scorer"]
    assert system.silent.sees == "history" and system.silent is system.scorers["latentcrs no text"]


def test_a_wish_changes_the_list_and_is_kept(system):
    none, drama = (system.recommend(["i0004", "i0005"], text) for text in ("", "some drama"))
    number = system.attributes.index("Drama")
    assert all(number in cell for cell in drama["attributes"])
    assert none["item"].tolist() != drama["item"].tolist()


def test_a_new_history_is_encoded_as_a_users(system):
    history = system.history_of(Number(4))
    states = system.silent.states
    one = states(system.cases([history]))
    cut = torch.tensor([len(history)])
    assert torch.equal(one, states(Cases(system.sequences, torch.tensor([4]), cut)))


class Factors:
    """A vector of each user of the data set: what a typed history must not be answered with."""

    sees = "history"

    def __init__(self, sequences):
        self.users = torch.randn(len(sequences.offsets) - 1, 4)
        self.items = torch.randn(sequences.n_items + 1, 4)

    def queries(self, cases):
        return self.users[cases.user]

    def catalogue(self):
        return self.items, None


def test_a_typed_history_is_no_users_of_the_data_set(system, monkeypatch):
    """Not even one that some user of the data set has."""
    factors = Factors(system.sequences)
    monkeypatch.setitem(system.scorers, "factors", factors)
    monkeypatch.setattr(system, "scorer", "factors")
    stored = Cases(system.sequences, torch.tensor([4]), torch.tensor([3]))
    assert torch.equal(factors.queries(stored), factors.users[4:5])
    for history in ([], system.history_of(Number(4))):
        with pytest.raises(UserError, match="looks up the users of its data set"):
            system.recommend(history, "a drama")


def test_titles_are_found_by_words_and_mistakes_are_told(system):
    title = system.items["title"].iloc[0]
    assert system.titles[1] == f"{title} ({system.items['year'].iloc[0]})"
    assert system.item(title.upper()) == system.item(system.titles[1]) == system.item("i0000") == 1
    first, second = title.split()[:2]
    found = system.search(f"{second} {first}".lower())["title"]
    assert title in set(found) and all(first in t and second in t for t in found)
    with pytest.raises(UserError, match=r"'Velvet' is not one title; there is .*Velvet"):
        system.item("Velvet")
    with pytest.raises(UserError, match="no title; there is"):
        system.item("zzzz")
    with pytest.raises(UserError, match="no item 9999; ids are those of your file"):
        system.item(9999)
    with pytest.raises(UserError, match=r"no user 0; ids are those of your file"):
        system.history_of(0)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A system of a file with ids of its own: films 11 to 42, users 101 to 130."""
    folder = tmp_path_factory.mktemp("own")
    films = [f'{n},"Film, The {n}th ({1960 + n})"' for n in range(11, 42)]
    films += ['42,"11 (2001)"']
    (folder / "films.csv").write_text("film,title\n" + "\n".join(films))
    plays = [f"{user},{11 + (user * 7 + n * 5) % 32},{n}" for user in range(101, 131)
             for n in range(12)]  # fmt: skip
    (folder / "plays.csv").write_text("who,film,timestamp\n" + "\n".join(plays))
    result = run(composed(
        "model=popularity", "dataset=custom", f"dataset.path={folder / 'plays.csv'}",
        f"dataset.items={folder / 'films.csv'}", "dataset.columns.user=who",
        "dataset.columns.item=film", "dataset.min_user=1", "dataset.min_item=1",
        "tracker=none", "debug=fast", "trainer=cpu", f"store={folder / 'store'}",
    ))  # fmt: skip
    return load(result.fingerprint, folder / "store")


def test_ids_are_those_of_the_users_file(own):
    number = own.item(20)
    assert own.titles[number] == "Film, The 20th (1980)"
    assert own.item("20") == own.item("The film 20th") == own.item(number) == number
    assert own.item(number) != 20
    history = own.history_of(110)
    assert history == own.history_of("110")
    assert history == [11 + (110 * 7 + n * 5) % 32 for n in range(12)]
    for ours in (1, 2):
        with pytest.raises(UserError, match=f"no item {ours}; ids are those of your file, as 11"):
            own.recommend([ours])
        with pytest.raises(UserError, match=f"no user {ours}; ids are those of your file, as 101"):
            own.history_of(ours)


def test_what_is_recommended_can_be_a_history(own):
    found = own.recommend([20], k=3)
    assert all(own.titles[own.item(one)].startswith("Film") for one in found["item"])
    again = own.recommend(found["item"], k=3)
    assert not set(found["item"]) & set(again["item"])
    talk = own.talk(own.history_of(110))
    first = talk.show().items
    assert first[0] not in talk.refuse(own.item_ids[first[0]]).items


def test_an_id_that_is_anothers_title_is_no_guess(own):
    with pytest.raises(UserError, match=r"'11' is the id of 'Film, The 11th .* and the title"):
        own.item("11")
    assert own.item(11) == 1 and own.titles[own.item("11 (2001)")] == "11 (2001)"


def test_the_exported_index_has_the_ids_of_the_file(own, tmp_path):
    own.export_faiss(tmp_path / "items.faiss")
    index = faiss.read_index(str(tmp_path / "items.faiss"))
    _, found = index.search(own.query([20]), 3)
    assert set(map(str, found[0].tolist())) < set(own.item_ids.raw[1:])
    with pytest.raises(UserError, match=r"nowhere/items\.faiss cannot be written"):
        own.export_faiss(tmp_path / "nowhere" / "items.faiss")


@pytest.mark.parametrize("scorer", ["latentcrs no text", "latentcrs linear", "direct"])
def test_the_exported_index_finds_what_the_model_ranks_first(system, tmp_path, scorer, monkeypatch):
    monkeypatch.setattr(system, "scorer", scorer)
    size = system.export_faiss(tmp_path / "items.faiss")
    index = faiss.read_index(str(tmp_path / "items.faiss"))
    assert size == index.ntotal == len(system.items)
    history, text = [Number(n) for n in (2, 9, 4)], "a quiet mystery"
    scores, found = index.search(system.query(history, text), 7)
    talk = system.talk(history)
    talk.hear(text)
    queries = system.recommender.queries(talk.asked())
    items, expected = topk(queries, system.recommender.catalogue(), 7, n_items=len(system.items))
    np.testing.assert_allclose(scores, expected.numpy(), rtol=1e-5)
    assert found.tolist() == items.tolist()


@pytest.mark.parametrize("kind", ["float64", "Int64", "object"])
def test_titles_are_written_as_people_write_them(kind):
    """Whole years, as whatever a column that lacks some is read."""
    years = pd.array([1994, 1994, None, None], dtype="Int64").astype(kind)
    items = pd.DataFrame({"item": [1, 2, 3, 4], "title": ["A", "B (1994)", "C", ""], "year": years})
    assert display_titles(items, "film") == ["A (1994)", "B (1994)", "C", "film 4"]


def test_a_bias_is_a_column_of_the_index(system, tmp_path, monkeypatch):
    monkeypatch.setattr(system, "scorer", "attribute filter")
    system.export_faiss(tmp_path / "items.faiss")
    index = faiss.read_index(str(tmp_path / "items.faiss"))
    _, found = index.search(system.query([], "no comedy, a western"), 5)
    names = system.attributes
    for item in found[0]:  # not whole numbers, the file's ids cannot be FAISS's: these are ours
        had = {names[a] for a in system.items["attributes"].iloc[item - 1]}
        assert "Western" in had or "Comedy" not in had


def test_texts_that_local_weights_embedded_need_them_again(finished, tmp_path):
    store = copied(finished, tmp_path)
    manifest = (
        store / "embed" / finished.manifest["inputs"]["embed"]["fingerprint"] / "manifest.json"
    )
    system = load(finished.fingerprint, store)
    made = {k: v for k, v in system.inputs["embed"].manifest.items() if k != "sha256"}
    write_json(manifest, {**made, "settings": {**made["settings"], "path": "ab" * 32}})
    with pytest.raises(UserError, match=r"local embedder\.path \(sha256 abababab…\); .*path="):
        load(finished.fingerprint, store).recommend(["i0000"], "a comedy")
    (other := tmp_path / "model.safetensors").write_bytes(b"others")
    with pytest.raises(UserError, match=r"abababab…\), and .*model\.safetensors is another one;"):
        load(finished.fingerprint, store, path=str(other)).recommend(["i0000"], "a comedy")


def test_a_model_of_the_hub_that_is_given_as_a_folder_is_told(finished, tmp_path, capsys):
    store = copied(finished, tmp_path)
    system = load(finished.fingerprint, store, model=str(tmp_path))
    settings = system.inputs["embed"].manifest["settings"]
    settings |= {"kind": "sentence_transformers", "model": "hub/name", "prompts": ["{text}"]}
    with pytest.raises(UserError):  # the folder has no model
        _ = system.encoder
    assert "embedded with model hub/name; whether" in capsys.readouterr().err

"""Dialogues in a layout that no reader of ours reads, or another one: what their owner is told."""

import json
import re
from dataclasses import replace

import pytest

from crs.data import build_dataset
from crs.data.layouts import of_file, refusal
from crs.errors import UserError
from tests.contracts import dialogues
from tests.contracts.tiny import config, context

# fmt: off
OPENDIALKG = {
    "dialogue_id": 7, "meta": {"domain": "movie"},
    "turns": [{"speaker": "user", "utterance": "Do you know Alpha?"},
              {"speaker": "assistant", "utterance": "Yes, by Ann Lee.",
               "metadata": {"path": [["Alpha", "directed_by", "Ann Lee"]]}}],
}
ACTIONS = [{"type": "action", "sender": "user", "metadata": {"path": ["Alpha"]}},
           {"type": "chat", "sender": "user", "message": "Do you know Alpha?"}]
DURECDIAL = {"situation": "At noon", "goal": "[1] greeting", "user_profile": {"Name": "Ann"},
             "conversation": ["[1] Hello", "What is on?"], "knowledge": [["Alpha", "by", "Lee"]]}
MULTIWOZ = {"SNG1.json": {"goal": {}, "log": [{"text": "A hotel, please.", "metadata": {}}]}}
MULTIWOZ_22 = [{"dialogue_id": "1", "services": ["hotel"],
                "turns": [{"speaker": "USER", "utterance": "A hotel, please.", "frames": []}]}]
CRSLAB = [{"conv_id": 1, "dialog": [{"utt_id": 0, "role": "Seeker", "text": ["Hello"],
                                     "item": ["Alpha"], "entity": [], "word": []}]}]
PLAIN = {"id": 1, "dialog": [{"role": "user", "content": "Hello, a comedy."}]}
TABLE = 'Messages,User Rating,Assistant Rating\n"[{""message"": ""Hello""}]",5,5\n'
OFFICIAL = r"nearest is dataset=redial, which needs train_data\.jsonl and test_data\.jsonl: .*conv"
LISTS = (
    r"nearest is dataset=redial, which needs \{train,valid,test\}_data\.json, lists of dialogues"
)

FOREIGN = [
    ("data.jsonl", json.dumps(OPENDIALKG),
     r"OpenDialKG \(a dialogue a line with dialogue_id, meta, turns, turns with metadata, speaker",
     OFFICIAL),
    ("data.jsonl", json.dumps(OPENDIALKG | {"meta": [["Alpha", "by", "Lee"]]}), "OpenDialKG",
     OFFICIAL),
    ("data.jsonl", json.dumps(ACTIONS), "OpenDialKG",
     r"nearest is dataset=inspired, which needs .*movie_link.*entity2id\.json"),
    ("opendialkg.csv", TABLE, r"OpenDialKG \(a dialogue a row with Assistant Rating", OFFICIAL),
    ("en_train.txt", json.dumps(DURECDIAL), r"DuRecDial \(a dialogue a line with conversation",
     OFFICIAL),
    ("data.json", json.dumps(MULTIWOZ), r"MultiWOZ \(a dialogue an entry with goal, log", OFFICIAL),
    ("dialogues_001.json", json.dumps(MULTIWOZ_22, indent=2), "MultiWOZ", OFFICIAL),
    ("train_data.json", json.dumps(CRSLAB),
     r"another set in CRSLab's layout \(a dialogue an entry with conv_id, dialog, turns with ent",
     LISTS),
    ("chats.jsonl", json.dumps(PLAIN),
     r"dialogues \(a dialogue a line with dialog, id, turns with content, role\)", OFFICIAL),
    ("chats.tsv", "dialogue\tspeaker\ttext\n1\tuser\tHello\n", "dialogues", OFFICIAL),
]
# fmt: on
DATASETS = ["redial", "inspired", "tgredial", "lastfm", "custom", "recbole", "beauty"]


def refused(name, path, folder):
    """What is printed for a path that is given to a data set."""
    place = "archive" if name == "beauty" else "path"
    settings = replace(config(f"dataset={name}").dataset, **{place: str(path)})
    (folder / "store" / "dataset").mkdir(parents=True, exist_ok=True)
    with pytest.raises(UserError) as error:
        build_dataset.run(settings, {}, folder / "store" / "dataset" / "x", context())
    return str(error.value)


@pytest.mark.parametrize(("name", "text", "found", "nearest"), FOREIGN)
def test_dialogues_in_another_layout_are_told_what_is_nearest(tmp_path, name, text, found, nearest):
    (tmp_path / name).write_text(f"{text}\n{text}\n" if name.endswith("l") else text)
    (tmp_path / "README.md").write_text("Hello")
    for path in (tmp_path, tmp_path / name):
        told = refusal(path, "crs.data.readers.redial:read")
        assert re.match(f"dataset: {name} looks like {found}.*{nearest}", told or "")


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_reader_says_it(tmp_path, dataset):
    (tmp_path / "data.jsonl").write_text(json.dumps(OPENDIALKG) + "\n")
    files = ("custom", "beauty")
    path = tmp_path / "data.jsonl" if dataset in files else tmp_path
    assert refused(dataset, path, tmp_path).startswith("dataset: data.jsonl looks like OpenDialKG")


@pytest.mark.parametrize("dataset", sorted(set(DATASETS) - {"inspired"}))
def test_dialogues_that_another_reader_reads_are_sent_there(tmp_path, dataset):
    folder = dialogues.inspired(tmp_path / "inspired")
    path = folder / "train_data_dbpedia.jsonl" if dataset in ("custom", "beauty") else folder
    told = refused(dataset, path, tmp_path)
    assert "train_data_dbpedia.jsonl has the layout of dataset=inspired (" in told
    assert told.endswith("type dataset=inspired dataset.path=FOLDER")


@pytest.mark.parametrize(("make", "own", "other", "dataset"), [
    (dialogues.official, "redial:read", "inspired:read", "redial"),
    (dialogues.redial, "redial:read", "crslab:tgredial", "redial"),
    (dialogues.tgredial, "crslab:tgredial", "redial:read", "tgredial"),
    (dialogues.inspired, "inspired:read", "lastfm:read_scpr", "inspired"),
])  # fmt: skip
def test_a_layout_of_ours_is_left_to_its_reader_and_others_are_told(
    tmp_path, make, own, other, dataset
):
    folder = make(tmp_path / "own")
    assert refusal(folder, f"crs.data.readers.{own}") is None
    told = refusal(folder, f"crs.data.readers.{other}")
    assert f"has the layout of dataset={dataset} (" in told


def test_a_turn_that_lacks_a_field_does_not_make_it_another_layout(tmp_path):
    turns = dialogues.conversation(1)
    del turns[0]["movie_link"]
    (tmp_path / "train_data_dbpedia.jsonl").write_text(json.dumps(turns) + "\n")
    assert "has no entity2id.json" in refused("inspired", tmp_path, tmp_path)


@pytest.mark.parametrize("text", [
    "", "[", "{", '{"a":', "[]", "{}", "null", "[[[", '{"a": [1, 2]}', "user item\n1 2\n",
    "user,item,text,agent\n1,2,good,web\n",
    '{"user_id": "1", "parent_asin": "2", "text": "good", "rating": 5}\n', "\x00\xff",
    json.dumps({"customer_id": "1_raw_raw", "history": ["1", "2"], "response": "Hello"}),
])  # fmt: skip
def test_what_holds_no_dialogue_is_not_taken_for_one(tmp_path, text):
    (tmp_path / "file.json").write_text(text)
    assert refusal(tmp_path, "crs.data.readers.custom:read") is None


def test_a_list_that_is_longer_than_what_is_looked_at_is_recognised(tmp_path, monkeypatch):
    monkeypatch.setattr("crs.data.layouts.HEAD", 400)
    for text in (json.dumps(CRSLAB * 50), json.dumps({str(i): PLAIN for i in range(50)})):
        (tmp_path / "long.json").write_text(text)
        assert of_file(tmp_path / "long.json").how == "an entry"

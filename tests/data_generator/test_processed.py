"""Texts of files in the layout of LatentCRS' authors: which are used, and what of the others."""

import copy
import json
import random
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from crs.command_line import check, register
from crs.config import Named
from crs.errors import UserError
from crs.pipeline.plan import plan
from crs.stages.simulate import Simulate
from data_generator import samples, simulate
from tests.contracts.processed import SEEDS, records, write
from tests.contracts.tiny import artifact, config, dataset, made

KEYS = ["split", "kind", "user", "cut"]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return dataset(
        tmp_path_factory.mktemp("data"), "dataset.generated.length=26", "dataset.generated.items=90"
    )


@pytest.fixture(scope="module")
def lines(data):
    return records(data, shown=25)


@pytest.fixture
def parts(lines):
    """The lines of each file, to be spoiled."""
    return copy.deepcopy(lines)


def settings(folder, **changed):
    """The settings for the files of a folder, and what is changed of `samples`."""
    chosen = config("simulator=processed", "simulator.path=any")
    assert chosen.samples.path == chosen.simulator.path == "any"
    return replace(
        chosen, samples=replace(chosen.samples, **{"path": str(folder), **changed}),
        simulator=replace(chosen.simulator, path=str(folder)),
    )  # fmt: skip


def drawn(data, folder, **changed):
    """What the stage `samples` makes of the files of a folder."""
    return made(samples, settings(folder, **changed).samples, {"dataset": data},
                folder.parent / "samples" / "of the files")  # fmt: skip


def said(data, folder):
    """What the stages make of the files of a folder: samples, and utterances."""
    chosen = settings(folder)
    found = drawn(data, folder)
    inputs = {"dataset": data, "samples": found}
    stage = Simulate(chosen.simulator, chosen.llm)
    return found, made(simulate, stage, inputs, folder.parent / "simulate" / "of the files")


def test_every_row_is_a_case_with_its_words(data, parts, tmp_path):
    found, spoken = said(data, write(tmp_path / "texts", parts))
    frame = spoken.load("utterances.parquet")
    raw = data.load("users.parquet").set_index("user")["raw"]
    titles = data.load("items.parquet").set_index("item")["raw"]
    by_customer = {line["customer_id"]: line for part in parts.values() for line in part}
    assert len(frame) == len(by_customer) == found.summary["files"]["of them cases"]
    for split, kind, user, target, text, dropped in frame[
        ["split", "kind", "user", "target", "text", "dropped"]
    ].itertuples(index=False):
        last = {"train": "raw"}.get(split, split)
        part = f"raw_{last}" if kind == "raw" else f"selection_{kind}"
        line = by_customer[f"{raw[user]}_{part}"]
        assert (titles[target], text, dropped) == (line["target"], line["response"], False)
    comedy = data.load("attributes.parquet").set_index("name")["attribute"].get("Comedy")
    assert all(list(cell) == [comedy] for cell in frame["attributes"])


def test_raw_cases_are_ours_and_seeded_cuts_are_the_files(data, parts, tmp_path):
    frame = drawn(data, write(tmp_path / "texts", parts)).load("cases.parquet")
    own = made(samples, config().samples, {"dataset": data}, tmp_path / "own")
    ours = own.load("cases.parquet")
    assert frame[KEYS[:3]].equals(ours[KEYS[:3]])
    raw = (frame["kind"] == "raw").to_numpy()
    assert frame[raw].equals(ours[raw]) and not frame[~raw]["cut"].equals(ours[~raw]["cut"])


def test_fewer_cases_can_be_asked_for(data, parts, tmp_path):
    folder = write(tmp_path / "texts", parts)
    found = drawn(data, folder, seeds=[], valid=7)
    frame = found.load("cases.parquet")
    assert set(frame["kind"]) == {"raw"} and (frame["split"] == "valid").sum() == 7
    seeded = sum("selection" in line["customer_id"] for line in parts["combination"])
    assert found.summary["files"]["of cases that samples does not ask for"] == seeded > 0


def spoil_target(line):
    line["target"] = line["history"][0]


def spoil_history(line):
    line["history"][0], line["history"][1] = line["history"][1], line["history"][0]


def lose_an_item(line):
    del line["history"][0]


def name_an_unknown_item(line):
    line["history"][-1] = "an item of another edition"


@pytest.mark.parametrize("spoil", [spoil_target, spoil_history, lose_an_item, name_an_unknown_item])
@pytest.mark.parametrize("part", ["combination", "raw_seedtest"])
def test_a_row_of_another_history_or_target_is_counted_and_not_used(
    data, parts, tmp_path, spoil, part
):
    for line in (spoiled := parts[part][-3:]):
        spoil(line)
    found, spoken = said(data, write(tmp_path / "texts", parts))
    assert found.summary["files"]["of other histories or targets"] == 3
    assert found.summary["files"]["cases without a row"] == 3
    texts = set(spoken.load("utterances.parquet")["text"])
    assert texts.isdisjoint(line["response"] for line in spoiled)
    assert spoken.summary["files"]["of other histories or targets"] == 3


def test_rows_that_are_missing_and_users_that_we_lack_are_counted(data, parts, tmp_path):
    del parts["raw_seedvalid"][:4]
    for line in parts["raw_seedtest"][:2]:
        line["customer_id"] = f"nobody {line['customer_id']}"
    found = drawn(data, write(tmp_path / "texts", parts))
    assert found.summary["files"]["cases without a row"] == 6
    assert found.summary["files"]["of unknown users"] == 2


def test_users_who_were_numbered_anew_are_found_by_their_items(data, parts, tmp_path):
    expected = drawn(data, write(tmp_path / "a" / "texts", parts)).load("cases.parquet")
    raws = data.load("users.parquet")["raw"].tolist()
    random.Random(0).shuffle(raws)
    number = {raw: str(i) for i, raw in enumerate(raws)}
    for line in (line for part in parts.values() for line in part):
        user, rest = line["customer_id"].split("_", 1)
        line["customer_id"] = f"{number[user]}_{rest}"
    found = drawn(data, write(tmp_path / "b" / "texts", parts))
    assert found.load("cases.parquet").equals(expected)


def test_users_whom_their_items_do_not_tell_apart_are_not_guessed(data, parts, tmp_path):
    rows = data.load("interactions.parquet")
    twin = rows[rows["user"] == 1].assign(user=2)
    frames = {"interactions": pd.concat([rows[rows["user"] != 2], twin]).sort_values(
        "user", kind="stable")}  # fmt: skip
    frames |= {name: data.load(f"{name}.parquet") for name in ("users", "items", "attributes")}
    twins = artifact(tmp_path / "twins", data.summary, **frames)
    parts = records(twins, 25)
    for line in (line for part in parts.values() for line in part):
        line["customer_id"] = f"new {line['customer_id']}"
    found = drawn(twins, write(tmp_path / "texts", parts))
    assert set(found.load("cases.parquet")["user"]) == set(range(3, 61))
    assert found.summary["files"]["of unknown users"] > 0


@pytest.mark.parametrize(("spoil", "message"), [
    (lambda line: line.update(target="x", history=["y"]),
     r"0 of .* rows are cases of dataset=tiny.*: line 1 of tiny_combination.jsonl has target 'x' "
     r"after \['y'\], and the data set has 'i.*; give the data set that the texts are of"),
    (lambda line: line.update(customer_id=f"of_ml1m{line['customer_id']}", target="x"),
     r"line 1 of tiny_combination.jsonl is of user 'of_ml1mu0000', who is none of the data set's"),
])  # fmt: skip
def test_files_of_other_data_are_refused(data, parts, tmp_path, spoil, message):
    for line in (line for part in parts.values() for line in part):
        spoil(line)
    with pytest.raises(UserError, match=f"^simulator.path: .*{message}"):
        drawn(data, write(tmp_path / "texts", parts))


def test_files_without_a_split_are_refused(data, parts, tmp_path):
    del parts["raw_seedvalid"]
    with pytest.raises(UserError, match=r"^simulator.path: no row is a valid case; give a folder"):
        drawn(data, write(tmp_path / "texts", parts))


def without(key):
    return lambda line: line.pop(key)


def having(**changed):
    return lambda line: line.update(changed)


@pytest.mark.parametrize(("spoil", "message"), [
    *((without(key), f"has no '{key}'")
      for key in ("customer_id", "history", "target", "prompt", "response")),
    (having(target=7), "has 7 for 'target', text expected"),
    (having(history="1 2"), "has '1 2' for 'history', a list of texts expected"),
    (having(history=["1", 2]), r"has \['1', 2\] for 'history', a list of texts expected"),
    (having(response=None), "has None for 'response', text expected"),
    (having(response={"candidates": []}), "for 'response', text expected"),
    (having(customer_id="7"), "has customer_id '7', USER_raw_raw, USER_selection_SEED"),
    (having(customer_id="7_raw_dev"), "has customer_id '7_raw_dev'"),
    (having(customer_id="7_selection_x"), "has customer_id '7_selection_x'"),
    (having(customer_id="u0001_raw_test"),
     r"has customer_id 'u0001_raw_test', as line 2 of tiny_raw_seedtest.jsonl"),
    (having(response="\ud800"), "half of an escaped pair"),
])  # fmt: skip
def test_a_line_that_is_not_as_the_authors_wrote_it_is_named(data, parts, tmp_path, spoil, message):
    spoil(parts["raw_seedtest"][4])
    where = r"^simulator\.path: line 5 of tiny_raw_seedtest\.jsonl "
    with pytest.raises(UserError, match=f"{where}.*{message}.*\\. Give the authors' processed"):
        drawn(data, write(tmp_path / "texts", parts))


@pytest.mark.parametrize(("text", "message"), [
    (b'{"customer_id": ', r"line 1 of a\.jsonl is not JSON"),
    (b"[]\n", r"line 1 of a\.jsonl is \[\], an object with customer_id, history"),
    (b"\n\xff\n", r"line 2 of a\.jsonl is not utf-8"),
    (b"\n", r"0 of 0 rows are cases of dataset=tiny.*there are none"),
    (b"", r"a\.jsonl is empty"),
])  # fmt: skip
def test_a_file_without_lines_of_theirs_is_named(data, tmp_path, text, message):
    (tmp_path / "a.jsonl").write_bytes(text)
    with pytest.raises(UserError, match=message):
        drawn(data, tmp_path / "a.jsonl")


def test_a_folder_without_files_is_named(data, tmp_path):
    (tmp_path / "texts").mkdir()
    with pytest.raises(UserError, match=r"texts has no \.jsonl file; give the folder processed_"):
        drawn(data, tmp_path / "texts")


def test_a_customer_in_two_files_is_refused(data, parts, tmp_path):
    parts["more"] = parts["raw_seedvalid"][6:7]
    twice = "line 7 of tiny_raw_seedvalid.jsonl has customer_id 'u0006_raw_valid', as line 1 of "
    with pytest.raises(UserError, match=f"{twice}tiny_more.jsonl"):
        drawn(data, write(tmp_path / "texts", parts))


def test_a_sample_of_a_file_that_is_there_is_left_out_and_one_alone_is_read(data, parts, tmp_path):
    parts["raw_seedtest_sample_5"] = parts["raw_seedtest"][:5]
    parts["raw_seedvalid_sample_9"] = parts.pop("raw_seedvalid")[:9]
    counts = drawn(data, write(tmp_path / "texts", parts)).summary
    assert (counts["test"], counts["valid"]) == (60, 9)


def test_one_file_may_hold_all(data, parts, tmp_path):
    file = tmp_path / "all.jsonl"
    lines = [line for part in parts.values() for line in part]
    random.Random(0).shuffle(lines)
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert drawn(data, file).summary["cases"] == len(lines)


def test_ends_are_cut_off_and_silence_and_leaks_are_dropped(data, parts, tmp_path):
    items = data.load("items.parquet").set_index("raw")["title"]
    one, two, three, four = parts["raw_seedtest"][:4]
    one["response"] = '"I want a drama." ⟨END⟩'
    two["response"] = "⟨END⟩"
    three["response"] = " \n"
    four["response"] = f"Do you have {items[four['target']]}?"
    _, spoken = said(data, write(tmp_path / "texts", parts))
    frame = spoken.load("utterances.parquet")
    frame = frame[frame["split"] == "test"].reset_index(drop=True)
    assert frame["text"].tolist()[:3] == ["I want a drama.", "", ""]
    assert frame["dropped"].tolist() == [False, True, True, True] + [False] * 56
    assert frame["leak"][3] == "exact" and spoken.summary["dropped"] == 3


def test_files_of_silent_users_are_no_result(data, parts, tmp_path):
    for line in parts["combination"]:
        line["response"] = "⟨END⟩"
    with pytest.raises(UserError, match=r"^simulator=processed: .* got no utterance .*; give "):
        said(data, write(tmp_path / "texts", parts))


def test_cases_of_our_own_take_the_texts_that_fit_them(data, parts, tmp_path):
    chosen = settings(write(tmp_path / "texts", parts), seeds=[], path=None)
    own = made(samples, chosen.samples, {"dataset": data}, tmp_path / "samples" / "own")
    stage = Simulate(chosen.simulator, chosen.llm)
    inputs = {"dataset": data, "samples": own}
    found = made(simulate, stage, inputs, tmp_path / "simulate" / "own")
    assert found.summary["texts"] == found.summary["different"] == 180
    with pytest.raises(UserError, match="the first: the files have no such case"):
        seeded = made(samples, replace(chosen.samples, seeds=list(SEEDS)), {"dataset": data},
                      tmp_path / "samples" / "seeded")  # fmt: skip
        made(simulate, stage, inputs | {"samples": seeded}, tmp_path / "simulate" / "seeded")


def test_files_count_by_what_they_hold_and_not_by_where_they_lie(parts, tmp_path):
    def names(folder):
        chosen = settings(folder)
        return chosen.samples.identity(), Simulate(chosen.simulator, chosen.llm).identity()

    one, twin = (write(tmp_path / place / "texts", parts) for place in "ab")
    assert names(one) == names(twin) and str(tmp_path) not in str(names(one))
    parts["raw_seedtest"][0]["response"] += "!"
    changed = names(write(tmp_path / "c" / "texts", parts))
    assert all(a != b for a, b in zip(names(one), changed, strict=True))


def test_other_users_have_no_files_in_their_names():
    chosen = config()
    assert "path" not in chosen.samples.identity() and "path" not in chosen.simulator.identity()


def test_texts_without_a_path_are_asked_for():
    chosen = settings("any", path=None)
    chosen = replace(chosen, simulator=replace(chosen.simulator, path=None))
    with pytest.raises(UserError, match=r"^simulator=processed reads .*type simulator.path=FOLDER"):
        plan(replace(chosen, stage=Named("embed")))


def test_the_documented_command_is_understood():
    commands = re.findall(r"^python src/train.py .*simulator=processed.*$",
                          (ROOT / "docs" / "llm.md").read_text(), re.M)  # fmt: skip
    register()
    assert commands
    for command in commands:
        words = shlex.split(command)[2:]
        assert any(word.startswith("simulator.path=") for word in words)
        check(words)

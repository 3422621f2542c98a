import json
import pickle
from collections import Counter
from dataclasses import replace

import pandas as pd
import pytest

from crs.data.conversations import SPLITS, RawDialogues, Utterance, merged, statistics, tables
from crs.data.parsing.mentions import find, linked, words
from crs.data.readers import crslab, redial
from crs.data.readers import inspired as inspired_reader
from crs.data.readers.inspired import title_of
from crs.errors import UserError
from tests.contracts import dialogues as made
from tests.contracts.tiny import config, shared

INSPIRED, REDIAL = config("dataset=inspired").dataset, config("dataset=redial").dataset
TGREDIAL = config("dataset=tgredial").dataset


def inspired(folder, **changes):
    raw = inspired_reader.read(made.inspired(folder, **changes), INSPIRED)
    return tables(raw, INSPIRED), raw.dropped


def said(role, text, **more):
    return Utterance(role, text.split(), text, **more)


# Names in texts


def test_words_keep_apostrophes_and_mentions_together():
    assert words("Don't see @12, it's 5.5!") == [
        "Don't",
        "see",
        "@12",
        ",",
        "it's",
        "5",
        ".",
        "5",
        "!",
    ]


def test_a_name_is_found_without_its_article_and_never_twice():
    lower = words("see avengers and the avengers")
    assert find("The Avengers", lower, [True] * 5) == slice(3, 5)
    assert find("The Avengers", lower, [True, True, True, False, False]) == slice(1, 2)
    assert find("Frozen", lower, [True] * 5) is None


def test_item_names_become_one_word_and_longer_ones_go_first():
    found, mentions, missing = linked(
        "I saw Frozen II and Frozen with Ann Lee",
        [("Frozen", "f1"), ("Frozen II", "f2"), ("Up", "u")], [("Ann Lee", "a")],
    )  # fmt: skip
    assert found == ["I", "saw", "@", "and", "@", "with", "Ann", "Lee"]
    assert mentions == [(2, "f2"), (4, "f1"), (6, "a")] and missing == 1


@pytest.mark.parametrize(
    ("entity", "title", "year"),
    [
        ("<http://dbpedia.org/resource/Joker_(2019_film)>", "Joker", 2019),
        ("<http://dbpedia.org/resource/Star_Wars_(film)>", "Star Wars", None),
        ("<http://dbpedia.org/resource/It_(1990_American_film)>", "It", 1990),
        ("<http://dbpedia.org/resource/Am%C3%A9lie>", "Amélie", None),
        ("Alpha (1990)", "Alpha", 1990),
    ],
)
def test_titles_come_from_resources(entity, title, year):
    assert title_of(entity) == (title, year)


# Turns and tables


def test_utterances_of_one_role_are_one_turn_and_mentions_move_along():
    dropped = Counter()
    turns = merged([
        said("seeker", "I like @", mentions=[(2, "a")], items=["a"]),
        said("seeker", ""),
        said("seeker", "and @ too", mentions=[(1, "b")], items=["b"]),
        said("recommender", "fine"),
    ], dropped)  # fmt: skip
    assert [turn.role for turn in turns] == ["seeker", "recommender"]
    first = turns[0]
    assert first.items == ["a", "b"] and dropped == {"empty utterances": 1}
    assert [first.tokens[at] for at, _ in first.mentions] == ["@", "@"]
    assert [at for at, _ in first.mentions] == [2, 4]


def test_inspired_in_tables(tmp_path):
    out, dropped = inspired(tmp_path)
    items = out["items"]
    assert items["title"].tolist() == ["Alpha", "Beta Two", "Gamma"]
    assert items["year"].tolist()[0] == 1990 and items["item"].tolist() == [1, 2, 3]
    assert out["entities"]["entity"].tolist() == [1, 2, 3, 4, 5]
    assert out["entities"]["source"].tolist() == [0, 2, 3, 1, 4]  # items first
    turns = out["dialogues"]
    one = turns[turns["dialogue"] == 1]
    assert one["role"].tolist() == ["seeker", "recommender"] * 2
    assert list(one["tokens"].iloc[0]) == [
        "Hello", "0", ",", "I", "like", "comedy", ".", "And", "Ann", "Lee", "in", "@1", "!",
    ]  # fmt: skip
    first = one.iloc[0]
    assert dict(zip(first["mention_at"], first["mention"], strict=True)) == {5: 4, 8: 5, 11: 1}
    assert list(first["entities"]) == [4, 5, 1] and list(first["items"]) == [1]
    assert dropped["annotated names that are not in the text"] == 0


def test_cases_are_the_items_of_responses_and_repeats_are_marked(tmp_path):
    cases = inspired(tmp_path)[0]["cases"]
    one = cases[cases["dialogue"] == 1][["turn", "response", "item", "repeat"]]
    assert one.to_numpy().tolist() == [[1, 0, 2, False], [3, 1, 1, True], [3, 1, 2, True]]
    assert cases["split"].value_counts().to_dict() == {"train": 12, "valid": 3, "test": 6}


def test_both_roles_answer_if_asked(tmp_path):
    raw = inspired_reader.read(made.inspired(tmp_path), INSPIRED)
    both = tables(raw, config("dataset=inspired", "dataset.roles=both").dataset)["cases"]
    one = both[both["dialogue"] == 1][["turn", "response", "item"]]
    assert one.to_numpy().tolist() == [[1, 0, 2], [2, 1, 3], [3, 2, 1], [3, 2, 2]]


def test_an_item_named_twice_in_a_response_is_two_cases():
    turns = [said("seeker", "hi"), said("recommender", "a a", items=["a", "a"])]
    cases = tables(raw_of({"d": turns}), INSPIRED)["cases"]
    assert cases[cases["split"] == "train"]["item"].tolist() == [1, 1]


def test_triples_with_an_unknown_end_are_counted_and_loops_left_out(tmp_path):
    out, dropped = inspired(tmp_path)
    name = out["relations"].set_index("relation")["name"]
    rows = {(h, name[r], t) for h, r, t in out["triples"].to_numpy().tolist()}
    assert rows == {(1, "genre", 4), (1, "starring", 5), (2, "genre", 4), (3, "starring", 5)}
    assert dropped["triples with an unknown tail"] == 1


def raw_of(train, valid=None, test=None, **more):
    frame = pd.DataFrame({"item": ["a", "b"], "title": ["A", "B"], "description": ""})
    frame["year"] = pd.array([None, 2001], dtype="Int64")
    frame["attributes"] = [[], []]
    return RawDialogues(
        {"train": train, "valid": valid or {"v": talk("v")}, "test": test or {"t": talk("t")}},
        frame, {"a": 0, "b": 1, "e": 2}, **more,
    )  # fmt: skip


def talk(n, item="a"):
    return [said("seeker", f"hello {n}"), said("recommender", f"see {n}", items=[item]),
            said("seeker", "thanks")]  # fmt: skip


def test_a_dialogue_in_two_splits_stays_in_the_later_one():
    raw = raw_of({"x": talk(1), "y": talk(2), "z": talk(3)}, {"y": talk(4)}, {"w": talk(1)})
    users = tables(raw, INSPIRED)["users"]
    assert users[["raw", "split"]].to_numpy().tolist() == [
        ["z", "train"], ["y", "valid"], ["w", "test"],
    ]  # fmt: skip
    assert raw.dropped["dialogues in two splits"] == 2


def test_what_cannot_be_used_is_counted():
    raw = raw_of(
        {"x": [*talk(1), said("recommender", "?", items=["zz"], entities=["yy", "e"])],
         "one": [said("seeker", "hello")],
         "none": [said("seeker", "hi"), said("recommender", "ho")]},
        reviews=[("a", ["good"]), ("unknown", ["bad"]), ("b", [])],
        triples=[("unknown", "r", "a"), ("a", "r", "unknown"), ("a", "r", "e")],
    )  # fmt: skip
    out = tables(raw, INSPIRED)
    found = statistics(out, raw.dropped, INSPIRED)
    assert found["dropped"] == {
        "dialogues of one turn": 1, "dialogues without items": 1,
        "entities not in the vocabulary": 2, "reviews of unknown items": 1, "empty reviews": 1,
        "triples with an unknown head": 1, "triples with an unknown tail": 1,
    }  # fmt: skip
    assert (found["conversations"], found["reviews"], found["cases"]) == (5, 1, 3)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("left", [{}, {"x": [said("seeker", "hi"), said("recommender", "ho")]}])
def test_a_split_without_a_case_is_refused(split, left):
    raw = raw_of({"a": talk(1)})
    raw.dialogues[split] = left
    with pytest.raises(UserError, match=rf"no response of .*=recommender in {split} names a known"):
        tables(raw, INSPIRED)


# Bad input of INSPIRED


def cut(folder):
    file = folder / "train_data_dbpedia.jsonl"
    lines = file.read_text().splitlines()
    lines[2] = lines[2][: len(lines[2]) // 2]
    file.write_text("\n".join(lines))


def half_graph(folder):
    (folder / "dbpedia_subkg.json").write_text('{"0": [[2, 0],\n [0, ')


def swapped_role(folder):
    file = folder / "valid_data_dbpedia.jsonl"
    file.write_text(file.read_text().replace("RECOMMENDER", "Recomender", 1))


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (cut, ["line 3 of train_data_dbpedia.jsonl is not JSON"]),
        (half_graph, ["line 2 of dbpedia_subkg.json is not JSON"]),
        (swapped_role, ["line 1 of valid_data_dbpedia.jsonl has role 'Recomender'", "Seeker"]),
        (lambda f: (f / "item_ids.json").write_text("[0, 77]"), ["item_ids.json has 77"]),
        (lambda f: (f / "item_ids.json").write_text('{"0": 1}'),
         ["item_ids.json is {'0': 1}, list[int] expected"]),
        (lambda f: (f / "entity2id.json").unlink(), ["has no entity2id.json"]),
        (lambda f: (f / "test_data_dbpedia.jsonl").write_bytes(b"\xff\xfe"),
         ["line 1 of test_data_dbpedia.jsonl is not utf-8 (byte 0xff)"]),
        (lambda f: (f / "test_data_dbpedia.jsonl").write_text("[{}]"),
         ["turn 1 of line 1 of test_data_dbpedia.jsonl has no 'text'"]),
        (lambda f: (f / "test_data_dbpedia.jsonl").write_text("3"),
         ["line 1 of test_data_dbpedia.jsonl is 3, list expected"]),
        (lambda f: (f / "dbpedia_subkg.json").write_text('{"0": [[1]]}'),
         ["dbpedia_subkg.json has [1] for head 0"]),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(tmp_path, spoil, parts):
    folder = made.inspired(tmp_path)
    spoil(folder)
    with pytest.raises(UserError) as caught:
        inspired_reader.read(folder, INSPIRED)
    text = str(caught.value)
    assert text.startswith("dataset: ") and "\n" not in text
    assert [part for part in parts if part not in text] == []


# ReDial


def test_redial_in_crslabs_layout(tmp_path):
    raw = redial.read(made.redial(tmp_path), REDIAL)
    out = tables(raw, REDIAL)
    one = out["dialogues"][out["dialogues"]["dialogue"] == 1]
    assert list(one["tokens"].iloc[0]) == "Hi , I liked @1 and @2 too 0".split()
    # Movie 30 is not in the map: it was learned from the annotation; 99 stays unknown.
    assert list(one["tokens"].iloc[1]) == ["Try", "@3", "!"]
    assert list(one["tokens"].iloc[2]) == ["What", "is", "@0", "?"]
    assert list(one["mention_at"].iloc[0]) == [4, 6]
    assert raw.dropped["entities not in the vocabulary"] == 7
    assert raw.dropped["mentions of unknown items"] == 7
    assert raw.dropped["reviews of unknown items"] == 1 and raw.dropped["empty reviews"] == 1
    assert out["reviews"][["entity", "tokens"]].to_numpy().tolist() == [[1, ["a", "fine", "film"]]]
    assert out["vocabulary"]["token"].tolist() == ["Hi", "@1", "Try", "@3", "!"]
    cases = out["cases"][out["cases"]["dialogue"] == 1]
    assert cases[["turn", "item", "repeat"]].to_numpy().tolist() == [[1, 3, False], [3, 1, True]]


def test_a_token2id_without_its_special_ids_is_refused(tmp_path):
    folder = made.redial(tmp_path)
    made.write(folder / "token2id.json", {"__pad__": 0, "Hi": 1})
    with pytest.raises(UserError, match=r"token2id\.json lacks __start__, __end__, __unk__"):
        redial.read(folder, REDIAL)


def test_the_official_redial(tmp_path):
    out = tables(redial.read(made.official(tmp_path), REDIAL), REDIAL)
    assert out["items"]["title"].tolist() == ["Alpha", "Beta"]  # two ids, one title
    assert out["items"]["year"].tolist()[0] == 1990
    # All ten training dialogues are one: it is in the validation part, which a tenth makes.
    test = out["cases"][out["cases"]["split"] == "test"]
    assert test[["item", "repeat"]].to_numpy().tolist() == [[2, False], [1, True]]
    assert list(out["dialogues"]["tokens"].iloc[-1]) == ["Then", "@2", "or", "@1", "!"]


def test_a_validation_part_of_the_official_redial_is_the_validation_split(tmp_path):
    folder = made.official(tmp_path)
    whole = redial.read(folder, REDIAL).dialogues
    assert [len(whole[split]) for split in ("train", "valid", "test")] == [9, 1, 1]
    record = json.loads((folder / "test_data.jsonl").read_text())
    rows = [json.dumps(record | {"conversationId": name}) for name in ("55", "56", "57")]
    (folder / "valid_data.jsonl").write_text("\n".join(rows))
    parts = redial.read(folder, REDIAL).dialogues
    assert set(parts["train"]) == {str(i) for i in range(10)}
    assert (set(parts["valid"]), set(parts["test"])) == ({"55", "56", "57"}, {"99"})
    (folder / "valid_data.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match=r"line 1 of valid_data\.jsonl has no 'conversationId'"):
        redial.read(folder, REDIAL)


def test_a_validation_part_makes_the_reader_another_one(tmp_path):
    settings = replace(REDIAL, path=str(made.official(tmp_path)))
    assert "readers" not in settings.identity()
    (tmp_path / "valid_data.jsonl").write_text("{}\n")
    assert settings.identity()["readers"] == ["redial/2"]


def test_titles_come_from_the_table_of_mentions_where_it_is_there(tmp_path):
    folder = made.official(tmp_path)
    (folder / "movies_with_mentions.csv").write_text(
        'movieId,movieName,nbMentions\n12,"Beta, the film (2001)",3\n'
    )
    items = tables(redial.read(folder, REDIAL), REDIAL)["items"]
    assert items["title"].tolist() == ["Alpha", "Beta, the film"]


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"respondentWorkerId": 3}, "message of worker 2, who is neither"),
        ({"respondentWorkerId": 1}, "who is neither its initiator nor its respondent"),
        (
            {"messages": "none"},
            "'messages' of line 1 of train_data.jsonl is 'none', list.dict. expected",
        ),
    ],
)
def test_a_broken_official_line_is_told(tmp_path, changes, part):
    with pytest.raises(UserError, match=part):
        redial.read(made.official(tmp_path, **changes), REDIAL)


def test_a_folder_of_neither_layout_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"neither train_data\.jsonl .* nor train_data\.json"):
        redial.read(tmp_path, REDIAL)


# TG-ReDial


def test_tgredial_in_tables_its_text_untouched(tmp_path):
    raw = crslab.tgredial(made.tgredial(tmp_path), TGREDIAL)
    out = tables(raw, TGREDIAL)
    one = out["dialogues"][out["dialogues"]["dialogue"] == 1]
    assert [list(x) for x in one["tokens"]] == [
        "你好 ， 想看 一部 电影 。".split(), ["推荐", "@1", "。"], "喜欢 吗 ？ 0".split(),
        ["推荐", "@2", "，", "好看", "。"], ["@1", "好看", "吗", "？"], "好看 。 ﾊﾝｶｸ Ａ".split(),
    ]  # fmt: skip
    assert out["items"]["title"].tolist() == ["美丽人生(1997)", "天堂电影院(1988)"]
    assert out["vocabulary"]["token"].tolist()[6:9] == ["推荐", "@1", "@2"]
    assert len(out["triples"]) == 4 and raw.dropped["triples with an unknown head"] == 1
    cases = out["cases"][out["cases"]["dialogue"] == 1]
    assert cases[["turn", "item", "repeat"]].to_numpy().tolist() == [
        [1, 1, False], [3, 2, False], [5, 1, True],
    ]  # fmt: skip


def test_the_reviews_that_the_source_chose_go_to_their_responses(tmp_path):
    raw = crslab.tgredial(made.tgredial(tmp_path), TGREDIAL)
    out = tables(raw, TGREDIAL)
    assert out["reviews"][["entity", "tokens"]].to_numpy().tolist() == [
        [1, ["好看", "。"]], [2, ["喜欢", "__unk__"]],
    ]  # fmt: skip
    # Samples are turns 1 to 5; every fifth sample has none: turn 1, a response of the recommender.
    chosen = out["chosen"].groupby("response")["review"].agg(list).to_dict()
    assert {r: chosen.get(r, []) for r in range(3)} == {0: [], 1: [1, 2], 2: [1, 2]}


def test_a_short_review_file_is_counted(tmp_path):
    folder = made.tgredial(tmp_path)
    with (folder / "train_conv_idx_to_review_info.pkl").open("wb") as file:
        pickle.dump({}, file)
    raw = crslab.tgredial(folder, TGREDIAL)
    assert raw.dropped["responses that the review file lacks"] == 20


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def test_a_review_file_that_could_run_code_is_refused(tmp_path, capsys):
    folder = made.tgredial(tmp_path)
    with (folder / "valid_conv_idx_to_review_info.pkl").open("wb") as file:
        pickle.dump({"0": Harmful()}, file)
    with pytest.raises(UserError, match=r"no pickle of plain values: .*builtins\.print"):
        crslab.tgredial(folder, TGREDIAL)
    assert capsys.readouterr().out == ""


def test_a_graph_line_of_two_fields_is_told(tmp_path):
    folder = made.tgredial(tmp_path)
    with (folder / "cn-dbpedia.txt").open("a", encoding="utf-8") as file:
        file.write("一\t二\n")
    with pytest.raises(UserError, match=r"line 6 of cn-dbpedia\.txt has 2 fields, 3 expected"):
        crslab.tgredial(folder, TGREDIAL)


# Real data, where they are


def test_the_counts_of_inspired():
    raw = inspired_reader.read(shared("inspired"), INSPIRED)
    found = statistics(tables(raw, INSPIRED), raw.dropped, INSPIRED)
    assert [found[f"conversations_{split}"] for split in SPLITS] == [801, 99, 99]
    assert (found["items"], found["entities"], found["cases_test"]) == (1123, 17320, 256)


def test_the_counts_of_redial():
    raw = redial.read(shared("redial-crslab"), REDIAL)
    found = statistics(tables(raw, REDIAL), raw.dropped, REDIAL)
    assert [found[f"conversations_{split}"] for split in SPLITS] == [721, 90, 90]
    assert (found["items"], found["entities"]) == (6924, 64362)
    raw = redial.read(shared("redial-raw"), REDIAL)
    found = statistics(tables(raw, REDIAL), raw.dropped, REDIAL)
    assert found["conversations_test"] == 1342 and found["reviews"] == 0

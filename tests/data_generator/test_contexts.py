from dataclasses import replace

import pandas as pd
import pytest
import torch

from crs.data.cases import ROW, cases_of
from crs.data.contexts import END, ITEM, PAD, SPECIAL, START, UNKNOWN, Contexts, Ragged, trimmed
from crs.data.conversations import statistics, tables
from crs.data.readers import crslab, redial
from crs.data.readers import inspired as inspired_reader
from data_generator import contexts, graph
from tests.contracts import dialogues as handmade
from tests.contracts.tiny import artifact, config, made, spoken

SETTINGS = config().contexts


def source(folder, kind="inspired", roles="recommender"):
    """`dataset`, `graph` of a hand-made data set."""
    settings = config(f"dataset={kind}", f"dataset.roles={roles}").dataset
    reader = {"inspired": inspired_reader.read, "redial": redial.read, "tgredial": crslab.tgredial}
    raw = reader[kind](getattr(handmade, kind)(folder / "raw"), settings)
    out = tables(raw, settings)
    summary = statistics(out, raw.dropped, settings) | {"label": kind}
    inputs = {"dataset": artifact(folder / "dataset" / "a", summary, **out)}
    inputs["graph"] = made(graph, config().graph, inputs, folder / "graph" / "a")
    return inputs


def read(inputs, folder, **changes):
    settings = replace(SETTINGS, **({"min_count": 1} | changes))
    found = made(contexts, settings, inputs, folder / "contexts" / "a")
    return Contexts.of(found), found.summary


def said(table, row):
    return [table.words[i] for i in table.tokens[row].tolist() if i != PAD]


def test_a_context_is_what_was_said_before_and_nothing_of_the_response(tmp_path):
    table, summary = read(source(tmp_path), tmp_path)
    first = "__start__ hello 0 , i like comedy . and ann lee in @1 ! __end__".split()
    assert said(table, 0) == first
    assert said(table, 1) == first + "then see @2 . __end__ is it like @3 ? 0 __end__".split()
    assert table.entities[1][table.entities[1] > 0].tolist() == [4, 5, 1, 2, 3]
    assert summary["leaks"] == 0 and summary["rows"] == 14
    answer = [table.words[i] for i in table.responses[1].tolist() if i != PAD]
    assert answer == "more like __item__ and __item__ __end__".split()


def test_a_leak_would_be_counted(tmp_path):
    inputs = source(tmp_path)
    table, _ = read(inputs, tmp_path)
    spoilt = table.entities.numpy().copy()

    def leaks():
        return (~(contexts.lead(inputs["dataset"], spoilt) > 0)).sum()

    assert leaks() == 0
    spoilt[0, 3] = 2  # Beta Two, which the first response names
    assert leaks() == 1
    spoilt[0, 3] = 5_000  # which no turn names
    assert leaks() == 1


def test_a_chosen_review_of_what_is_yet_to_be_named_is_left_out_and_counted(tmp_path):
    """The source gives the second response of each of the seven dialogues a review of its very
    target; the third may read it."""
    inputs = source(tmp_path, "tgredial")
    table, summary = read(inputs, tmp_path / "drop")
    assert table.reviews[:3].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 2, 0, 0]]
    assert (summary["leaks_reviews"], summary["reviews_dropped"]) == (0, 7)
    table, summary = read(inputs, tmp_path / "keep", on_leak="keep")
    assert table.reviews[:3].tolist() == [[0, 0, 0, 0], [1, 2, 0, 0], [1, 2, 0, 0]]
    assert (summary["leaks_reviews"], summary["reviews_dropped"]) == (7, 0)


def test_a_chosen_review_of_what_nobody_names_stays():
    rows = [contexts.Row("train", [], [], [], [], chosen=[1, 2, 3], unsaid={7}),
            contexts.Row("train", [], [], [], [], unsaid={7})]  # fmt: skip
    assert contexts.drop_leaks(rows, [5, 7, 9]) == 1
    assert [row.chosen for row in rows] == [[1, 3], None]


@pytest.mark.parametrize("length", [128, 24, 16, 9, 6])
@pytest.mark.parametrize("kind", ["inspired", "redial"])
def test_a_mention_points_at_its_word_however_long_the_context(tmp_path, kind, length):
    """Items are one token, `@id`; other entities are at the first word of their name. Contexts of
    several merged utterances, cut or not."""
    table, _ = read(source(tmp_path, kind), tmp_path, length=length)
    first_word = {4: {"comedy"}, 5: {"ann"}}
    found = 0
    for row in range(len(table)):
        tokens = table.tokens[row].tolist()
        mentions, _ = table.mentions[torch.tensor([row])]
        for at, entity in mentions.tolist():
            word = table.words[tokens[at]]
            assert word == f"@{entity}" or word in first_word[entity]
            found += 1
        # None is forgotten: every item token of the context has its mention.
        words = [table.words[i] for i in tokens]
        items = [at for at, word in enumerate(words) if word[0] == "@" and word != "@0"]
        assert set(items) <= {at for at, _ in mentions.tolist()}
    assert found > 0


def test_a_long_context_keeps_its_last_words(tmp_path):
    whole, _ = read(source(tmp_path), tmp_path / "a")
    short, summary = read(source(tmp_path / "b"), tmp_path / "b", length=6)
    assert said(short, 1) == ["__start__", *said(whole, 1)[-5:]]
    assert summary["cut"] == 1.0


def test_rare_words_are_unknown_and_rare_items_are_some_item(tmp_path):
    table, summary = read(source(tmp_path), tmp_path, min_count=5)
    assert "hello" not in table.words and "@1" in table.words
    assert summary["unknown"] > 0 and (table.tokens == UNKNOWN).any()
    encode = contexts.Encoder([*SPECIAL, "film", "@7"])
    assert encode(["film", "@7", "@8", "@0", "x"]) == [5, 6, ITEM, ITEM, UNKNOWN]
    assert encode(["film", "@7"], slot=True) == [5, ITEM]


def test_words_of_held_out_dialogues_are_not_in_the_vocabulary(tmp_path):
    table, _ = read(source(tmp_path), tmp_path)
    assert {"0", "1", "2", "3"} <= set(table.words) and not {"4", "5", "6"} & set(table.words)


def test_words_of_the_source_in_its_order(tmp_path):
    table, _ = read(source(tmp_path, "tgredial"), tmp_path, vocabulary="source", lower=False)
    assert table.words[:9] == [*SPECIAL, "你好", "，", "想看", "一部"]
    assert table.words[11:14] == ["推荐", "@1", "@2"]


def test_chinese_words_are_as_they_were(tmp_path):
    inputs = source(tmp_path, "tgredial")
    table, _ = read(inputs, tmp_path, lower=False)
    assert said(table, 0) == "__start__ 你好 ， 想看 一部 电影 。 __end__".split()
    answer = [table.words[i] for i in table.responses[2].tolist() if i > END]
    assert answer == "好看 。 ﾊﾝｶｸ Ａ".split()


def test_reviews_are_those_of_the_newest_items_or_those_that_the_source_chose(tmp_path):
    table, _ = read(source(tmp_path / "r", "redial"), tmp_path / "r")
    assert table.reviews[:2].tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]
    assert table.review_entity.tolist() == [0, 1]
    assert [table.words[i] for i in table.review_tokens[1].tolist() if i] == ["a", "fine", "film"]
    chosen, _ = read(source(tmp_path / "t", "tgredial"), tmp_path / "t", reviews=1)
    assert chosen.reviews[:3].tolist() == [[0], [1], [1]]


def test_frequencies_are_of_training_responses(tmp_path):
    table, _ = read(source(tmp_path), tmp_path)
    count = dict(zip(table.words, table.frequency.tolist(), strict=True))
    assert (count["more"], count["__item__"], count["__end__"], count["hello"]) == (4, 12, 8, 0)
    assert count["__pad__"] == 0


def test_requests_are_rows_too(tmp_path):
    """The utterance is the context, history and asked attributes are the entities."""
    inputs = spoken(tmp_path)
    inputs["graph"] = made(graph, config().graph, inputs, tmp_path / "graph" / "a")
    table, summary = read(inputs, tmp_path, entities=6)
    frame = inputs["simulate"].load("utterances.parquet")
    names = inputs["graph"].load("entities.parquet").set_index("entity")
    cases = cases_of(inputs, "test")
    assert torch.equal(cases.dialogue[ROW], torch.from_numpy((frame["split"] == "test").to_numpy(
        copy=True)).nonzero().squeeze(1))  # fmt: skip
    for case in range(0, len(cases), 7):
        row = int(cases.dialogue[ROW][case])
        text = frame["text"].iloc[row].lower()
        assert all(word in text for word in said(table, row)[1:-1] if word in table.words[5:])
        seen = table.entities[row][table.entities[row] > 0].tolist()
        kinds = names.loc[seen, "kind"].tolist()
        asked = [int(names.loc[e, "key"]) for e in seen if names.loc[e, "kind"] == "attribute"]
        assert asked == list(frame["attributes"].iloc[row])
        past = [i for i in cases[[case]].history(6)[0].tolist() if i]
        newest = list(dict.fromkeys(reversed(past)))[::-1][-(6 - len(asked)) :]
        assert [e for e, kind in zip(seen, kinds, strict=True) if kind == "item"] == newest
        assert cases.target[case].item() not in seen or cases.target[case].item() in past
    assert summary["mentions"] > 0


def test_cases_and_contexts_are_of_the_same_responses(tmp_path):
    inputs = source(tmp_path)
    table, _ = read(inputs, tmp_path)
    cases = cases_of(inputs, "train")
    assert cases.dialogue[ROW][:6].tolist() == [0, 1, 1, 2, 3, 3]
    assert cases.target[:3].tolist() == [2, 1, 2]
    assert cases.history(9)[1].tolist() == [1, 2, 3]
    assert cases.clusters[:6].tolist() == [1, 1, 1, 2, 2, 2]
    assert cases.slices["no_repeats"][:3].tolist() == [True, False, False]
    assert (table.split[cases.dialogue[ROW]] == 0).all()
    assert (table.split[cases_of(inputs, "test").dialogue[ROW]] == 2).all()


def test_ragged_rows():
    ragged = Ragged(torch.tensor([7, 8, 9, 5]), torch.tensor([0, 2, 2, 3, 4]))
    values, place = ragged[torch.tensor([3, 1, 0, 0])]
    assert values.tolist() == [5, 7, 8, 7, 8] and place.tolist() == [0, 2, 2, 3, 3]
    values, place = ragged[torch.tensor([1])]
    assert len(values) == len(place) == 0


def test_trimmed_keeps_a_column():
    assert trimmed(torch.tensor([[START, 5, PAD, PAD], [START, PAD, PAD, PAD]])).shape == (2, 2)
    assert trimmed(torch.zeros(2, 4, dtype=torch.long)).shape == (2, 1)
    assert trimmed(torch.zeros(0, 4, dtype=torch.long)).shape == (0, 1)


def test_pandas_rows_of_every_table_are_written(tmp_path):
    inputs = source(tmp_path, "redial", roles="both")
    assert isinstance(inputs["dataset"].load("dialogues.parquet"), pd.DataFrame)
    table, _ = read(inputs, tmp_path)
    assert len(table) == 7 * 3

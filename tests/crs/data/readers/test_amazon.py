import gzip
import json
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data import build_dataset
from crs.data.readers import amazon
from crs.errors import UserError
from crs.stages.dataset import Dataset
from tests.contracts.tiny import config, quick, shared

REVIEW = {
    "rating": 5.0, "title": "t", "text": "é", "images": [{}], "asin": "B1", "parent_asin": "P1",
    "user_id": "U1", "timestamp": 1_588_687_728_923, "helpful_vote": 0,
}  # fmt: skip
PRODUCT = {
    "main_category": "Digital Music", "title": "One", "price": "—", "details": {"Label": "x"},
    "categories": ["CDs & Vinyl", "Rock", "Pop"], "description": ["First.", "Second."],
    "parent_asin": "P1",
}  # fmt: skip


def jsonl(*records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()


ONE, ABOUT = jsonl(REVIEW), jsonl(PRODUCT)


@pytest.fixture
def read(tmp_path):
    def make(reviews=ONE, products=ABOUT, **settings):
        (file := tmp_path / "CDs.jsonl").write_bytes(reviews)
        (items := tmp_path / "meta_CDs.jsonl").write_bytes(products)
        return amazon.read(file, Dataset("cds", items=str(items), **settings))

    return make


def test_a_review_is_an_interaction_with_the_parent(read):
    frame = read().interactions
    assert frame.to_dict("records") == [
        {"user": "U1", "item": "P1", "timestamp": 1_588_687_728_923, "rating": 5.0}
    ]
    assert frame.index.tolist() == [1]


def test_the_5_core_is_a_csv_of_the_same_columns(read):
    core = b"user_id,parent_asin,rating,timestamp\nU1,P1,5.0,1588687728923\n"
    assert read(core).interactions.to_dict("records") == read().interactions.to_dict("records")
    with pytest.raises(UserError, match=r"line 3 of CDs\.jsonl has 'x' for timestamp"):
        read(core + b"U2,P1,5.0,x\n")


def test_html_in_a_title_becomes_text(read):
    raw = read(products=jsonl(PRODUCT | {"title": "Don&#39;t <b>Stop</b>"}))
    assert raw.items["title"].tolist() == ["Don't Stop"]
    assert [one.what for one in raw.faults.noticed] == ["with HTML in the title: made text"]


def test_a_product_is_described(read):
    item = read().items.iloc[0]
    assert item["item"] == "P1" and item["title"] == "One"
    assert item["description"] == "First. Second." and pd.isna(item["year"])
    assert list(item["attributes"]) == ["Pop", "Rock"]


@pytest.mark.parametrize(
    ("categories", "attributes"),
    [
        (["CDs & Vinyl"], ["CDs & Vinyl"]),
        ([], []),
        (None, []),
        (["CDs & Vinyl", "Rock", "Rock"], ["Rock"]),
        (["CDs & Vinyl", None, "Rock"], ["Rock"]),
    ],
)
def test_the_root_category_stands_only_where_there_is_no_other(read, categories, attributes):
    items = read(products=jsonl(PRODUCT | {"categories": categories})).items
    assert list(items["attributes"].iloc[0]) == attributes


def test_what_a_product_lacks_is_empty(read):
    item = read(products=jsonl({"parent_asin": "P1", "title": None})).items.iloc[0]
    assert (item["title"], list(item["attributes"]), item["description"]) == ("", [], "")


def test_gzip_and_plain_files_hold_the_same(read):
    plain = read(jsonl(REVIEW, REVIEW | {"user_id": "U2"}))
    packed = read(
        gzip.compress(jsonl(REVIEW, REVIEW | {"user_id": "U2"})), gzip.compress(jsonl(PRODUCT))
    )
    pd.testing.assert_frame_equal(plain.interactions, packed.interactions)
    pd.testing.assert_frame_equal(plain.items, packed.items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"user_id": None}, "has 'None' for user_id"),
        ({"user_id": 7}, "has '7' for user_id"),
        ({"user_id": ""}, "has '' for user_id"),
        ({"user_id": "\ud800"}, r"holds '.ud800', half of an escaped pair"),
        ({"parent_asin": ["P1"]}, "for parent_asin"),
        ({"rating": "5"}, "has '5' for rating"),
        ({"rating": True}, "has 'True' for rating"),
        ({"rating": float("nan")}, "has 'nan' for rating"),
        ({"timestamp": float("inf")}, "has 'inf' for timestamp"),
        ({"timestamp": 2**63}, "has '9223372036854775808' for timestamp"),
        ({"timestamp": 10**400}, "for timestamp"),
    ],
)
def test_a_field_that_is_not_as_it_must_is_named_or_counted(read, change, message):
    content = jsonl(REVIEW, REVIEW | change, REVIEW)
    with pytest.raises(UserError, match=rf"line 2 of CDs\.jsonl .*{message}"):
        read(content)
    raw = read(content, bad_lines="drop")
    assert raw.interactions.index.tolist() == [1, 3] and raw.faults.count == 1


@pytest.mark.parametrize("key", ["user_id", "parent_asin", "rating", "timestamp"])
def test_a_missing_field_is_named(read, key):
    part = {k: v for k, v in REVIEW.items() if k != key}
    with pytest.raises(UserError, match=rf"line 1 of CDs\.jsonl has no {key}"):
        read(jsonl(part))


@pytest.mark.parametrize("change", [{"title": 5}, {"description": {"a": 1}}, {"categories": [5]}])
def test_a_product_that_is_not_as_it_must_is_named(read, change):
    with pytest.raises(
        UserError, match=rf"line 2 of meta_CDs\.jsonl has .* for {next(iter(change))}"
    ):
        read(products=jsonl(PRODUCT, PRODUCT | change))


def test_half_of_a_pair_in_a_text_is_named_and_a_whole_one_is_a_letter(read):
    with pytest.raises(UserError, match=r"line 1 of meta_CDs\.jsonl holds '.ud83d', half of an"):
        read(products=jsonl(PRODUCT | {"title": "a\ud83d"}))
    whole = jsonl(PRODUCT | {"title": "a\U0001f3b5"})
    assert b"\\ud83c" in whole and read(products=whole).items["title"].iloc[0] == "a\U0001f3b5"


ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
review = st.fixed_dictionaries(
    {
        "user_id": ids,
        "parent_asin": ids,
        "rating": st.floats(1, 5),
        "timestamp": st.integers(0, 2**50),
    },
    optional={"text": st.text(), "asin": ids},
)


@quick
@given(rows=st.lists(review, min_size=1), ascii=st.booleans())
def test_reviews_come_back_as_they_were_written(tmp_path_factory, rows, ascii):
    text = "".join(json.dumps(r, ensure_ascii=ascii) + "\n" for r in rows)
    folder = tmp_path_factory.getbasetemp()
    # A lone surrogate in a text that is not read makes a line that is no UTF-8.
    (file := folder / "r.jsonl").write_bytes(text.encode("utf-8", "replace"))
    (items := folder / "m.jsonl").write_bytes(jsonl(PRODUCT))
    frame = amazon.read(file, Dataset("cds", items=str(items))).interactions
    wanted = [(r["user_id"], r["parent_asin"], r["timestamp"], r["rating"]) for r in rows]
    assert list(frame.itertuples(index=False, name=None)) == wanted


@pytest.mark.slow
def test_the_sample_of_cds_has_its_counts():
    file = shared("amazon-cds-sample/CDs_and_Vinyl.jsonl")
    items = shared("amazon-cds-sample/meta_CDs_and_Vinyl.jsonl")
    all_of_it = ("dataset.require=[]", "dataset.min_user=1", "dataset.min_item=1")
    settings = config("dataset=cds", *all_of_it, "dataset.min_rating=null").dataset
    settings = replace(settings, items=str(items))
    out = build_dataset.statistics(build_dataset.tables(amazon.read(file, settings), settings))
    assert (out["users"], out["items"], out["interactions"]) == (2991, 5590, 25_682)


def test_metadata_without_a_product_are_refused(tmp_path):
    """Or the filter of unknown items would be switched off without a word."""
    (file := tmp_path / "r.jsonl").write_bytes(jsonl(REVIEW))
    (items := tmp_path / "m.jsonl").write_text("{}\n")
    settings = Dataset("cds", items=str(items), bad_lines="drop")
    with pytest.raises(UserError, match=r"m\.jsonl has no items"):
        amazon.read(file, settings)

import zipfile

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data import build_dataset
from crs.data.readers import custom, iclrec_text, movielens
from crs.errors import UserError
from crs.settings.check import check
from crs.stages.dataset import Columns, Dataset
from tests.contracts.tiny import config, quick, shared

RATINGS_1M = "1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n"
MOVIES_1M = (
    "661::James and the Giant Peach (1996)::Musical|Animation\n"
    "1193::One Flew Over the Cuckoo's Nest (1975)::Drama\n"
    "7::Misérables, Les::Drama|Adventure\n"
)
RATINGS_100K = "196\t242\t3\t881250949\n186\t302\t3\t891717742\n"
MOVIES_100K = (
    "242|Kolya (1996)|24-Jan-1997||http://x|0|0|0|0|0|1|0|0|1|0|0|0|0|0|0|0|0|0|0\n"
    "302|Señor X|01-Jan-1997||http://x|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"
)
ATOMIC = "recbole/dataset_example/ml-100k/ml-100k"
INTER = (
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n"
    "186\t302\t4\t891717742\n"
)
ITEM = (
    "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
    "242\tKolya\t1996\tComedy Drama\n302\tSeñor X\t\tunknown\n"
)
SETTINGS = Dataset("x")


@pytest.fixture
def zipped(tmp_path):
    """A function that zips texts, given by name, in an encoding."""

    def make(name, encoding="iso-8859-1", **members):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in members.items():
                archive.writestr(member, text.encode(encoding))
        return path

    return make


@pytest.fixture
def ml1m(zipped):
    def make(ratings=RATINGS_1M, movies=MOVIES_1M, **kwargs):
        texts = {"ml-1m/ratings.dat": ratings, "ml-1m/movies.dat": movies}
        return zipped("ml-1m.zip", **kwargs, **{k: v for k, v in texts.items() if v is not None})

    return make


@pytest.fixture
def ml100k(zipped):
    def make(ratings=RATINGS_100K, movies=MOVIES_100K):
        return zipped("ml-100k.zip", **{"ml-100k/u.data": ratings, "ml-100k/u.item": movies})

    return make


def rows(frame):
    return list(map(tuple, frame.astype(object).where(frame.notna(), None).to_numpy()))


def test_movielens_1m(ml1m):
    raw = movielens.read_1m(ml1m(), SETTINGS)
    assert rows(raw.interactions[["user", "item", "timestamp", "rating"]]) == [
        ("1", "1193", 978300760, 5.0), ("1", "661", 978302109, 3.0), ("2", "1193", 978298413, 4.0)
    ]  # fmt: skip
    assert rows(raw.items) == [
        ("661", "James and the Giant Peach", 1996, ["Animation", "Musical"], ""),
        ("1193", "One Flew Over the Cuckoo's Nest", 1975, ["Drama"], ""),
        ("7", "Misérables, Les", None, ["Adventure", "Drama"], ""),
    ]


def test_movielens_100k(ml100k):
    raw = movielens.read_100k(ml100k(), SETTINGS)
    assert rows(raw.interactions[["user", "item", "timestamp", "rating"]]) == [
        ("196", "242", 881250949, 3.0), ("186", "302", 891717742, 3.0)
    ]  # fmt: skip
    assert rows(raw.items) == [
        ("242", "Kolya", 1996, ["Comedy", "Drama"], ""), ("302", "Señor X", None, [], "")
    ]  # fmt: skip


def test_movielens_100k_from_the_wheel(zipped):
    wheel = zipped("x.whl", "utf-8", **{f"{ATOMIC}.inter": INTER, f"{ATOMIC}.item": ITEM})
    raw = movielens.read_atomic(wheel, SETTINGS)
    assert rows(raw.interactions[["user", "item", "timestamp", "rating"]]) == [
        ("196", "242", 881250949, 3.0), ("186", "302", 891717742, 4.0)
    ]  # fmt: skip
    assert rows(raw.items) == [
        ("242", "Kolya", 1996, ["Comedy", "Drama"], ""), ("302", "Señor X", None, [], "")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "title", "year"),
    [
        ("Toy Story (1995)", "Toy Story", 1995),
        ("Shall We Dance? (Shall We Dansu?) (1996)", "Shall We Dance? (Shall We Dansu?)", 1996),
        ("2001: A Space Odyssey (1968) ", "2001: A Space Odyssey", 1968),
        ("unknown", "unknown", None),
        ("Blade Runner 2049", "Blade Runner 2049", None),
    ],
)
def test_a_title_and_its_year_come_apart(text, title, year):
    assert movielens.title_and_year(text) == (title, year)


def test_a_short_line_is_named_with_its_file(ml1m):
    with pytest.raises(UserError, match=r"line 2 of ratings\.dat in ml-1m\.zip has 3 fields, 4"):
        movielens.read_1m(ml1m("1::2::5::3\n1::1193::5\n"), SETTINGS)
    with pytest.raises(UserError, match=r"line 1 of movies\.dat in ml-1m\.zip has 2 fields, 3"):
        movielens.read_1m(ml1m(movies="1::Toy Story\n"), SETTINGS)


def test_a_short_line_of_100k_is_named(ml100k):
    with pytest.raises(UserError, match=r"line 2 of u\.data in ml-100k\.zip has 3 fields"):
        movielens.read_100k(ml100k(RATINGS_100K.replace("\t891717742", "")), SETTINGS)
    with pytest.raises(UserError, match=r"line 2 of u\.item in ml-100k\.zip has 23 fields, 24"):
        movielens.read_100k(ml100k(movies=MOVIES_100K.removesuffix("|0\n")), SETTINGS)


def test_a_field_that_is_no_number_is_named(ml1m):
    with pytest.raises(UserError, match=r"line 2 of ratings\.dat in ml-1m\.zip.*'five'"):
        movielens.read_1m(ml1m("1::2::5::3\n1::3::five::4\n"), SETTINGS)
    with pytest.raises(UserError, match=r"line 1 of ratings\.dat in ml-1m\.zip.*'x'"):
        movielens.read_1m(ml1m("1::2::5::x\n1::3::5::4\n"), SETTINGS)


def test_only_a_newline_ends_a_line(ml1m):
    # Byte 85 ends a line for Unicode and is an ellipsis in the tables that Windows writes.
    raw = movielens.read_1m(ml1m(movies="661::Oh\x85 No (1996)::War\r\n7::Up::War\r\n"), SETTINGS)
    assert rows(raw.items)[0][:3] == ("661", "Oh\x85 No", 1996)
    assert rows(raw.items)[1][3] == ["War"]


def test_a_truncated_zip_is_no_zip(ml1m):
    path = ml1m()
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(UserError, match=r"dataset: ml-1m\.zip is not a whole zip file"):
        movielens.read_1m(path, SETTINGS)


def test_damaged_bytes_are_found(ml1m):
    path = ml1m()
    content = bytearray(path.read_bytes())
    content[60:70] = b"\xff" * 10  # inside the first member's compressed bytes
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"ml-1m\.zip is not a whole zip file"):
        movielens.read_1m(path, SETTINGS)


def test_a_missing_member_is_named(ml1m):
    with pytest.raises(UserError, match=r"ml-1m\.zip has no ml-1m/movies\.dat"):
        movielens.read_1m(ml1m(movies=None), SETTINGS)


def test_a_wrong_encoding_is_named(zipped):
    members = {f"{ATOMIC}.inter": INTER, f"{ATOMIC}.item": ITEM}
    wheel = zipped("x.whl", "iso-8859-1", **members)
    with pytest.raises(UserError, match=r"line 3 of ml-100k\.item is not utf-8 \(byte 0xf1\)"):
        movielens.read_atomic(wheel, SETTINGS)


def test_sequences_have_positions_for_times(tmp_path):
    (file := tmp_path / "a.txt").write_text("1 10 20\n2 30\n")
    raw = iclrec_text.read(file, SETTINGS)
    assert rows(raw.interactions) == [
        ("1", "10", 0, 1.0), ("1", "20", 1, 1.0), ("2", "30", 0, 1.0)
    ]  # fmt: skip
    assert raw.items.empty


def test_sequences_can_have_attributes_in_a_file_beside(tmp_path):
    (file := tmp_path / "a.txt").write_text("1 10 20 30\n")
    (items := tmp_path / "a.json").write_text('{"10": [7, 3], "20": []}')
    raw = iclrec_text.read(file, Dataset("x", items=str(items)))
    assert rows(raw.items) == [("10", "", None, ["3", "7"], ""), ("20", "", None, [], "")]
    out = build_dataset.tables(raw, Dataset("x", min_user=1))
    assert out["items"]["attributes"].tolist() == [[1, 2], [], []]
    assert out["attributes"]["name"].tolist() == ["3", "7"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", r"a\.json is \[1\], dict.* expected"),
        ('{"10": [', r"line 1 of a\.json is not JSON"),
        ('{"10": 5}', r"key '10' of a\.json is 5, list.* expected"),
        ("", r"a\.json is empty"),
        ("\n", r"a\.json is empty"),
        ('{"10": ["\\ud800"]}', r"a\.json holds '.ud800', half of an escaped pair"),
    ],
)
def test_attributes_that_cannot_be_read_are_named(tmp_path, text, message):
    (file := tmp_path / "a.txt").write_text("1 10 20 30\n")
    (items := tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=message):
        iclrec_text.read(file, Dataset("x", items=str(items)))


@pytest.mark.parametrize(("words", "told"), [
    ("dataset=ml1m dataset.items=x", r"dataset\.items: the files of dataset=ml1m have its items"),
    ("dataset=lastfm dataset.path=x dataset.items=x", "the files of dataset=lastfm have its items"),
    ("dataset=tiny dataset.items=x", "dataset=tiny is generated and reads no file; leave it out"),
    ("dataset=tiny dataset.path=x", r"dataset\.path: .* or type dataset=custom dataset\.path=FILE"),
    ("dataset=tiny dataset.archive=x", r"dataset\.archive: dataset=tiny is generated"),
])  # fmt: skip
def test_files_that_a_data_set_does_not_read_are_refused(words, told):
    with pytest.raises(UserError, match=told):
        check(config(*words.split()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 10 20\n2\n", "line 2 of a.txt has no items"),
        ("1 10\n\n2 20\n", "line 2 of a.txt has no items"),
        ("1 10 x7\n", "line 1 of a.txt has item 'x7'"),
        ("1 10\n2 0\n", "line 2 of a.txt has item '0'"),
        ("1 -3\n", "line 1 of a.txt has item '-3'"),
    ],
)
def test_a_line_that_is_no_sequence_is_named(tmp_path, text, message):
    (file := tmp_path / "a.txt").write_text(text)
    with pytest.raises(UserError, match=message):
        iclrec_text.read(file, SETTINGS)


def test_a_binary_file_is_no_text(tmp_path):
    (file := tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(UserError, match=r"line 1 of a\.txt is not utf-8 \(byte 0xff\)"):
        iclrec_text.read(file, SETTINGS)


@quick
@given(st.lists(st.lists(st.integers(1, 99), min_size=1), min_size=1, max_size=9))
def test_every_sequence_comes_back(tmp_path_factory, users):
    file = tmp_path_factory.mktemp("txt") / "a.txt"
    file.write_text("\n".join(f"{u} {' '.join(map(str, s))}" for u, s in enumerate(users)))
    frame = iclrec_text.read(file, SETTINGS).interactions
    found = frame.groupby("user", sort=False)["item"].agg(lambda x: list(map(int, x)))
    assert found.tolist() == users


OWN = pd.DataFrame({
    "who": ["007", "007", "ann"],
    "what": ["01", "2", "01"],
    "when": ["30", "10", "20"],
    "stars": ["5", "1.5", "3"],
})  # fmt: skip
NAMES = Columns("who", "what", "when", "stars")


def written(folder, frame, name):
    file = folder / name
    if file.suffix == ".parquet":
        frame.to_parquet(file)
    else:
        frame.to_csv(file, index=False, sep="\t" if file.suffix == ".tsv" else ",")
    return file


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.parquet"])
def test_an_own_table_keeps_its_ids_as_they_are_written(tmp_path, name):
    raw = custom.read(written(tmp_path, OWN, name), Dataset("x", columns=NAMES))
    assert rows(raw.interactions) == [
        ("007", "01", 30, 5.0), ("007", "2", 10, 1.5), ("ann", "01", 20, 3.0)
    ]  # fmt: skip


def test_a_table_of_numbers_in_parquet_has_ids_too(tmp_path):
    frame = pd.DataFrame({"user": [7, 7], "item": [1, 2], "timestamp": [1, 2]})
    raw = custom.read(written(tmp_path, frame, "a.parquet"), SETTINGS)
    assert raw.interactions["user"].tolist() == ["7", "7"]


def test_words_that_pandas_takes_for_nothing_are_ids(tmp_path):
    (file := tmp_path / "a.csv").write_text("user,item,timestamp\nNA,null,1\nnan,None,2\n")
    frame = custom.read(file, SETTINGS).interactions
    assert rows(frame[["user", "item"]]) == [("NA", "null"), ("nan", "None")]


def test_without_a_time_the_rows_are_in_order(tmp_path):
    names = Columns("who", "what", None, None)
    raw = custom.read(written(tmp_path, OWN, "a.csv"), Dataset("x", columns=names))
    assert raw.interactions["timestamp"].is_monotonic_increasing
    assert (raw.interactions["rating"] == 1).all()


def test_a_missing_column_names_those_that_are_there(tmp_path):
    names = Columns("who", "thing")
    with pytest.raises(UserError, match=r"columns\.item=thing: a\.csv .* who, what, when, stars"):
        custom.read(written(tmp_path, OWN, "a.csv"), Dataset("x", columns=names))


@pytest.mark.parametrize("cell", ["yesterday", "", "inf"])
def test_a_time_that_is_no_number_names_its_row(tmp_path, cell):
    frame = OWN.assign(when=["30", cell, "20"])
    with pytest.raises(UserError, match=rf"line 3 of a\.csv has '{cell}' for when, a number"):
        custom.read(written(tmp_path, frame, "a.csv"), Dataset("x", columns=NAMES))


def test_a_row_without_a_user_is_named(tmp_path):
    frame = OWN.assign(who=["007", "007", None])
    with pytest.raises(UserError, match=r"line 4 of a\.csv has no who"):
        custom.read(written(tmp_path, frame, "a.csv"), Dataset("x", columns=NAMES))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.csv", r"line 1 of a\.csv is not utf-8 \(byte 0xff\)"),
        ("a.parquet", r"a\.parquet cannot be read"),
    ],
)
def test_an_unreadable_table_is_named(tmp_path, name, message):
    (file := tmp_path / name).write_bytes(b"\xff\x00\xfe\n1,2,3,4")
    with pytest.raises(UserError, match=message):
        custom.read(file, SETTINGS)


def test_an_own_item_table_has_titles_and_attributes(tmp_path):
    about = pd.DataFrame({
        "what": ["01", "2"], "title": ["Null", None], "born": ["1999", "?"],
        "kinds": ["War; Love ;;War", None],
    })  # fmt: skip
    names = Columns("who", "what", "when", year="born", attributes="kinds")
    settings = Dataset(
        "x", columns=names, attribute_separator=";",
        items=str(written(tmp_path, about, "items.csv")),
    )  # fmt: skip
    raw = custom.read(written(tmp_path, OWN, "a.csv"), settings)
    assert rows(raw.items) == [
        ("01", "Null", 1999, ["Love", "War"], ""), ("2", "", None, [], "")
    ]  # fmt: skip


def test_attributes_may_be_the_lists_of_parquet(tmp_path):
    about = pd.DataFrame({
        "what": ["01", "2", "3", "4"], "title": ["A", "B", "C", "D"],
        "kinds": [["War; Love", " Art "], ["Art", "Art"], [], None],
    })  # fmt: skip
    settings = Dataset(
        "x", columns=Columns("who", "what", "when", attributes="kinds"), attribute_separator=";",
        items=str(written(tmp_path, about, "items.parquet")),
    )  # fmt: skip
    raw = custom.read(written(tmp_path, OWN, "a.csv"), settings)
    # A separator within a name of a list is a part of that name.
    assert raw.items["attributes"].tolist() == [["Art", "War; Love"], ["Art"], [], []]


def test_a_year_of_an_own_table_may_be_a_fraction(tmp_path):
    about = pd.DataFrame({"what": ["01"], "title": ["A"], "born": [1999.4]})
    settings = Dataset(
        "x", columns=Columns("who", "what", "when", year="born"),
        items=str(written(tmp_path, about, "items.parquet")),
    )  # fmt: skip
    assert custom.read(written(tmp_path, OWN, "a.csv"), settings).items["year"].tolist() == [1999]


def test_equal_timestamps_keep_the_order_of_the_file(ml1m):
    lines = [f"1::{item}::5::100\n" for item in (9, 3, 7, 1, 8)] + ["1::5::5::99\n"]
    raw = movielens.read_1m(ml1m("".join(lines)), SETTINGS)
    out = build_dataset.tables(raw, Dataset("x"))
    number = dict(out["items"][["item", "raw"]].itertuples(index=False))
    assert [number[item] for item in out["interactions"]["item"]] == list("593718")


@pytest.mark.slow
def test_the_stand_in_of_movielens_1m_has_its_counts():
    raw = movielens.read_1m(shared("ml-1m.zip"), SETTINGS)
    out = build_dataset.statistics(build_dataset.tables(raw, config("dataset=ml1m").dataset))
    counts = {key: out[key] for key in ("users", "items", "interactions", "median_length")}
    assert counts == {
        "users": 6034, "items": 3382, "interactions": 575_057, "median_length": 58
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", ["beauty", "yelp"])
def test_the_released_sequences_have_the_published_counts(name):
    settings = config(f"dataset={name}").dataset
    raw = iclrec_text.read(shared(f"amazon-2014/{name.capitalize()}.txt"), settings)
    out = build_dataset.statistics(build_dataset.tables(raw, settings))
    published = {key: count for key, count in vars(settings.expect).items() if count is not None}
    assert published and {key: out[key] for key in published} == published


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Toy Story (1995)", ("Toy Story", 1995)),
        ("Land Before Time III (1995) (V)", ("Land Before Time III", 1995)),
        ("unknown", ("unknown", None)),
    ],
)
def test_a_title_gives_up_its_year(text, parts):
    assert movielens.title_and_year(text) == parts


@pytest.mark.parametrize(("first", "index"), [(",user,item", True), ("user,user,item", False)])
def test_columns_without_names_are_refused(tmp_path, first, index):
    (file := tmp_path / "a.csv").write_text(f"{first}\n0,1,2\n")
    with pytest.raises(UserError, match="must name its columns, each once") as refused:
        custom.read(file, Dataset("x"))
    assert str(refused.value).endswith("with pandas write index=False") is index

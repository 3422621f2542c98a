"""Small hand-made dialogue data in the layouts that are read, every field there; ours, not data."""

import json
import pickle
from pathlib import Path
from typing import Any

FILMS = ["http://x/Alpha_(1990_film)", "http://x/Beta_(film)", "http://x/Gamma"]
INSPIRED_ENTITIES = {name: i for i, name in enumerate(
    [*(f"<http://dbpedia.org/resource/{n}>" for n in
       ("Alpha_(1990_film)", "Comedy", "Beta_Two", "Gamma", "Ann_Lee"))]
)}  # fmt: skip
"""Alpha, Beta Two and Gamma are items."""


def turn(role: str, text: str, films: dict[str, str] | None = None,
         entities: dict[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
    """A turn of INSPIRED; names as they stand in the text -> the resource."""
    films, entities = films or {}, entities or {}
    link = "<http://dbpedia.org/resource/{}>".format
    return {
        "text": text, "role": role, "movie": list(films),
        "movie_name": list(films), "movie_link": [link(x) for x in films.values()],
        "entity_name": list(entities), "entity_link": [link(x) for x in entities.values()],
    }  # fmt: skip


def conversation(n: int) -> list[dict[str, Any]]:
    """Seeker, seeker, recommender, seeker, recommender; the last repeats what was named."""
    return [
        turn("SEEKER", f"Hello {n}, I like comedy.", entities={"comedy": "Comedy"}),
        turn("SEEKER", "And Ann Lee in Alpha!", {"Alpha": "Alpha_(1990_film)"},
             {"Ann Lee": "Ann_Lee"}),
        turn("RECOMMENDER", "Then see the Beta Two.", {"The Beta Two": "Beta_Two"}),
        turn("SEEKER", f"Is it like gamma? {n}", {"Gamma": "Gamma"}),
        turn("RECOMMENDER", "More like Alpha and beta two", {"Alpha": "Alpha_(1990_film)",
                                                              "Beta Two": "Beta_Two"}),
    ]  # fmt: skip


def inspired(folder: Path, **changes: Any) -> Path:
    """INSPIRED's files with 4 / 1 / 2 dialogues; `changes` replace a file by its name without
    extension (a value for JSON, text as it is)."""
    folder.mkdir(parents=True, exist_ok=True)
    files: dict[str, Any] = {
        "entity2id.json": INSPIRED_ENTITIES,
        "item_ids.json": [0, 2, 3],
        "relation2id.json": {"genre": 0, "starring": 1, "self_loop": 2},
        "dbpedia_subkg.json": {
            "0": [[2, 0], [0, 1], [1, 4]],
            "2": [[0, 1]],
            "3": [[1, 4], [1, 99]],
        },
    }
    number = 0
    for split, count in (("train", 4), ("valid", 1), ("test", 2)):
        rows = [json.dumps(conversation(number + i)) for i in range(count)]
        number += count
        files[f"{split}_data_dbpedia.jsonl"] = "\n".join(rows) + "\n"
    for name, value in files.items():
        value = changes.get(name.partition(".")[0], value)
        text = value if isinstance(value, str) else json.dumps(value)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


TG_ENTITIES = [
    "None",
    "美丽人生(1997)",
    "剧情",
    "罗伯托·贝尼尼",
    "天堂电影院(1988)",
    "影视作品",
    "无人",
]
TG_WORDS = ["__pad__", "__start__", "__end__", "__unk__", "你好", "，", "想看", "一部", "电影",
            "。", "推荐", "@1", "@4", "喜欢", "吗", "？", "好看"]  # fmt: skip


def tg_dialogue(n: int) -> dict[str, Any]:
    """Six turns, every field of the source."""

    def message(local: int, role: str, text: str, movie: list[str], entity: list[str]):
        return {
            "local_id": local, "role": role, "text": text.split(), "movie": movie, "entity": entity,
            "word": ["电影"], "target": [0, "推荐电影", "剧情"], "final": ["推荐电影", ["剧情"]],
        }  # fmt: skip

    first, second = TG_ENTITIES[1], TG_ENTITIES[4]
    return {"conv_id": n, "user_id": "7", "messages": [
        message(1, "Seeker", "你好 ， 想看 一部 电影 。", [], ["剧情"]),
        message(2, "Recommender", "推荐 @1 。", [first], ["罗伯托·贝尼尼"]),
        message(3, "Seeker", f"喜欢 吗 ？ {n}", [], ["影视作品"]),
        message(4, "Recommender", "推荐 @4 ， 好看 。", [second], []),
        message(5, "Seeker", "@1 好看 吗 ？", [first], []),
        message(6, "Recommender", "好看 。 ﾊﾝｶｸ Ａ", [first, "没有这个"], []),
    ]}  # fmt: skip


TG_SPLITS = {"train": 4, "valid": 1, "test": 2}
TG_REVIEWS = "{split}_conv_idx_to_review_info.pkl"


def tg_reviews(count: int) -> dict[str, Any]:
    """C2-CRS' reviews for so many dialogues: what a file of them holds."""
    return {
        str(i): {"selected_infoListListInt": [[16, 9], [13, 999]] if i % 5 else [],
                 "selected_entityIds": ["1", 4] if i % 5 else []}
        for i in range(5 * count)
    }  # fmt: skip


def tgredial(folder: Path, reviews: bool = True) -> Path:
    """TG-ReDial in CRSLab's layout with 4 / 1 / 2 dialogues, C2-CRS' review files among them."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for split, count in TG_SPLITS.items():
        rows = [tg_dialogue(number + i) for i in range(count)]
        number += count
        write(folder / f"{split}_data.json", rows)
        if reviews:
            content = pickle.dumps(tg_reviews(count))
            (folder / TG_REVIEWS.format(split=split)).write_bytes(content)
    write(folder / "entity2id.json", {name: i for i, name in enumerate(TG_ENTITIES)})
    write(folder / "movie_ids.json", [1, 4])
    write(folder / "token2id.json", {word: i for i, word in enumerate(TG_WORDS)})
    write(folder / "word2id.json", {"电影": 1})
    write(folder / "topic2id.json", {"剧情": 1})
    write(folder / "user2history.json", {"0/1": [1]})
    write(folder / "user2profile.json", {"7": [["喜欢", "电影"]]})
    write(folder / "conv_tokID2freq.json", [[10, 5], [9, 4]])
    (folder / "hownet.txt").write_text("电影\t是\t作品\n", encoding="utf-8")
    (folder / "cn-dbpedia.txt").write_text(
        "美丽人生(1997)\t类型\t剧情\n天堂电影院(1988)\t类型\t剧情\n"
        "美丽人生(1997)\t主演\t罗伯托·贝尼尼\n美丽人生(1997)\t属于\t影视作品\n没有\t类型\t剧情\n",
        encoding="utf-8",
    )
    return folder


def write(file: Path, value: Any) -> None:
    """JSON with its letters as they are."""
    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def redial_dialogue(n: int) -> dict[str, Any]:
    """CRSLab's ReDial: two seeker utterances in a row, then an answer."""
    alpha, beta, gamma = FILMS
    rows = [
        ("Seeker", "Hi , I liked @10", [alpha], ["http://x/Comedy"]),
        ("Seeker", f"and @20 too {n}", [beta], ["http://x/Nowhere"]),
        ("Recommender", "Try @30 !", [gamma], []),
        ("Seeker", "What is @99 ?", [], []),
        ("Recommender", "Like @10", [alpha], []),
    ]
    dialog = [
        {"utt_id": i, "role": role, "text": text.split(), "movies": movies, "entity": entity,
         "word": []}
        for i, (role, text, movies, entity) in enumerate(rows)
    ]  # fmt: skip
    return {"conv_id": str(n), "dialog": dialog}


def redial(folder: Path) -> Path:
    """ReDial in CRSLab's layout with 4 / 1 / 2 dialogues; the mention map lacks movie 30."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for split, count in (("train", 4), ("valid", 1), ("test", 2)):
        write(folder / f"{split}_data.json", [redial_dialogue(number + i) for i in range(count)])
        number += count
    names = [*FILMS, "http://x/Comedy"]
    write(folder / "entity2id.json", {name: i for i, name in enumerate(names, 1)})
    write(folder / "movie_ids.json", [2, 1, 3])
    write(folder / "dbpedia_subkg.json", {"1": [[5, 4], [7, 1]], "2": [[7, 2]], "3": [[5, 4]]})
    words = ["__pad__", "__start__", "__end__", "__unk__", "Hi", "@10", "Try", "@30", "@99", "!"]
    write(folder / "token2id.json", {word: i for i, word in enumerate(words)})
    write(folder / "redial_context_movie_id2crslab_entityId.json", {"10": 1, "20": 2})
    write(folder / "reviews.json", {"10": ["a", "fine", "film"], "77": ["who", "?"], "20": []})
    return folder


def official(folder: Path, **changes: Any) -> Path:
    """ReDial's own files with 10 / 1 dialogues of the same words; `changes` are fields of all."""
    record = {
        "conversationId": "5", "initiatorWorkerId": 1, "respondentWorkerId": 2,
        "movieMentions": {"10": "Alpha  (1990)", "11": "Alpha (1990)", "12": "Beta "},
        "messages": [
            {"messageId": 1, "timeOffset": 0, "senderWorkerId": 1, "text": "I liked @10."},
            {"messageId": 2, "timeOffset": 1, "senderWorkerId": 2, "text": "Then @12 or @11!"},
        ],
    } | changes  # fmt: skip
    rows = [record | {"conversationId": str(i)} for i in range(10)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train_data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "test_data.jsonl").write_text(json.dumps(record | {"conversationId": "99"}))
    return folder

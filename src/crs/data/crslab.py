"""ReDial and TG-ReDial in CRSLab's layout, with the extra files of C2-CRS where there are some."""

import io
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crs.config import Dataset
from crs.data.dialogues import SPLITS, RawDialogues, Utterance, merged, role_of
from crs.data.inspired import graph_of, items_of
from crs.data.json_files import field, load, text_of
from crs.errors import UserError

SPECIAL = ("__pad__", "__start__", "__end__", "__unk__")
MENTION_MAP = "redial_context_movie_id2crslab_entityId.json"


def vocabulary(folder: Path) -> dict[str, int]:
    """`token2id.json`.

    Raises:
        UserError: if a special token is not in it.
    """
    found: dict[str, int] = load(folder / "token2id.json", dict)
    if missing := [token for token in SPECIAL if token not in found]:
        raise UserError(
            f"dataset.path: token2id.json lacks {', '.join(missing)}; it must have the ids of "
            f"{', '.join(SPECIAL)}"
        )
    return found


def entity_names(folder: Path) -> tuple[dict[str, int], dict[int, str], list[str]]:
    """Name -> id, id -> name (both without the slot for padding), and the names of the items."""
    entities: dict[str, int] = load(folder / "entity2id.json", dict)
    entities.pop("None", None)
    names = {i: name for name, i in entities.items()}
    ids = load(folder / "movie_ids.json", list)
    if unknown := [i for i in ids if i not in names]:
        raise UserError(
            f"dataset.path: movie_ids.json has {unknown[0]}, which entity2id.json lacks"
        )
    return entities, names, [names[i] for i in sorted(set(ids))]


def records(folder: Path, split: str, turns_key: str) -> Iterator[tuple[str, list[Any], str]]:
    """Name, turns and place of each dialogue of a split."""
    file = folder / f"{split}_data.json"
    for number, record in enumerate(load(file, list), 1):
        where = f"dialogue {number} of {file.name}"
        turns = field(record, turns_key, list, where)
        yield str(record.get("conv_id", f"{split} {number}")), turns, where


def is_mention(token: str) -> bool:
    """`@` and digits."""
    return token.startswith("@") and token[1:].isdecimal()


def learned_map(folder: Path, known: dict[str, str]) -> dict[str, str]:
    """Mention -> entity of mentions that the source's map lacks, from turns where one such mention
    and one movie that no other mention accounts for are left; the most frequent pair counts."""
    pairs: Counter[tuple[str, str]] = Counter()
    for split in SPLITS:
        for _, turns, where in records(folder, split, "dialog"):
            for turn in turns:
                tokens = [t for t in dict.fromkeys(turn.get("text", [])) if is_mention(t)]
                new = [token[1:] for token in tokens if token[1:] not in known]
                told = {known[token[1:]] for token in tokens if token[1:] in known}
                left = [name for name in dict.fromkeys(field(turn, "movies", list, where))
                        if name not in told]  # fmt: skip
                if len(new) == len(left) == 1:
                    pairs[new[0], left[0]] += 1
    found: dict[str, str] = {}
    for (mention, name), _ in pairs.most_common():
        found.setdefault(mention, name)
    return found


def redial(folder: Path, settings: Dataset) -> RawDialogues:
    """`{train,valid,test}_data.json` (`dialog`), `entity2id`, `movie_ids`, `dbpedia_subkg`,
    `token2id`; where they are there the mention map, `reviews.json` (mention -> tokens) and
    `{split}_conv_idx_to_review_info.pkl`.

    Raises:
        UserError: with file and dialogue.
    """
    entities, names, items = entity_names(folder)
    words = vocabulary(folder)
    given = load(folder / MENTION_MAP, dict) if (folder / MENTION_MAP).is_file() else {}
    mention = {str(digits): names[i] for digits, i in given.items() if i in names}
    mention |= learned_map(folder, mention)
    dropped: Counter[str] = Counter()

    def utterance(turn: Any, where: str) -> Utterance:
        tokens = field(turn, "text", list, where)
        return Utterance(
            role_of(turn.get("role"), where), tokens, " ".join(tokens),
            field(turn, "movies", list, where), field(turn, "entity", list, where),
            [(at, mention[token[1:]]) for at, token in enumerate(tokens)
             if is_mention(token) and token[1:] in mention],
        )  # fmt: skip

    dialogues = {
        split: {
            name: [utterance(turn, where) for turn in turns]
            for name, turns, where in records(folder, split, "dialog")
        }
        for split in SPLITS
    }
    file = folder / "reviews.json"
    reviews = [
        (mention.get(movie, f"@{movie}"), tokens)
        for movie, tokens in (load(file, dict).items() if file.is_file() else ())
    ]
    raw = RawDialogues(
        dialogues, items_of(items), entities, graph_of(folder, names), reviews,
        vocabulary=[f"@{mention.get(w[1:], w[1:])}" if is_mention(w) else w
                    for w in sorted(words, key=words.__getitem__) if w not in SPECIAL],
        dropped=dropped,
    )  # fmt: skip
    add_chosen_reviews(raw, folder, names, {i: word for word, i in words.items()})
    return raw


def tgredial(folder: Path, settings: Dataset) -> RawDialogues:
    """`{train,valid,test}_data.json` (`messages`), `entity2id`, `movie_ids`, `cn-dbpedia.txt`,
    `token2id`, and `{split}_conv_idx_to_review_info.pkl` where they are there. In a text `@12` is
    the entity with id 12. Texts are taken as they are.

    Raises:
        UserError: with file and dialogue or line.
    """
    entities, names, items = entity_names(folder)
    words = vocabulary(folder)
    dropped: Counter[str] = Counter()

    def utterance(turn: Any, where: str) -> Utterance:
        tokens = field(turn, "text", list, where)
        return Utterance(
            role_of(turn.get("role"), where), tokens, " ".join(tokens),
            field(turn, "movie", list, where), field(turn, "entity", list, where),
            [(at, names[int(token[1:])]) for at, token in enumerate(tokens)
             if is_mention(token) and int(token[1:]) in names],
        )  # fmt: skip

    dialogues = {
        split: {
            name: [utterance(turn, where) for turn in turns]
            for name, turns, where in records(folder, split, "messages")
        }
        for split in SPLITS
    }
    table = items_of(items)
    table["title"] = items  # not DBpedia's names
    raw = RawDialogues(
        dialogues, table, entities, chinese_graph(folder / "cn-dbpedia.txt"),
        vocabulary=[f"@{names.get(int(w[1:]), w[1:])}" if is_mention(w) else w
                    for w in sorted(words, key=words.__getitem__) if w not in SPECIAL],
        dropped=dropped,
    )  # fmt: skip
    add_chosen_reviews(raw, folder, names, {i: word for word, i in words.items()})
    return raw


def chinese_graph(file: Path) -> list[tuple[str, str, str]]:
    """Lines of head, relation and tail between tabs."""
    triples = []
    for number, line in enumerate(text_of(file).split("\n"), 1):
        if not line.strip():
            continue
        parts = line.rstrip("\r").split("\t")
        if len(parts) != 3:
            raise UserError(
                f"dataset.path: line {number} of {file.name} has {len(parts)} fields, 3 expected"
            )
        triples.append((parts[0], parts[1], parts[2]))
    return triples


class _Plain(pickle.Unpickler):
    """Dictionaries, lists, strings and numbers; nothing that could run code."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it holds a {module}.{name}")


def plain_pickle(file: Path) -> dict[str, Any]:
    """A pickled dictionary of plain values.

    Raises:
        UserError: if it holds anything that is not plain, or is cut off.
    """
    try:
        value = _Plain(io.BytesIO(file.read_bytes())).load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError) as error:
        raise UserError(
            f"dataset.path: {file.name} is no pickle of plain values: {error}"
        ) from error
    if not isinstance(value, dict):
        raise UserError(f"dataset.path: {file.name} holds no dictionary")
    return value


def samples(raw: RawDialogues, split: str) -> Iterator[tuple[str, int]]:
    """(dialogue, turn) of each sample of C2-CRS: every turn but the first, of both roles."""
    for name, utterances in raw.dialogues[split].items():
        yield from ((name, turn) for turn in range(1, len(merged(utterances, Counter()))))


def add_chosen_reviews(
    raw: RawDialogues, folder: Path, names: dict[int, str], words: dict[int, str]
) -> None:
    """The reviews that C2-CRS' files give to each sample, where there are such files."""
    files = {split: folder / f"{split}_conv_idx_to_review_info.pkl" for split in SPLITS}
    if not all(file.is_file() for file in files.values()):
        return
    place: dict[tuple[str, tuple[str, ...]], int] = {}
    raw.chosen = []
    for split, file in files.items():
        info = plain_pickle(file)
        for index, (name, turn) in enumerate(samples(raw, split)):
            if str(index) not in info:
                raw.dropped["responses that the review file lacks"] += 1
                continue
            entry = info[str(index)]
            where = f"entry {index} of {file.name}"
            texts = field(entry, "selected_infoListListInt", list, where)
            for entity, text in zip(field(entry, "selected_entityIds", list, where), texts,
                                    strict=False):  # fmt: skip
                tokens = tuple(words.get(i, SPECIAL[3]) for i in text)
                key = (names.get(int(entity), f"?{entity}"), tokens)
                if key not in place:
                    place[key] = len(raw.reviews)
                    raw.reviews.append((key[0], list(key[1])))
                raw.chosen.append((split, name, turn, place[key]))

"""ReDial and TG-ReDial in CRSLab's layout, with the extra files of C2-CRS where there are some."""

import io
import pickle
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from reprlib import repr as short
from typing import Any

from crs.data.conversations import SPLITS, RawDialogues, Utterance, merged, role_of
from crs.data.parsing.json_files import expect, field, load, parallel, text_of
from crs.data.parsing.raw import BadRows, Place, reason
from crs.data.parsing.text_files import cut, of_width
from crs.data.reader import reader
from crs.data.readers.inspired import entity_names, graph_of, items_of
from crs.errors import UserError
from crs.stages.dataset import Dataset

SPECIAL = ("__pad__", "__start__", "__end__", "__unk__")
MENTION_MAP = "redial_context_movie_id2crslab_entityId.json"


def vocabulary(folder: Path) -> dict[str, int]:
    """`token2id.json`.

    Raises:
        UserError: if a special token is not in it.
    """
    found: dict[str, int] = load(folder / "token2id.json", dict[str, int])
    if missing := [token for token in SPECIAL if token not in found]:
        raise UserError(
            f"dataset: token2id.json lacks {', '.join(missing)}; it must have the ids of "
            f"{', '.join(SPECIAL)}"
        )
    return found


def conversations(
    folder: Path, turns_key: str, items_key: str
) -> dict[str, dict[str, list[Utterance]]]:
    """`{train,valid,test}_data.json`, mentions not linked yet.

    Raises:
        UserError: with file, dialogue and turn.
    """
    found: dict[str, dict[str, list[Utterance]]] = {}
    for split in SPLITS:
        file = folder / f"{split}_data.json"
        found[split] = {}
        for number, record in enumerate(load(file, list), 1):
            where = f"dialogue {number} of {file.name}"
            turns = field(record, turns_key, list, where)
            own = record.get("conv_id", f"{split} {number}")
            name = str(expect(own, int | str, f"'conv_id' of {where}"))
            if name in found[split]:
                raise UserError(
                    f"dataset: {where} has conv_id {short(name)}, as a dialogue before it"
                )
            found[split][name] = [
                utterance(turn, items_key, f"turn {at} of {where}")
                for at, turn in enumerate(turns, 1)
            ]
    return found


def utterance(turn: Any, items_key: str, where: str) -> Utterance:
    """A turn of the file."""
    tokens = field(turn, "text", list[str], where)
    return Utterance(
        role_of(turn.get("role"), where),
        tokens,
        " ".join(tokens),
        field(turn, items_key, list[str], where),
        field(turn, "entity", list[str], where),
    )


def is_mention(token: str) -> bool:
    """`@` and digits."""
    return token.startswith("@") and token[1:].isdecimal()


def utterances(dialogues: dict[str, dict[str, list[Utterance]]]) -> Iterator[Utterance]:
    """What was said in all dialogues of all splits."""
    return (said for part in dialogues.values() for talk in part.values() for said in talk)


def learned_map(
    dialogues: dict[str, dict[str, list[Utterance]]], known: dict[str, str]
) -> dict[str, str]:
    """Mention -> entity of mentions that the source's map lacks, from turns where one such mention
    and one movie that no other mention accounts for are left; the most frequent pair counts."""
    pairs: Counter[tuple[str, str]] = Counter()
    for said in utterances(dialogues):
        mentions = [token[1:] for token in dict.fromkeys(said.tokens) if is_mention(token)]
        new = [mention for mention in mentions if mention not in known]
        told = {known[mention] for mention in mentions if mention in known}
        left = [name for name in dict.fromkeys(said.items) if name not in told]
        if len(new) == len(left) == 1:
            pairs[new[0], left[0]] += 1
    found: dict[str, str] = {}
    for (mention, name), _ in pairs.most_common():
        found.setdefault(mention, name)
    return found


def assembled(
    folder: Path,
    dialogues: dict[str, dict[str, list[Utterance]]],
    mention: dict[str, str],
    **tables: Any,
) -> RawDialogues:
    """The source with its mentions linked, its vocabulary and the reviews that it chose.

    Args:
        mention: digits of a mention -> entity.
        tables: items, entities, triples and reviews of `RawDialogues`.
    """
    for said in utterances(dialogues):
        said.mentions = [
            (at, mention[token[1:]])
            for at, token in enumerate(said.tokens)
            if is_mention(token) and token[1:] in mention
        ]
    words = vocabulary(folder)
    raw = RawDialogues(
        dialogues,
        **tables,
        vocabulary=[
            f"@{mention.get(w[1:], w[1:])}" if is_mention(w) else w
            for w in sorted(words, key=words.__getitem__)
            if w not in SPECIAL
        ],
    )
    add_chosen_reviews(raw, folder, {i: word for word, i in words.items()})
    return raw


def redial(folder: Path, settings: Dataset) -> RawDialogues:
    """`{train,valid,test}_data.json` (`dialog`), `entity2id`, `movie_ids`, `dbpedia_subkg`,
    `token2id`; where they are there the mention map, `reviews.json` (mention -> tokens) and
    `{split}_conv_idx_to_review_info.pkl`.

    Raises:
        UserError: with file and dialogue.
    """
    entities, names, items = entity_names(folder, "movie_ids.json")
    dialogues = conversations(folder, "dialog", "movies")
    file, told = folder / MENTION_MAP, folder / "reviews.json"
    given = load(file, dict[str, int]) if file.is_file() else {}
    mention = {digits: names[i] for digits, i in given.items() if i in names}
    mention |= learned_map(dialogues, mention)
    reviews = load(told, dict[str, list[str]]) if told.is_file() else {}
    return assembled(
        folder,
        dialogues,
        mention,
        items=items_of(items),
        entities=entities,
        triples=graph_of(folder, names),
        reviews=[(mention.get(movie, f"@{movie}"), tokens) for movie, tokens in reviews.items()],
    )


@reader("tgredial", 1, unnamed_in=("tgredial",))
def tgredial(folder: Path, settings: Dataset) -> RawDialogues:
    """`{train,valid,test}_data.json` (`messages`), `entity2id`, `movie_ids`, `cn-dbpedia.txt`,
    `token2id`, and `{split}_conv_idx_to_review_info.pkl` where they are there. In a text `@12` is
    the entity with id 12. Texts are taken as they are.

    Raises:
        UserError: with file and dialogue or line.
    """
    entities, names, items = entity_names(folder, "movie_ids.json")
    return assembled(
        folder,
        conversations(folder, "messages", "movie"),
        {str(i): name for i, name in names.items()},
        items=items_of(items).assign(title=items),  # not DBpedia's names
        entities=entities,
        triples=chinese_graph(folder / "cn-dbpedia.txt"),
    )


def chinese_graph(file: Path) -> list[tuple[str, str, str]]:
    """Lines of head, relation and tail between tabs."""
    rows = cut(enumerate(text_of(file).split("\n"), 1), "\t")
    triples = of_width(rows, 3, Place(file.name), BadRows())
    return [(head, relation, tail) for _, (head, relation, tail) in triples]


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
    except Exception as error:  # damaged bytes are other commands: almost anything may come of them
        raise UserError(
            f"dataset: {file.name} is no pickle of plain values: {reason(error)}"
        ) from error
    return expect(value, dict, file.name)


def samples(raw: RawDialogues, split: str) -> Iterator[tuple[str, int]]:
    """(dialogue, turn) of each sample of C2-CRS: every turn but the first, of both roles."""
    for name, utterances in raw.dialogues[split].items():
        yield from ((name, turn) for turn in range(1, len(merged(utterances, Counter()))))


def add_chosen_reviews(raw: RawDialogues, folder: Path, words: dict[int, str]) -> None:
    """The reviews that C2-CRS' files give to each sample, where there are such files."""
    files = {split: folder / f"{split}_conv_idx_to_review_info.pkl" for split in SPLITS}
    if not all(file.is_file() for file in files.values()):
        return
    # The files write some ids as text.
    names = {str(i): name for name, i in raw.entities.items()}
    kinds = {"selected_entityIds": list[int | str], "selected_infoListListInt": list[list[int]]}
    place: dict[tuple[str, tuple[str, ...]], int] = {}
    raw.chosen = []
    for split, file in files.items():
        info = plain_pickle(file)
        for index, (name, turn) in enumerate(samples(raw, split)):
            if str(index) not in info:
                raw.dropped["responses that the review file lacks"] += 1
                continue
            where = f"entry {index} of {file.name}"
            for entity, text in parallel(info[str(index)], kinds, where):
                tokens = tuple(words.get(i, SPECIAL[3]) for i in text)
                key = (names.get(str(entity), f"?{entity}"), tokens)
                if key not in place:
                    place[key] = len(raw.reviews)
                    raw.reviews.append((key[0], list(key[1])))
                raw.chosen.append((split, name, turn, place[key]))

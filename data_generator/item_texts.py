"""Stage `item_texts`: one text an item, from a template (docs/latentcrs.md, section 3)."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pandas as pd

from crs.console import Context
from crs.stages.item_texts import FIELD, PART, ItemTexts
from crs.store.artifact import Artifact
from data_generator.items import Item, attribute_names, item_table
from data_generator.leaks import leak


def filled(template: str, values: dict[str, str]) -> str:
    """A template with its fields; parts that name an empty one are left out."""

    def part(match: re.Match[str]) -> str:
        return match[1] if all(values[name] for name in FIELD.findall(match[1])) else ""

    return FIELD.sub(lambda match: values[match[1]], PART.sub(part, template))


def graph_neighbours(dataset: Artifact) -> dict[int, list[str]]:
    """The names of each entity's neighbours in the source's own graph, each once, in its order.

    Nothing where the source has no graph.
    """
    if not (dataset.path / "triples.parquet").is_file():
        return {}
    table = dataset.load("entities.parquet")[["entity", "raw"]]
    names = {entity: readable(raw) for entity, raw in table.itertuples(index=False)}
    neighbours: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for head, tail in dataset.load("triples.parquet")[["head", "tail"]].itertuples(index=False):
        if head != tail:
            neighbours[head][names[tail]] = neighbours[tail][names[head]] = None
    return {entity: [*filter(None, found)] for entity, found in neighbours.items()}


def readable(raw: str) -> str:
    """The name in an address of DBpedia, `<http://dbpedia.org/resource/Tom_Hanks>`; others stay."""
    address, _, name = raw.strip("<>").partition("/resource/")
    return unquote(name).replace("_", " ") if name else address


def values_of(item: Item, names: list[str], noun: str, facts: str) -> dict[str, str]:
    """What the fields of a template stand for; an empty text is what the item lacks."""
    return {
        "title": item.title,
        "attributes": " ".join(names[a].lower() for a in item.attributes),
        "year": "" if item.year is None else str(item.year),
        "decade": "" if item.year is None else f"{item.year // 10 * 10}s",
        "noun": noun,
        "description": item.description,
        "facts": facts,
    }


def run(
    settings: ItemTexts, inputs: dict[str, Artifact], folder: Path, context: Context
) -> dict[str, Any]:
    """Writes `texts.parquet`: item, text, and leak: how the text names the item's own title.

    A text may name it because the template does, or a description.
    """
    dataset = inputs["dataset"]
    items, names, noun = item_table(dataset)[1:], attribute_names(dataset), dataset.summary["noun"]
    facts = graph_neighbours(dataset) if "{facts}" in settings.template else {}
    texts = [
        filled(settings.template, values_of(item, names, noun, ", ".join(facts.get(number, []))))
        for number, item in enumerate(items, 1)
    ]
    leaks = [leak(item.title, text) for item, text in zip(items, texts, strict=True)]
    frame = pd.DataFrame({"item": range(1, len(items) + 1), "text": texts})
    frame["leak"] = pd.array(leaks, dtype="string")
    frame.to_parquet(folder / "texts.parquet", index=False)
    shares = {f"leak_{kind}": leaks.count(kind) / max(1, len(leaks)) for kind in ("exact", "fuzzy")}
    different = len(set(texts))
    context.note(
        f"{len(texts):,} texts, {different:,} different; own titles: {shares['leak_exact']:.2%} "
        f"exact, {shares['leak_fuzzy']:.2%} fuzzy"
    )
    return {"texts": len(texts), "different": different, **shares}

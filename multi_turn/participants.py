"""The two participants of a dialogue: who reads what is said, and the user who says it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from crs.console import Context
from crs.dialogue.catalogue import Catalogue
from crs.dialogue.meanings import Meanings, RulesByMeaning
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.state import Asking, Talk, Understanding, User
from crs.settings.files import prompt_file
from crs.stages.multi_turn import MultiTurnSettings
from crs.store.artifact import Artifact, downloads

ANSWERS = "answers.jsonl"


Encode = Callable[[list[str]], np.ndarray]
"""Texts to vectors, [n, dim]."""


def understanding_of(
    settings: MultiTurnSettings, dataset: Artifact, context: Context, cache: Path, encode: Encode
) -> Understanding:
    """Who reads what is said."""
    catalogue = Catalogue.of(dataset, settings.synonyms)
    if settings.multi_turn.understanding == "meaning":
        return RulesByMeaning(catalogue, Meanings(catalogue.attributes, encode))
    if settings.reader is None:
        return Rules(*catalogue)
    from crs.dialogue.llm_understanding import ModelReads
    from crs.llm.model import LanguageModel

    file = prompt_file(settings.multi_turn.prompt, "multi_turn.prompt", "multi_turn")
    model = LanguageModel(settings.reader, context, cache)
    return ModelReads(catalogue, dataset.summary["noun"], file.read_text(), model)


def participants(
    settings: MultiTurnSettings, dataset: Artifact, context: Context, folder: Path, encode: Encode
) -> tuple[Understanding, User]:
    """Who reads, and the user. Downloads are beside the results, as those of data sets are.

    Args:
        encode: compares words, where they are read by meaning.
    """
    cache = downloads(folder)
    user = context.handed["user"](
        settings.simulate,
        settings.multi_turn.user_prompt,
        dataset,
        context,
        cache,
        settings.other_user,
    )
    return understanding_of(settings, dataset, context, cache, encode), user


def bill(
    understanding: Understanding, user: User, talks: list[Talk], folder: Path
) -> dict[str, Any]:
    """Writes `answers.jsonl`, which `llm=replay` reads; returns what language models cost."""
    asking = [one for one in (understanding, user) if isinstance(one, Asking)]
    if not asking:
        return {}
    read = understanding.reading_counts(talks) if hasattr(understanding, "reading_counts") else {}
    from crs.llm.report import record, report

    llm, requests = asking[0].llm, [r for one in asking for r in one.asked(talks)]
    kept = llm.ledger.rows({llm.key(request) for request in requests})
    requests = [request for request in requests if llm.key(request) in kept]
    with (folder / ANSWERS).open("w") as file:
        file.writelines(json.dumps(line) + "\n" for line in record(llm, requests))
    return {"llm": report(llm, requests), **({"understood": read} if read else {})}

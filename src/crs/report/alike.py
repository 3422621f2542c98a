"""Which results answer the same question, and the refusal of those that do not."""

from typing import Any

from crs.errors import UserError
from crs.report.collect import Record

PROTOCOL = {
    "evaluate": ("evaluation", ("protocol", "seen", "padding")),
    "multi_turn": (
        "multi_turn",
        ("protocol", "split", "cases", "turns", "shown", "seen", "seed", "understanding"),
    ),
}
"""Settings by stage that say among what a target is ranked, and in which dialogues."""
DATA = ("dataset", "samples", "simulate", "dialogues")
"""Inputs that say what is asked; others are a model's own."""


def protocol(record: Record) -> dict[str, Any]:
    """The settings that say how a result was evaluated; empty for another stage's result."""
    settings = record.artifact.manifest["settings"]
    group, keys = PROTOCOL.get(record.artifact.stage, ("", ()))
    found = {key: settings[group].get(key) for key in keys}
    if record.artifact.stage == "multi_turn":  # who is talked to
        found["user"] = settings.get("simulate")
    return found


def difference(one: Record, other: Record) -> str | None:
    """What keeps two results from being compared, as a sentence; None if nothing does."""
    if one.artifact.stage != other.artifact.stage:
        return f"the results are of the stages {one.artifact.stage} and {other.artifact.stage}"
    mine, theirs = protocol(one), protocol(other)
    for key, value in mine.items():
        if value != theirs[key]:
            return (
                f"the results have protocols {mine['protocol']} and {theirs['protocol']} "
                f"({key}={value} and {theirs[key]})"
            )
    for stage in DATA:
        inputs = [record.artifact.manifest["inputs"].get(stage) for record in (one, other)]
        both = [made for made in inputs if made]
        if len({made["digest"] for made in both}) > 1:
            names = [f"{stage}/{made['fingerprint']}" for made in both]
            return f"the results stand on other data, {' and '.join(names)}"
    return None


def check_alike(records: list[Record]) -> None:
    """Refuse results that do not answer the same question.

    Raises:
        UserError: with what differs.
    """
    for i, record in enumerate(records):
        for earlier in records[:i]:
            if why := difference(earlier, record):
                raise UserError(f"{why}; compare results of one")


def questions(records: list[Record]) -> list[list[Record]]:
    """The results by the question that they answer, in their order."""
    found: list[list[Record]] = []
    for record in records:
        for alike in found:
            if not any(difference(one, record) for one in alike):
                alike.append(record)
                break
        else:
            found.append([record])
    return found

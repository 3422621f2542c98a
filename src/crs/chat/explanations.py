"""Why these items: in words that both the terminal and the page show."""

from collections.abc import Sequence

from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply

STRONGEST = 3
"""So many intents are told in words."""


def answer(reply: Reply, titles: Sequence[str]) -> str:
    """What the system says before its list, in sentences: what it understood, and its first item.

    Args:
        titles: by our number.
    """
    if reply.told:
        return " ".join(reply.told)
    said = []
    if reply.understood:
        said.append(f"Understood: {', '.join(reply.understood)}.")
    if reply.note:
        said.append(f"{reply.note[0].upper()}{reply.note[1:].rstrip('.')}.")
    if reply.items:
        first, why = titles[reply.items[0]], reply.why[0]
        said.append(f"My first choice is {first}{f', {why}' if why else ''}.")
    else:
        said.append("Nothing is left to recommend.")
    return " ".join(said)


def reasons(conversation: Conversation, reply: Reply) -> list[tuple[str, str]]:
    """What is known and what it means to the model: (about what, words)."""
    found, title = [], conversation.names.titles.__getitem__
    if conversation.history:
        newest = map(title, conversation.history[:-4:-1])
        count = len(conversation.history)
        many = f"{count} items, the newest " if count > 3 else ""
        had = f"{many}{'; '.join(newest)}"
        found.append(("history", had))
    if reply.asked:
        found.append(("asked for", ", ".join(reply.asked)))
    if not reply.kept:
        found.append(("note", "no item has all of it; these lack something"))
    elif reply.broken:
        found.append(("note", "too few items have all of it; the last ones lack something"))
    found += [
        (f"intent {share:.0%}", "; ".join(titles)) for share, titles in reply.intents[:STRONGEST]
    ]
    if conversation.refused:
        found.append(("refused", "; ".join(map(title, conversation.refused))))
    return found

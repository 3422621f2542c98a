"""Why these items: in words that both the terminal and the page show."""

from crs.dialogue.conversation import Conversation, Reply


def reasons(conversation: Conversation, reply: Reply) -> list[tuple[str, str]]:
    """What is known and what it means to the model: (about what, words)."""
    found, title = [], conversation.names.titles.__getitem__
    if conversation.history:
        newest = map(title, conversation.history[:-4:-1])
        had = f"{len(conversation.history)} items, the newest {'; '.join(newest)}"
        found.append(("history", had))
    if reply.asked:
        found.append(("asked for", ", ".join(reply.asked)))
    if reply.note:
        found.append(("note", reply.note))
    if not reply.kept:
        found.append(("note", "no item has all of it; these lack something"))
    elif reply.broken:
        found.append(("note", "too few items have all of it; the last ones lack something"))
    found += [(f"intent {share:.0%}", "; ".join(titles)) for share, titles in reply.intents]
    if conversation.refused:
        found.append(("refused", "; ".join(map(title, conversation.refused))))
    return found

"""Why these items: in words that both the terminal and the page show."""

from crs.dialogue.conversation import Conversation, Reply


def title_of(conversation: Conversation, item: int) -> str:
    """An item's title, or its number where it has none."""
    system = conversation.system
    return system.titles[item] or f"{system.noun} {item}"


def reasons(conversation: Conversation, reply: Reply) -> list[tuple[str, str]]:
    """What is known and what it means to the model: (about what, words)."""
    found = []
    if conversation.history:
        newest = [title_of(conversation, item) for item in conversation.history[-3:]]
        had = f"{len(conversation.history)} items, the newest {'; '.join(reversed(newest))}"
        found.append(("history", had))
    if reply.asked:
        found.append(("asked for", ", ".join(reply.asked)))
    if reply.broken:
        found.append(("note", "too few items have all of it; the last ones lack something"))
    found += [(f"intent {share:.0%}", "; ".join(titles)) for share, titles in reply.intents]
    if conversation.refused:
        gone = [title_of(conversation, item) for item in conversation.refused]
        found.append(("refused", "; ".join(gone)))
    return found

"""Why these items: in words that both the terminal and the page show."""

from collections.abc import Sequence

from crs.dialogue.conversation import ALL, Conversation
from crs.dialogue.shown import Reply

STRONGEST, NEWEST = 3, 3
"""So many intents are told in words, and so many of the titles that were had or left out."""


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
        end = "" if reply.note.endswith(("?", ".")) else "."
        said.append(f"{reply.note[0].upper()}{reply.note[1:]}{end}")
    if not reply.items:
        return " ".join([*said, "Nothing is left to recommend."])
    first = titles[reply.items[0]]
    about = ", ".join(undated(reply.about[0], first))
    said.append(f"My first choice is {first}{f': {about}' if about else ''}.")
    return " ".join([*said, *standing(reply)])


def standing(reply: Reply) -> list[str]:
    """How many items of the list have all that is asked for, in a sentence; none if nothing is."""
    whole, many = reply.match.count(ALL), len(reply.match)
    if not any(reply.match) or whole == many:
        return [f"All {many} have {ALL}."] if whole > 1 else []
    if not whole:
        return [f"None has {ALL}; these lack least."]
    return [
        f"Only the first{f' {whole}' if whole > 1 else ''} ha{'ve' if whole > 1 else 's'} {ALL}."
    ]


def undated(about: Sequence[str], title: str) -> list[str]:
    """What an item is, without the year that its title shows."""
    return [one for one in about if f"({one})" not in title]


def beside(reply: Reply, place: int, title: str) -> str:
    """What stands beside a title of the list: what it is, and what it lacks of what is asked for.

    Args:
        place: in the list, from 0.
    """
    match = reply.match[place]
    about = ", ".join(undated(reply.about[place], title))
    return ": ".join(filter(None, [about, match if match != ALL else ""]))


def reasons(conversation: Conversation, reply: Reply) -> list[tuple[str, str]]:
    """What is known and what it means to the model: (about what, words)."""
    found, title = [], conversation.names.titles.__getitem__
    if conversation.history:
        found.append(("history", newest([*map(title, conversation.history)])))
    if reply.asked:
        found.append(("asked for", ", ".join(reply.asked)))
    found += [
        (f"intent {share:.0%}", "; ".join(titles)) for share, titles in reply.intents[:STRONGEST]
    ]
    if conversation.refused:
        found.append(("left out", newest([*map(title, conversation.refused)])))
    return found


def newest(titles: Sequence[str]) -> str:
    """The newest of some titles, the newest first, and how many there are."""
    many = f"{len(titles)} items, the newest " if len(titles) > NEWEST else ""
    return f"{many}{'; '.join(titles[: -NEWEST - 1 : -1])}"

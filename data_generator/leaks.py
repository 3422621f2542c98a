"""The leak audit: does an utterance name its target? By the titles that the chat understands."""

from functools import lru_cache

from crs.titles import Titles


@lru_cache(maxsize=1 << 12)
def alone(title: str) -> Titles:
    """The catalogue that has this title alone, so that every short form of it means it."""
    return Titles([title])


def leak(title: str, text: str) -> str | None:
    """`exact` if the text has a name of the item, `fuzzy` if it has only a misspelt one, else None.

    A name that is made of everyday words (`Up`, `Heat`) counts where the text shows that a title is
    meant (docs/data.md).
    """
    kinds = {mention.exact for mention in alone(title).mentions(text, suspicious=True)}
    return ("exact" if True in kinds else "fuzzy") if kinds else None

"""Which attributes of the catalogue a text names: whole words, also in the plural."""

import re


class Mentions:
    """Finds attribute names in texts; what is denied ("no horror") counts as named.

    Args:
        names: attribute names by id, names[0] unused.
    """

    def __init__(self, names: list[str]) -> None:
        self.forms: dict[tuple[str, ...], int] = {}
        for attribute, name in enumerate(names):
            words = tuple(re.findall(r"\w+", name.lower()))
            if not words or attribute == 0:
                continue
            *first, last = words
            for form in (last, f"{last}s", f"{last[:-1]}ies" if last.endswith("y") else last):
                self.forms.setdefault((*first, form), attribute)
        self.longest = max(map(len, self.forms), default=0)

    def of(self, text: str) -> list[int]:
        """Sorted ids of the attributes that the text names."""
        words = re.findall(r"\w+", text.lower())
        runs = (
            tuple(words[i : i + size])
            for size in range(1, self.longest + 1)
            for i in range(len(words) - size + 1)
        )
        return sorted({self.forms[run] for run in runs if run in self.forms})

"""One line of what was found."""

from dataclasses import dataclass

GOOD, NOTE, BAD = "ok", "note", "lacks"


@dataclass(frozen=True)
class Finding:
    """What is there, and what to type for more.

    Attributes:
        state: `ok`; `note` for what not every run needs; `lacks` for what every run needs.
        remedy: what to type; empty where there is nothing to do.
    """

    name: str
    state: str
    text: str
    remedy: str = ""

    def line(self) -> str:
        """As it is printed."""
        remedy = f"; type {self.remedy}" if self.remedy else ""
        return f"{self.name:<11} {self.state:<6} {self.text}{remedy}"

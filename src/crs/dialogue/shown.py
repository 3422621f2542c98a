"""What a person is shown in a turn."""

from dataclasses import dataclass, field

from crs.ids import Number


@dataclass
class Reply:
    """What is shown, and why.

    Attributes:
        items: best first, our numbers.
        understood: what the newest words ask for.
        asked: what is asked for by now.
        intents: probability and most typical titles of the strongest intents; empty for a model
            that has none.
        broken: hard requirements that the worst of the items breaks.
        kept: whether one of the items keeps them all.
        note: what was not understood, or of which titles one is meant; empty if there is nothing to
            say.
        question: what the system asks; empty if it asks nothing.
        about: what each item is: its attributes and its year.
        match: a phrase for each item: whether it has what is asked for; empty if nothing is.
        told: sentences that answer `why?`, a greeting, or what nobody recommends by; where there
            are some, the list is that of the turn before.
    """

    items: list[Number]
    understood: list[str]
    asked: list[str]
    intents: list[tuple[float, list[str]]] = field(default_factory=list)
    broken: int = 0
    kept: bool = True
    note: str = ""
    question: str = ""
    about: list[list[str]] = field(default_factory=list)
    match: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def why(self) -> list[str]:
        """A phrase for each item: `drama, 1994: all you asked for`."""
        both = zip(self.about, self.match, strict=True)
        return [": ".join(filter(None, (", ".join(about), match))) for about, match in both]

"""What requests and answers look like, with the limits on their sizes: the OpenAPI page is made of
these."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

HISTORY = 1000
"""Items of a history."""
TEXT = 1000
"""Characters of a wish."""
NAME = 200
"""Characters of an id or of an attribute's name."""
K = 100
"""Items of an answer."""
NAMES = 100
"""Attributes that are wanted, and that are refused."""
BODY = 1 << 18
"""Bytes of a request: four times what a history of the longest length usually takes."""

Id = Annotated[StrictInt | Annotated[StrictStr, Field(max_length=NAME)], Field(examples=[1193])]
Words = Annotated[str, Field(max_length=TEXT, examples=["a dark comedy from the 1990s"])]
Attribute = Annotated[str, Field(max_length=NAME)]
Count = Annotated[int, Field(ge=1, le=K)]
History = Annotated[
    list[Id],
    Field(max_length=HISTORY, description="Ids of the data set's own file, oldest first."),
]
Year = Annotated[int, Field(ge=0, le=9999)]


class Body(BaseModel):
    """A request; a name that it does not have is refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Filters(Body):
    """What is required beside the words; it overrides what they say of the same attribute."""

    wanted: list[Attribute] = Field(default=[], max_length=NAMES, examples=[["Comedy"]])
    refused: list[Attribute] = Field(default=[], max_length=NAMES, examples=[["Horror"]])
    years: tuple[Year, Year] | None = Field(
        default=None, description="First and last year, both included.", examples=[[1990, 1999]]
    )


class Wish(Body):
    """Whom to recommend to, and what."""

    history: History = []
    text: Words = ""
    k: Count = 10
    filters: Filters = Filters()


class Beginning(Body):
    """How a dialogue begins."""

    history: History = []
    k: Annotated[Count, Field(description="Items of each list.")] = 5
    questions: bool = Field(default=True, description="Ask a question beside each list.")


class Said(Body):
    """Words of the person."""

    text: Annotated[Words, Field(min_length=1)]


class Named(Body):
    """An item that is refused or liked."""

    item: Id


class Item(BaseModel):
    """An item of the catalogue."""

    id: int | str
    title: str
    year: int | None
    attributes: list[str]


class Recommended(BaseModel):
    """The answer to a wish."""

    items: list[Item] = Field(description="Best first.")
    understood: list[str] = Field(description="What the words ask for.")
    broken: int = Field(description="Requirements that the worst of the items breaks.")


class Explained(Item):
    """An item of a dialogue's list."""

    why: str


class Turn(BaseModel):
    """What a dialogue answers."""

    dialogue: str
    items: list[Explained] = Field(description="Best first.")
    told: list[str] = Field(
        description="Sentences that answer `why?` or a greeting; the list is then the last one."
    )
    understood: list[str] = Field(description="What the newest words ask for.")
    asked: list[str] = Field(description="What is asked for by now.")
    question: str = Field(description="What the system asks; empty: nothing.")
    note: str = Field(description="What was not understood, or is not clear.")
    broken: int = Field(description="Requirements that the worst of the items breaks.")


class Found(BaseModel):
    """What a search found."""

    items: list[Item]


class Health(BaseModel):
    """What is served."""

    status: str
    model: str
    scorer: str
    dataset: str
    items: int
    fingerprint: str


class Refused(BaseModel):
    """Why a request is not answered."""

    detail: str

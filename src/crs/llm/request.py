"""What a model is asked and what comes back; names that hold everything that could matter."""

import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Of the codes: no vowels, so that no word comes out."""
CODE = re.compile(r"\[?#([A-Z]{6})\]?:?")


@dataclass(frozen=True)
class Request:
    """A conversation that the model is to continue.

    Attributes:
        messages: (role, text) in order; roles are `system`, `user` and `assistant`.
        sample: which of several independent answers.
        schema: a JSON schema of an object, as text, that the answer must meet; or None.
    """

    messages: tuple[tuple[str, str], ...]
    sample: int = 0
    schema: str | None = None

    @cached_property
    def content(self) -> str:
        """Sha256 of what is asked, whoever is asked: the name that `llm=replay` looks up."""
        text = json.dumps([self.messages, self.sample, self.schema])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def key_of(identity: dict[str, Any], request: Request) -> str:
    """The ledger's name of a request: all settings of the model, and all that is asked."""
    text = json.dumps([identity, request.content], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def code_of(key: str) -> str:
    """Six letters that an answer can repeat to show which request it answers."""
    number, letters = int(key, 16), ""
    for _ in range(6):
        number, letter = divmod(number, len(ALPHABET))
        letters += ALPHABET[letter]
    return letters


def with_code(request: Request, code: str) -> Request:
    """The same request, which also asks for the code to be repeated."""
    *before, (role, text) = request.messages
    if request.schema is None:
        text += (
            f"\n\nThe first line of your reply is exactly [#{code}] and nothing else; the reply "
            "itself begins on the second line."
        )
        return replace(request, messages=(*before, (role, text)))
    schema = json.loads(request.schema)
    schema["properties"]["code"] = {"type": "string"}
    schema["required"] = [*schema.get("required", []), "code"]
    text += f'\n\nSet the field "code" to "#{code}".'
    return replace(request, messages=(*before, (role, text)), schema=json.dumps(schema))


def without_code(text: str, code: str) -> tuple[str, str]:
    """An answer less its code, and whether that was the right one.

    Returns:
        text, and `right`, `none` (the model did not repeat it) or `wrong` (another request's).
    """
    found = CODE.search(text)
    if found is None:
        return text, "none"
    return CODE.sub("", text).strip(), "right" if found[1] == code else "wrong"


@dataclass(frozen=True)
class Reply:
    """What came back for one request.

    Attributes:
        key: of the request it says it belongs to.
        text: the answer, None where there is none.
        outcome: `done`; `refused` (the model would not), `blocked` (a filter stopped it) and
            `error` (the request is not acceptable): these are final; `again`: ask once more.
        detail: why, in the vendor's words.
        tokens_in, tokens_out: as billed.
        cut: the answer ran into `max_tokens`.
    """

    key: str
    text: str | None
    outcome: str = "done"
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cut: bool = False


@dataclass(frozen=True)
class Answer:
    """What the ledger holds for a request: a text, or the reason why there is none."""

    text: str | None
    reason: str = ""

"""`llm=replay`: answers that were given before, from a file of JSON lines."""

import json
from collections.abc import Iterator
from pathlib import Path

from crs.errors import UserError
from crs.llm.request import Reply, Request
from crs.settings.llm import LLM

TYPE = "type llm.path=FILE, the answers.jsonl of an earlier result"


class Replay:
    """The `answers.jsonl` of a result of `simulator=llm`: one line a request, named by content."""

    def __init__(self, settings: LLM) -> None:
        if settings.path is None:
            raise UserError(f"llm=replay: {TYPE}")
        self.path = Path(settings.path).expanduser()
        self.known: dict[str, Reply] = {}
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise UserError(f"llm.path: {self.path} cannot be read ({why}); {TYPE}") from error
        for number, line in enumerate(lines, 1):
            try:
                found = json.loads(line)
                content, text, reason = found["content"], found["text"], found["reason"]
                well = isinstance(content, str) and isinstance(text, str | None)
                well = well and isinstance(reason, str)
            except (ValueError, RecursionError, KeyError, TypeError):
                well = False
            if not well:
                raise UserError(
                    f"llm.path: line {number} of {self.path} is not a recorded answer; {TYPE}"
                )
            outcome, _, detail = reason.partition(": ")
            self.known[content] = Reply("", text, outcome or "done", detail)

    def answer(self, requests: dict[str, Request]) -> Iterator[list[Reply]]:
        """All at once.

        Raises:
            UserError: if the file lacks one: it was recorded of another data set or prompt.
        """
        missing = sum(request.content not in self.known for request in requests.values())
        if missing:
            raise UserError(
                f"llm.path={self.path} lacks {missing:,} of {len(requests):,} answers: it was "
                "recorded with other data, another prompt or other samples"
            )
        yield [
            Reply(key, reply.text, reply.outcome, reply.detail)
            for key, request in requests.items()
            for reply in [self.known[request.content]]
        ]

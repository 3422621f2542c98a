"""A language model that words the answers; it never sees a title (docs/chat.md, voice)."""

from string import Template
from typing import Any

from crs.chat.voice import untitled
from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply
from crs.llm.request import Request
from crs.titles import Titles
from crs.titles.everyday import everyday

PROMPT = Template("""\
You are the voice of a recommender of ${noun}s. Answer the person in one or two short, friendly \
sentences.
Recommend from the list below and say why. Write [1], [2], ... where a title belongs: the titles are
put in later. Never write a title, a name, a year or a number that is not below, and no quotation
marks. Ask nothing.

The person said: $said
Understood: $understood
Asked for so far: $asked
The list:
$items""")


class LanguageModelSpeaker:
    """Asks a language model for the words (`crs.chat.voice.Speaker`).

    Args:
        llm: who is asked (`crs.llm.model.LanguageModel`).
        titles: of the catalogue.
        noun: what an item is called.
    """

    def __init__(self, llm: Any, titles: Titles, noun: str) -> None:
        self.llm, self.titles, self.noun = llm, titles, noun
        self.usual = everyday()

    def __call__(self, talk: Conversation, reply: Reply, said: str) -> str:
        """The model's answer.

        Raises:
            UserError: if it cannot be reached.
        """
        return self.llm.ask([self.request(reply, said)])[0].text or ""

    def request(self, reply: Reply, said: str) -> Request:
        """What the model is asked; titles in it are places and no words."""

        def bare(text: str) -> str:
            return untitled(text, self.titles)

        text = PROMPT.substitute(
            noun=self.noun,
            said=bare(said),
            understood=bare(", ".join(reply.understood)) or "nothing by name",
            asked=bare(", ".join(reply.asked)) or "nothing",
            items="\n".join(f"[{n}]: {why}" for n, why in enumerate(reply.why, 1)),
        )
        return Request((("user", text),))

"""What a person says that is no wish: a greeting, thanks, a question that no list answers."""

import re
from collections.abc import Sequence

from crs.dialogue.rule_understanding import Rules

_OPENS = r"(?:(?:oh|ok|okay|well|so|and|please|hey|hi|hello|great|now)[,!.]? )*"
HELLO = (
    "Hello! What would you like? Say for example {examples}, some years, or a {noun} that you "
    "liked."
)
HELP = (
    "I recommend {noun}s. Say what you would like and what not: {examples}, years, or {noun}s that "
    "you liked. Of a list say “more like 2”, “not 3”, “I have seen 1”, “why 2?” or “others”; "
    "“undo” takes the newest back."
)
THANKS = "You are welcome."
GLAD = "Good to hear. Say “others” for other {noun}s."
WELL = "Well, thank you. What would you like?"
BYE = "Goodbye."
NO_QUESTION = "I have asked nothing. Say what you would like, or “others” for other {noun}s."
FACTS = "Of a {noun} I know the title, the year, and whether it is {examples} or the like; no more."
ELSE = "I can only recommend {noun}s. That changed nothing."
REMARKS = (
    (HELLO, r"(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))"
            r"(?:,? (?:there|all|everyone|again|friend))*"),
    (HELP, r"(?:help(?: me)?|(?:what|how) (?:can|do|should|could) (?:you|i) "
           r"(?:do|say|type|ask|work|use (?:you|this|it))(?: here| for me| now)?|who are you|"
           r"what are you|how does (?:this|it|that) work|what is this)"),
    (THANKS, r"(?:many |no,? )?(?:thanks?|thank you|thx|cheers)"
             r"(?: (?:you|a lot|so much|very much))*"),
    (GLAD, r"(?:(?:that is|that's|thats|this is|very|so|looks|sounds) )*(?:great|good|nice|cool|"
           r"perfect|awesome|excellent|wonderful|wow|fine|ok|okay|alright|lol|haha|good job|"
           r"well done)"),
    (WELL, r"(?:how are you|how do you do|how is it going|how's it going|what's up|whats up)"
           r"(?: (?:today|doing))*"),
    (BYE, r"(?:good ?bye|bye|see you|see ya|good night|i am done|i'm done)"
          r"(?: (?:bye|later|then|soon))*"),
    (NO_QUESTION, r"(?:yes|yeah|yep|no|nope|nah|sure)(?: please)?"),
)  # fmt: skip
"""Answers, and the words that get them; nothing else may stand beside these."""
SAYS = [(answer, re.compile(rf"{_OPENS}(?:{words})", re.I)) for answer, words in REMARKS]
PARTS = re.compile(r"[,.!?;:)]+\s*")
OF_WORKS = re.compile(
    r"who (?:directed|wrote|made|plays|played|stars|starred|is in|acts|sings|composed)\b.*|"
    r"how long is\b.*|(?:when|where) (?:was|is|can|did)\b.*|"
    r"what(?: is|'s) the (?:plot|story|rating|runtime)\b.*",
    re.I,
)
"""Questions about a work."""
ELSEWHERE = re.compile(
    r"(?:what(?:'s| is| are| was| time is| day is)|who(?:'s| is| was)|"
    r"how (?:is|are|does|old|much|many)|"
    r"do you (?:know|think|believe|love|like)|are you|can you (?:write|tell|sing|translate|speak)|"
    r"tell me (?:a|about|something|your)|write|translate|calculate|print|repeat|ignore|disregard|"
    r"pretend|you are now|act as|reveal)\b.*",
    re.I,
)
"""Questions and orders that are none of a recommender's."""
ORDERS = re.compile(
    r"(?:ignore|disregard|forget|print|repeat|reveal|pretend)\b.*\b"
    r"(?:instructions?|prompts?|rules|database|system)\b.*",
    re.I,
)
"""What is no wish, whatever it goes on to say."""
WISHES = re.compile(r"\b(?:good|best|better|recommend\w*|suggest\w*|watch|like)\b", re.I)
"""Words of a wish, though it has the form of a question: what is a good one for a date?"""


def remark(
    text: str, noun: str, attributes: Sequence[str], rules: Rules | None, asked: bool
) -> str:
    """The answer to words that are no wish; empty if they may be one.

    Args:
        noun: what an item is called.
        attributes: names of a few, as examples.
        rules: read what else the words name; None if no rules are there to say.
        asked: whether a question is open, which `yes` may answer.
    """
    said = text.strip()
    examples = ", ".join(attributes) or "what it is like"
    whole = phrase(said.rstrip(".!?,;:) "), asked)
    fixed = [whole] if whole else [phrase(one, asked) for one in PARTS.split(said) if one]
    if fixed and all(fixed):
        return fixed[0].format(noun=noun, examples=examples)
    if ORDERS.fullmatch(said):
        return ELSE.format(noun=noun)
    if rules is None:
        return ""
    if OF_WORKS.fullmatch(said) and not attributes_named(said, rules):
        return FACTS.format(noun=noun, examples=examples)
    if ELSEWHERE.fullmatch(said) and not WISHES.search(said) and not asks_something(said, rules):
        return ELSE.format(noun=noun)
    return ""


def phrase(text: str, asked: bool) -> str:
    """The answer to one of the fixed phrases; empty if it is none."""
    found = (answer for answer, words in SAYS if words.fullmatch(text))
    return next((one for one in found if not (asked and one is NO_QUESTION)), "")


def attributes_named(text: str, rules: Rules) -> bool:
    """Whether words name an attribute or years: then they are a wish."""
    found = [one.sort for clause in rules.clauses(text) for one in clause.mentions]
    return bool({"attribute", "years"} & set(found))


def asks_something(text: str, rules: Rules) -> bool:
    """Whether the rules read anything in words: a name, or that something is taken back."""
    kinds = {kind for clause in rules.clauses(text) for kind, *_ in clause.cues}
    return any(one.mentions for one in rules.clauses(text)) or bool(kinds & {"restart", "undo"})


def starts_over(text: str, rules: Rules) -> bool:
    """Whether words take back all that was said."""
    return any(kind == "restart" for clause in rules.clauses(text) for kind, *_ in clause.cues)

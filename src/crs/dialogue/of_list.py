"""What a person says of the list that is shown: `more like 2`, `I have seen 3`, `others`."""

import re
from collections.abc import Sequence
from dataclasses import replace

from crs.dialogue.state import Requirement

ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5}
_PLACE = (
    rf"(?:(?:the )?(?:number |no\. ?|item |#)?\d{{1,3}}|the (?:{'|'.join(ORDINALS)}|last)(?: one)?)"
)
_PLACES = rf"(?P<which>{_PLACE}(?:(?:,|,? and| or) ?{_PLACE})*)"
_IT = r"(?:it|(?:this|that)(?: one| movie| film| book| song| album)?)"
_WHICH = rf"(?:{_PLACES}|{_IT})"
_END = r"(?:,? (?:please|thanks|thank you|already|before|too|a lot|at all))*\s*[.!]*"
_LIKES = (
    r"(?:(?:i(?:'d| would)? |i(?:'ll| will) )?(?:really |also |do )?"
    r"(?:like|liked|love|loved|want|choose|pick|take|prefer|watch|try|go with|go for) |give me |"
    r"let'?s (?:watch|take|try|go with) )"
)
_LOOKS = r"(?:is|are|was|were|look|looks|sound|sounds|seem|seems)(?: very| really| too)?"
LIKED = re.compile(
    rf"(?:(?:yes|ok|okay|oh|hm+),? )?(?:{_PLACES}|{_LIKES}{_PLACES.replace('which', 'wanted')}|"
    rf"{_LIKES}{_IT}|(?:{_PLACES.replace('which', 'good')}|{_IT}) {_LOOKS} "
    rf"(?:good|great|nice|fine|perfect|interesting|cool|wonderful)){_END}",
    re.I,
)
DISLIKED = re.compile(
    r"(?:(?:no|but),? )?(?:not|without|remove|drop|skip|anything but|i (?:do not|don'?t|didn'?t) "
    rf"(?:really )?(?:like|want)|i (?:hate|hated|dislike|disliked)) {_WHICH}{_END}",
    re.I,
)
BAD = re.compile(
    rf"{_WHICH} {_LOOKS} "
    rf"(?:bad|boring|awful|terrible|stupid|dull|not for me|no good){_END}",
    re.I,
)
SEEN = re.compile(
    r"(?:(?:but|and|no|sorry),? )?(?:i(?:'ve| have)? )?(?:already )?"
    rf"(?:seen|saw|watched|had|read|heard|played|know) {_WHICH}{_END}",
    re.I,
)
HAD = re.compile(r"\b(?:seen|saw|watched|already (?:had|read|heard|played|know))\b", re.I)
LOVED = re.compile(r"\b(?:lik|lov|enjoy|ador|favou?rite|great|like\b)", re.I)
"""Beside `seen`: then the title is liked too."""
COMPARED = re.compile(
    r"\b(more|less|not|nothing) like (?:(?:number |no\. ?|#)?(\d+(?:(?:,| and| or|,? and) #?\d+)*)|"
    rf"the ({'|'.join(ORDINALS)})(?: one)?)\b"
    r"(?=\s*(?:$|[,.;!?]|please\b|but\b|and\b))",
    re.I,
)
_THESE = r"(?:these|those|them)"
ALL_REFUSED = re.compile(
    rf"\b(?:none|not|neither|no|nothing) (?:of )?{_THESE}\b|"
    rf"\bi (?:do not|don'?t) (?:really )?(?:like|want) (?:any of )?{_THESE}\b|"
    rf"\bi(?:'ve| have) (?:already )?(?:seen|watched|had|read|heard|played) "
    rf"(?:all (?:of )?{_THESE}|{_THESE} all|{_THESE}\b)",
    re.I,
)
ONLY_REFUSED = re.compile(
    rf"(?:(?:no|nope|nah|sorry|please|hm+|but)[,.]? )*(?:{ALL_REFUSED.pattern}){_END}", re.I
)
OTHERS = re.compile(
    r"(?:(?:and|ok|okay|so|any|no)[,.]? )*(?:surprise me|"
    r"(?:show|give|recommend|suggest)(?: me)? (?:some |the )?(?:\d+(?: more| others?)?|next \d+)|"
    r"(?:(?:show|give|recommend|suggest)(?: me)? )?(?:some |any |the |a few )*"
    r"(?:more|next|others?|other ones?|(?:something|anything|what) else|(?:a )?different ones?|"
    r"another(?: one)?|new ones?|next (?:page|ones?)))"
    r"(?: (?:is there|do you have|have you got|have you|ones?|titles?|options?|choices|of them|"
    rf"movies|films|songs|books|products))?{_END}\??",
    re.I,
)


def numbers(words: re.Match[str], count: int) -> list[int]:
    """The places of the list that a phrase names, from 1; none where it has a number that the list
    of `count` items lacks."""
    which = next((words[name] for name in words.re.groupindex if words[name]), "")
    if not which:
        return [1] if count else []
    names = ORDINALS | {"last": count}
    found = [
        int(one) if one.isdecimal() else names[one.lower()]
        for one in re.findall(rf"\d+|{'|'.join(names)}", which, re.I)
    ]
    return found if all(1 <= one <= count for one in found) else []


def with_titles(text: str, shown: Sequence[str]) -> str:
    """`more like 2` with the title of item 2 of the list, `not the first` and `I have seen 3` too.

    Args:
        shown: titles of the list that was shown last. Numbers that it does not have stay.
    """
    said = text.strip()
    whole = ((SEEN, "I have seen"), (DISLIKED, "not like"), (BAD, "not like"), (LIKED, "like"))
    for pattern, how in whole:
        if (found := pattern.fullmatch(said)) and (places := numbers(found, len(shown))):
            return ". ".join(f"{how} {shown[place - 1]}" for place in places)

    def titled(found: re.Match[str]) -> str:
        one = [ORDINALS[found[3].lower()]] if found[3] else []
        places = one or [int(number) for number in re.findall(r"\d+", found[2])]
        if not all(1 <= place <= len(shown) for place in places):
            return found[0]
        how = "like" if found[1].lower() == "more" else "not like"
        return ". ".join(f"{how} {shown[place - 1]}" for place in places)

    return COMPARED.sub(titled, text)


def meant(asked: Requirement, shown: Sequence[int], titles: Sequence[str]) -> Requirement:
    """A requirement; of several titles that it may be about the one that is shown, or of titles
    that are equal the first."""
    there = [item for item in asked.items if item in shown]
    alike = len({titles[item] for item in asked.items}) == 1
    if len(asked.items) < 2 or not (len(there) == 1 or alike):
        return asked
    return replace(asked, items=tuple(there[:1] or asked.items[:1]))


def only_seen(text: str) -> bool:
    """Whether the titles of a text were seen, and nothing is said of how they were."""
    return bool(HAD.search(text)) and not LOVED.search(text)

"""How far a refusal, a hedge and an `or` reach over what is named beside them."""

import re
from itertools import pairwise

from crs.dialogue.clauses import ADDS, DESCRIBES, TURNS, Clause
from crs.dialogue.verdicts import (
    ARTICLES,
    FILLERS,
    JOINS,
    answered,
    is_bare,
    listed,
    said_behind,
)  # fmt: skip

REFUSING = {"not", "without", "hate", "except"}
RELATIVE = set("that which who one ones anything something where if thats".split())
TAKES = set("for with by".split())
"""Before what takes the place of what is swapped."""
SAME = re.compile(
    r"(?:even more(?: so)?|too|as well|likewise|ditto|also|either|neither|same|the same|same here)$"
)
"""Behind a name: as what was said before it."""
USUAL = re.compile(
    r"(?:(?:i|we) )?(?:(?P<usual>usually|normally|generally|typically)|like|love|enjoy|watch)\b"
)
"""How a habit begins."""
WISHES = set("want need give show fancy feel feeling mood".split())
REFINES = {*ADDS, "with", "one", "ones"}
"""With such a word a clause adds to what was wanted."""
TODAY = re.compile(r"\b(?:tonight|today|this time|for once)\b")
"""What is wanted with such words takes the place of what is usually liked."""
SAME_AS = re.compile(
    r"^(?:and |or )?(?:(?:the )?same (?:goes )?(?:for|with)|ditto for|so (?:is|are))\b"
)


def continues(clauses: list[Clause], number: int, listing: bool) -> bool:
    """Whether a clause goes on with the list of the clause before it: `no horror, war or drama`.

    Args:
        listing: whether a list is open already: three in a row, or `exclude`, which takes a list.
    """
    clause = clauses[number]
    if clause.before != ",":
        return False
    if clause.words[0] in ("or", "nor"):
        return True
    if clause.words[0] == "and" and not clause.cues and clause.mentions:
        return clause.words[1:2] not in (["a"], ["an"], ["some"])
    if not is_bare(clause):
        # `war or drama please`: names come first, and `or` joins them.
        names = clause.mentions[:2]
        return (
            len(names) == 2
            and set(clause.words[: names[0].start]) <= ARTICLES
            and bool({"or", "nor"} & set(clause.words[names[0].end : names[1].start]))
            and not any(place < names[0].end for _, place, _ in clause.cues)
        )
    if listing or JOINS & set(clause.words) or number + 1 == len(clauses):
        return listing or bool(JOINS & set(clause.words))
    following = clauses[number + 1]
    return (following.before == "," and is_bare(following)) or continues(clauses, number + 1, False)


class Scan:
    """Goes through a clause from left to right and says what each mention is meant for."""

    def __init__(self, clause: Clause, act: str) -> None:
        self.clause, self.act = clause, act
        self.cued = act != "+"
        self.kind, self.place = "not", 0
        self.unseen = 0
        """The place behind `have not seen` and its like."""
        self.swaps = False
        """What is named goes, until something takes its place: `swap the horror for comedy`."""
        self.fresh = True
        """No name since the cue."""
        self.dated = act != "+"
        """No attribute since the cue: years are meant too."""
        self.question = clause.words[1:2] in (["you"], ["there"], ["we"], ["it"])

    def run(self) -> None:
        """Set the acts of the mentions."""
        clause = self.clause
        cues, single = list(clause.cues), None
        for one in (*clause.mentions, None):
            while cues and (one is None or cues[0][1] < one.start):
                kind, start, end = cues.pop(0)
                if clause.words[start] in ("non", "anti"):  # of the next name alone
                    single = self.act, self.cued
                self.cue(kind, start, end)
            if one is None:
                return
            self.between(one.start)
            one.act = self.act if one.sort != "years" or self.dated else "+"
            if one.sort == "title" and self.unseen and self.unseen >= one.start - 1:
                one.act = "allow"  # I have never seen Titanic
            one.cued = self.cued
            self.dated = self.dated and one.sort != "attribute"
            self.fresh, self.place = False, one.end
            if single:
                (self.act, self.cued), single = single, None

    def between(self, start: int) -> None:
        """A refusal may end before a name: `no horror and a comedy`, `without war with romance`."""
        if self.swaps and not TAKES.isdisjoint(self.clause.words[self.place : start]):
            self.act, self.cued, self.swaps = "+", False, False
        if self.act != "-" or self.fresh:
            return
        words = self.clause.words[self.place : start]
        new = "some" in words or (words[:1] == ["and"] and words[1:2] in (["a"], ["an"]))
        if (new and not self.article) or ("with" in words and self.kind == "without"):
            self.act, self.cued = "+", False

    @property
    def article(self) -> bool:
        """Whether the refused name has an article too: `not a horror and a comedy`."""
        return any(
            one.act == "-" and self.clause.words[one.start - 1] in ("a", "an")
            for one in self.clause.mentions
            if one.start and one.end <= self.place
        )

    def over_another(self, start: int, end: int) -> bool:
        """Whether `over` sets one name above the next: `comedy over drama`."""
        words, mentions = self.clause.words, self.clause.mentions
        return words[start] == "over" and any(
            one.end == start
            and two.start <= end + 1
            and (one.sort == "years") == (two.sort == "years")
            for one, two in pairwise(mentions)
        )

    def of_an_adjective(self, start: int, end: int) -> bool:
        """Whether `not` is of a word between an article and a name: `a not too long comedy`."""
        words = self.clause.words
        inside = words[start] == "non" or (start and words[start - 1] in ("a", "an"))
        ahead = [one.start for one in self.clause.mentions if one.start >= end]
        return bool(inside and ahead and ahead[0] != end and words[end] not in ("a", "an", "the"))

    def cue(self, kind: str, start: int, end: int) -> None:
        """A cue changes what is meant from here on."""
        words = self.clause.words
        open_ = self.act == "-" and self.fresh and self.cued
        if kind in REFUSING:
            if start == 0 and self.question and words[0].endswith("nt"):
                return  # Don't you have a comedy?
            if words[start] in ("not", "non") and self.of_an_adjective(start, end):
                return
            if self.act in ("back", "drop") and self.fresh and self.cued:
                self.act = "back"
                return
            between = words[self.place : start]
            coordinated = bool(JOINS & set(between))
            inner = kind != "not" or (RELATIVE & set(between) and words[start] != "no")
            # `I do not want too much war` refuses; `I never get too much war` does not.
            same = "too" in words[start:end] and not {"have", "get", "had"} & set(between)
            if open_ and inner and not coordinated and not same:
                self.act = "allow" if kind == "hate" else "+"
            else:
                self.act, self.kind = "-", kind
            self.cued = self.fresh = self.dated = True
            self.place = end
        elif kind in ("back", "drop", "allow", "swap"):
            self.swaps = kind == "swap"
            self.act, self.cued = "back" if self.swaps else kind, True
            self.fresh = self.dated = True
            self.place = end
        elif kind == "also":
            self.act, self.cued = "+", True
            self.unseen = end
        elif kind == "than":
            compares = {"rather", "prefer", "sooner"} & set(words[:start])
            if self.place and (compares or self.over_another(start, end)):
                self.act, self.kind = "-", kind
                self.cued = self.fresh = self.dated = True
        elif kind == "i" or (kind in ("turn", "instead") and not self.fresh):
            self.act, self.cued = "+", False


def hedge(clause: Clause, carried: bool) -> bool:
    """Make preferences of what a hedge reaches; whether it reaches on into the next clause."""
    places = {kind: start for kind, start, _ in reversed(clause.cues) if kind in ("maybe", "nice")}
    if carried:
        for one in clause.mentions:
            one.hard = False
    if not places:
        return False
    for kind, place in places.items():
        ahead = [one for one in clause.mentions if one.start > place]
        behind = [one for one in clause.mentions if one.start < place]
        if kind == "nice":
            ahead, behind = behind, ahead
            # `horror would be nice, comedy a must`: the last name before it and its list.
            ahead = ahead and listed(clause, ahead)
        for one in ahead or behind:
            one.hard = False
    return not clause.mentions


def either(clauses: list[Clause]) -> None:
    """Mark mentions that `or` joins with the one of their sort before them, over commas too."""
    flat = [(number, one) for number, clause in enumerate(clauses) for one in clause.mentions]
    links = ["or" if clauses[0].words[0] == "or" else ""] if flat else []
    turned = ""
    for (n, one), (m, two) in pairwise(flat):
        if clauses[n].sentence != clauses[m].sentence or m - n > 1:
            links.append("")
            turned = ""
            continue
        inside = (
            clauses[n].words[one.end : two.start]
            if n == m
            else [*clauses[n].words[one.end :], clauses[m].before, *clauses[m].words[: two.start]]
        )
        said = [word for word in inside if word not in FILLERS - JOINS and word != "from"]
        dates = one.sort == two.sort == "years" and set(said) <= {
            "and",
            ",",
            "late",
            "early",
            "mid",
        }
        if "or" in said or (dates and said) or (two.act == "-" and "nor" in said):
            links.append("or")
            turned = {"attribute": "years", "years": "attribute"}.get(two.sort, "")
            if one.sort == two.sort == "years":
                turned = ""
        elif turned and two.sort == turned and not said:
            links.append("or")  # a comedy from the 80s or a drama from the 90s
            turned = ""
        else:
            links.append("," if said == [","] else "")
    for place in range(len(links) - 2, 0, -1):
        if links[place] == ",":
            links[place] = links[place + 1]
    for (_, one), link in zip(flat, links, strict=True):
        one.either = link == "or"


def same_as_before(clause: Clause, before: Clause) -> bool:
    """Whether a clause says of what it names what the one before it said: `war too`."""
    if not (clause.mentions and before.mentions):
        return False
    text = " ".join(clause.words)
    behind = " ".join(clause.words[clause.mentions[-1].end :])
    heads = set(clause.words[: clause.mentions[0].start]) <= ARTICLES | JOINS
    return bool(SAME_AS.match(text) or (heads and SAME.match(behind)))


def degrees(clause: Clause) -> None:
    """Make preferences of what is compared: `more comedy than drama`, `I like comedies more than
    dramas`, `less drama than comedy`."""
    words, mentions = clause.words, clause.mentions
    for one, two in pairwise(mentions):
        between = words[one.end : two.start]
        near = {*words[max(0, one.start - 1) : one.start], *between}
        if {one.sort, two.sort} != {"attribute"} or between[-1:] != ["than"]:
            continue
        if near.isdisjoint({"more", "less", "better"}) or one.act not in ("+", "-"):
            continue
        act = "+" if one.act == "-" else "-"
        one.hard = False
        for place in range(mentions.index(two), len(mentions)):
            other = mentions[place]
            if other is not two and words[mentions[place - 1].end : other.start] != ["or"]:
                break
            other.act, other.hard, other.cued = act, False, True


def usual(clauses: list[Clause]) -> None:
    """Take out what is usually liked where another thing is wanted now: `usually comedies, but
    tonight a western`."""
    for before, clause in pairwise(clauses):
        turns, wish = clause.before in TURNS, not WISHES.isdisjoint(clause.words)
        now = TODAY.search(" ".join(clause.words)) is not None
        habit = USUAL.match(" ".join(before.words))
        if habit is None:
            continue
        turned = now or (turns and wish) if habit["usual"] else now and turns
        wanted = {one.sort for one in clause.mentions if one.act == "+"}
        if turned and wanted and REFINES.isdisjoint(clause.words):
            for one in before.mentions:
                if one.act == "+" and one.sort in wanted - {"title"}:
                    one.act = "allow"


def read_scope(clauses: list[Clause]) -> None:
    """Say of each mention what is meant with it."""
    act, hard, listing, carried = "+", True, False, False
    for number, clause in enumerate(clauses):
        before = clauses[number - 1] if number else None
        if before is None or before.sentence != clause.sentence:
            hard, carried = True, False
        if before and clause.before == ":" and before.words[-1] in DESCRIBES:
            hard = False
        goes_on = act != "+" and continues(clauses, number, listing)
        scan = Scan(clause, act if goes_on else "+")
        scan.run()
        degrees(clause)
        soft = hedge(clause, carried or not hard)
        ends = number + 1 == len(clauses) or clauses[number + 1].sentence != clause.sentence
        if soft and ends and before and before.sentence == clause.sentence and before.mentions:
            for one in listed(before, before.mentions):  # a comedy, if possible
                one.hard = False
        if before and same_as_before(clause, before):
            for one in clause.mentions:
                one.act, one.cued = before.mentions[-1].act, True
        said_behind(clauses, number)
        if number:
            answered(clauses, number)
        if clause.mentions or not soft:
            act = clause.mentions[-1].act if clause.mentions and scan.cued else "+"
            joined = bool(JOINS & set(clause.words))
            listing = not joined if goes_on else scan.cued and scan.kind != "not"
        is_list = any(not one.hard for one in clause.mentions) and not ends
        carried = soft or (is_list and hard and continues(clauses, number + 1, False))
    usual(clauses)
    either(clauses)

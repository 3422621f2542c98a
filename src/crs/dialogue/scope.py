"""How far a refusal, a hedge and an `or` reach over what is named beside them."""

import re

from crs.dialogue.clauses import DESCRIBES, ENDS, Clause, Mention

REFUSING = {"not", "without", "hate", "except"}
JOINS = set("or nor and".split())
ARTICLES = set("a an the any some".split())
FILLERS = ARTICLES | JOINS | set(
    "movie movies film films flick flicks stuff thing things one ones genre genres show shows story "
    "stories part bit picture pictures either both neither really very please of in with it too".split()
)  # fmt: skip
"""A clause of names and these words alone is an item of a list."""
ASKS = set("what how about so and or got any".split())
RELATIVE = set("that which who one ones anything something where if thats".split())
OUT = re.compile(r"\b(?:leave|leaves|keep|count|cut|rule|filter|kick|throw|leaving)\b.*")
THINGS = (
    r"(?:(?:movies?|films?|flicks?|stuff|things?|genres?|ones?|stor(?:y|ies)|part|bit|shows?|"
    r"pictures?|rule|requirement|idea|as a genre|in general) )*"
)
ADVERBS = (
    r"(?:(?:just|really|simply|honestly|so|too|very|always|often|usually|all|quite|rather|"
    r"pretty|kinda|generally|totally|definitely|also|still|absolutely|personally|anymore|"
    r"at all|a bit|a little|way|never|completely|currently|sometimes|mostly|lately) )*"
)
BE = r"(?:is|are|was|were|s|seems?|feels?|sounds?|gets?|got|has been|have been|be)"
BAD = (
    r"(?:boring|bad|awful|terrible|horrible|annoying|overrated|stupid|dumb|silly|dull|depressing|"
    r"tiresome|tedious|lame|cheesy|crap|trash|garbage|rubbish|out|off|off limits|off the table|"
    r"over|a no|a nono|a no go|a dealbreaker|a deal breaker|a turn off|a turnoff|the worst|"
    r"a letdown|a let down|disappointing|too much|not|out of the question|unbearable|unwatchable|"
    r"banned|forbidden|taboo)"
)
VERBS = (
    r"(?:(?:bores?|bored|annoys?|annoyed|scares?|scared|irritates?|irritated|disappoints?|tires?|"
    r"disappointed|depress(?:es)?|disgusts?|repels?|upsets?|kills?) (?:me|us|my|him|her|them)|"
    r"sucks?|sucked|stinks?|stank|(?:puts?|turns?|turned) (?:me|us) off|"
    r"(?:leaves?|left) (?:me|us) cold|(?:gives?|gave) (?:me|us) (?:nightmares|a headache|the creeps)|"
    r"(?:gets?|got|grates?) on (?:my|our) nerves|(?:makes?|made) (?:me|us) (?:sick|yawn|sleepy|sleep|fall asleep)|(?:puts?) (?:me|us) to sleep|"
    r"can go|must go|has to go|have to go|no(?: thanks?| thank you| way| please| more)?$|nope$|nah$|"
    r"out$|never again|not again|not$)"
)
NEGATED = r"(?:isnt|arent|wasnt|werent|doesnt|dont|didnt|does not|do not|did not|is not|are not|" \
          r"was not|were not|aint|wont|cannot|cant|never|has never|have never|not)"  # fmt: skip
I_HATE = (
    r"(?:i|we|id|ive) (?:\w+ )?(?:(?:cant|cannot|could never|can not) (?:stand|bear|abide|take)|"
    r"hate|hated|dislike|disliked|detest|despise|loathe|(?:dont|do not|didnt|did not|never|"
    r"have never) (?:really |much )?(?:like|liked|want|enjoy|enjoyed|love|need|care|cared|fancy)|"
    r"(?:can|could) do without|(?:would|will) (?:rather )?(?:skip|avoid|pass))"
)
NEEDLESS = r"(?:important|matter|necessary|required|needed|need|essential|mandatory|relevant|have " \
           r"to|a must|must|a requirement|crucial|a concern)\b"  # fmt: skip
BEHIND = re.compile(
    rf"(?P<refused>free\b)|{THINGS}{ADVERBS}(?:"
    rf"(?P<back>(?:{NEGATED}|no longer|{BE} no longer) {ADVERBS}(?:be )?{NEEDLESS}|"
    rf"optional\b|{BE} (?:optional|unimportant|irrelevant|unnecessary|not {NEEDLESS})|"
    rf"{BE} {ADVERBS}less important)|"
    rf"(?P<allow>(?:{BE}|would be|can be|may be) {ADVERBS}(?:fine|ok|okay|alright|all right|allowed|"
    rf"acceptable|permitted|back|not a problem|no problem)\b)|"
    rf"(?P<bad>{BE} {ADVERBS}{BAD}\b|{VERBS}|{I_HATE}|{NEGATED}\b))"
)  # fmt: skip
"""What is said behind a name of it."""
NEEDED = re.compile(rf"{THINGS}(?:is )?(?:needed|required|necessary)\b")
JUDGES = re.compile(r"\b(?:find|found|consider|think|thought)(?: that)?(?: \w+)?$")
JUDGED = re.compile(rf"{THINGS}{ADVERBS}{BAD}\b")
"""`I find musicals really annoying`: what stands before and behind the name."""
ANSWER = re.compile(
    rf"(?:(?P<refused>(?:oh |god |hell |please |ugh |um |well |absolutely |definitely |certainly )*"
    rf"(?:no|nope|nah|never|pass|hard pass|no way|no thanks?|no thank you|not (?:for me|again|"
    rf"my thing|my cup of tea|today|tonight|now|really|a fan|interested|this time|a chance)|"
    rf"(?:i )?(?:am |im )?(?:rather |really )?(?:not|not my thing)|anything but|"
    rf"(?:i )?(?:really |just )?(?:hate|hated|cant stand|dont like|dont want|never liked|dislike|"
    rf"cannot stand|am not into|didnt like) "
    rf"(?:it|them|those|that|these))(?: please| thanks| at all)*)|(?P<wanted>(?:oh |hell )*(?:yes|"
    rf"yeah|yep|sure|yup|absolutely|definitely)(?: please| sure)?))$"
)
"""A clause that answers what was named before it."""
SAME = re.compile(
    r"(?:even more(?: so)?|too|as well|likewise|ditto|also|either|neither|same|the same|same here)$"
)
"""Behind a name: as what was said before it."""
SAME_AS = re.compile(
    r"^(?:and |or )?(?:(?:the )?same (?:goes )?(?:for|with)|ditto for|so (?:is|are))\b"
)


def is_bare(clause: Clause) -> bool:
    """Whether a clause is an item of a list: names, and nothing else that says something."""
    if not clause.mentions or any(clause.words[place] != "nor" for _, place, _ in clause.cues):
        return False
    named = {place for one in clause.mentions for place in range(one.start, one.end)}
    return all(place in named or word in FILLERS for place, word in enumerate(clause.words))


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
        self.fresh = True
        """No name since the cue."""
        self.dated = act != "+"
        """No attribute since the cue: years are meant too."""
        self.question = clause.words[1:2] in (["you"], ["there"], ["we"], ["it"])

    def run(self) -> None:
        """Set the acts of the mentions."""
        clause = self.clause
        events = sorted(
            [(start, 0, kind, end) for kind, start, end in clause.cues]
            + [(one.start, 1, one, one.end) for one in clause.mentions],
            key=lambda event: event[0],
        )
        single = None
        for start, named, what, end in events:
            if not named:
                if what == "not" and clause.words[start] == "non":
                    single = self.act, self.cued
                self.cue(what, start, end)
                continue
            self.between(start)
            what.act = self.act if what.sort != "years" or self.dated else "+"
            what.cued = self.cued
            if what.sort == "attribute":
                self.dated = False
            self.fresh, self.place = False, end
            if single:
                (self.act, self.cued), single = single, None

    def between(self, start: int) -> None:
        """A refusal may end before a name: `no horror and a comedy`, `without war with romance`."""
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

    def cue(self, kind: str, start: int, end: int) -> None:
        """A cue changes what is meant from here on."""
        words = self.clause.words
        open_ = self.act == "-" and self.fresh and self.cued
        if kind in REFUSING:
            if start == 0 and self.question and words[0].endswith("nt"):
                return  # Don't you have a comedy?
            if self.act in ("back", "drop") and self.fresh and self.cued:
                self.act = "back"
                return
            between = words[self.place : start]
            coordinated = bool(JOINS & set(between))
            inner = kind != "not" or (RELATIVE & set(between) and words[start] != "no")
            if open_ and inner and not coordinated:
                self.act = "allow" if kind == "hate" else "+"
            else:
                self.act, self.kind = "-", kind
            self.cued = self.fresh = self.dated = True
            self.place = end
        elif kind in ("back", "drop", "allow"):
            self.act, self.cued = kind, True
            self.fresh = self.dated = True
            self.place = end
        elif kind == "also":
            self.act, self.cued = "+", True
        elif kind == "than":
            if self.place and {"rather", "prefer", "sooner"} & set(words[:start]):
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


def listed(clause: Clause, mentions: list[Mention]) -> list[Mention]:
    """The last mention and those that are in one list with it."""
    found = [mentions[-1]]
    for one in reversed(mentions[:-1]):
        if not set(clause.words[one.end : found[-1].start]) <= FILLERS - {"with", "in", "of"}:
            break
        found.append(one)
    return found


def said_behind(clauses: list[Clause], number: int) -> None:
    """Take in what is said behind names: `war movies are not my thing`, `romance? no thanks`."""
    clause = clauses[number]
    words = clause.words
    for place, one in enumerate(clause.mentions):
        if one.sort == "attribute" and words[one.end : one.end + 1] == ["free"]:
            if words[one.start - 1 : one.start] != ["this"] or one.end + 1 < len(words):
                one.act, one.cued = "-", True
        following = clause.mentions[place + 1].start if place + 1 < len(clause.mentions) else None
        tail = words[one.end : following]
        text = " ".join(tail)
        if one.act == "-" and one.sort == "attribute" and NEEDED.match(text):
            one.act = "back"  # no romance needed
        if not tail or one.act != "+" or one.cued or one.sort == "years":
            continue
        verdict = BEHIND.match(text)
        if verdict is None or verdict["refused"]:
            head = " ".join(words[: one.start])
            found_bad = JUDGES.search(head) and JUDGED.match(text)
            if found_bad or (OUT.search(head) and "out" in tail):
                one.act, one.cued = "-", True
            continue
        if (
            following is not None
            and verdict["bad"]
            and not verdict["bad"].startswith(("i ", "we "))
        ):
            if not JOINS & set(tail) and tail[-1:] != ["no"] and verdict.end() < len(text):
                continue  # `comedy not horror`: the refusal is of what follows
        act = "back" if verdict["back"] else "allow" if verdict["allow"] else "-"
        group = listed(clause, clause.mentions[: place + 1])
        for other in group:
            if other.act == "+":
                other.act, other.cued = act, True
        earlier = number - 1
        while (
            group[-1] is clause.mentions[0]
            and earlier >= 0
            and clauses[earlier + 1].before == ","
            and is_bare(clauses[earlier])
        ):
            for other in clauses[earlier].mentions:
                other.act, other.cued = act, True
            earlier -= 1


def answered(clauses: list[Clause], number: int) -> None:
    """Take in a clause that answers: `Horror? No thanks.`, `romance, no`."""
    clause, before = clauses[number], clauses[number - 1]
    if clause.mentions or not before.mentions or before.cues:
        return
    if clause.before not in ("?", ",", "–", "—", "-", ":", "??"):
        return
    bare = is_bare(before) or set(before.words[: before.mentions[0].start]) <= ASKS | FILLERS
    answer = ANSWER.match(" ".join(clause.words))
    if answer and bare and before.words[-1] not in ("please",):
        for one in before.mentions:
            one.act = "-" if answer["refused"] else one.act
            one.cued = True


def either(clauses: list[Clause]) -> None:
    """Mark mentions that `or` joins with the one of their sort before them, over commas too."""
    flat = [(number, one) for number, clause in enumerate(clauses) for one in clause.mentions]
    links = [""] if flat else []
    turned = ""
    for (n, one), (m, two) in zip(flat, flat[1:], strict=False):
        if clauses[n].sentence != clauses[m].sentence or m - n > 1:
            links.append("")
            turned = ""
            continue
        inside = clauses[n].words[one.end : two.start] if n == m else [
            *clauses[n].words[one.end :], clauses[m].before, *clauses[m].words[: two.start]
        ]  # fmt: skip
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
    either(clauses)

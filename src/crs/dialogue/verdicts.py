"""What is said behind names of them: `war movies are not my thing`, `romance? no thanks`."""

import re

from crs.dialogue import of_list
from crs.dialogue.clauses import NEARBY, Clause, Mention

JOINS = set("or nor and".split())
ARTICLES = set("a an the any some".split())
FILLERS = ARTICLES | JOINS | set(
    "movie movies film films flick flicks stuff thing things one ones genre genres show shows "
    "story stories part bit picture pictures either both neither really very please of in with "
    "it too".split()
)  # fmt: skip
"""A clause of names and these words alone is an item of a list."""
ASKS = set("what how about so and or got any".split())
OUT = re.compile(r"\b(?:leave|leaves|keep|count|cut|rule|filter|kick|throw|leaving)\b.*")
AWAY = {"out", "away"}
"""`Keep the horror out`: what is said before and behind the name."""
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
    r"tiresome|tedious|slow|flat|weak|mediocre|meh|"
    r"predictable|lame|cheesy|crap|trash|garbage|rubbish|out|off|off limits|off the table|"
    r"over|a no|a nono|a no go|a dealbreaker|a deal breaker|a turn off|a turnoff|the worst|"
    r"a letdown|a let down|disappointing|too much|not|out of the question|unbearable|unwatchable|"
    r"banned|forbidden|taboo|bad idea)"
)
BORES = (
    r"(?:bores?|bored|annoys?|annoyed|scares?|scared|irritates?|irritated|disappoints?|tires?|"
    r"disappointed|depress(?:es)?|disgusts?|repels?|upsets?|kills?) (?:me|us|my|him|her|them)"
)
VERBS = (
    rf"(?:{BORES}|"
    r"sucks?|sucked|stinks?|stank|(?:puts?|turns?|turned) (?:me|us) off|"
    r"(?:leaves?|left) (?:me|us) cold|(?:puts?) (?:me|us) to sleep|"
    r"(?:gives?|gave) (?:me|us) (?:nightmares|a headache|the creeps)|"
    r"(?:gets?|got|grates?) on (?:my|our) nerves|"
    r"(?:makes?|made) (?:me|us) (?:sick|yawn|cringe|sleepy|sleep|fall asleep)|makes? my skin crawl|"
    r"to (?:a|the) minimum|can go|must go|(?:has|have) to go|"
    r"no(?: thanks?| thank you| way| please| more)?$|nope$|nah$|out$|never again|not again|not$)"
)
NEGATED = r"(?:isnt|arent|wasnt|werent|doesnt|dont|didnt|does not|do not|did not|is not|are not|" \
          r"was not|were not|aint|wont|cannot|cant|never|has never|have never|not)"  # fmt: skip
HATE = (
    r"(?:(?:cant|cannot|could never|can not) (?:stand|bear|abide|take)|"
    r"hate|hated|dislike|disliked|detest|despise|loathe|(?:dont|do not|didnt|did not|never|"
    r"have never) (?:really |much )?(?:like|liked|want|enjoy|enjoyed|love|need|care|cared|fancy)|"
    r"(?:can|could) do without|(?:would|will) (?:rather )?(?:skip|avoid|pass))"
)
I_HATE = rf"(?:i|we|id|ive) (?:\w+ )?{HATE}"
NEEDLESS = (
    r"(?:important|matter|necessary|required|needed|need|essential|mandatory|relevant|have to|"
    r"a must|must|a requirement|crucial|a concern)\b"
)
BEHIND = re.compile(
    rf"(?P<refused>free\b)|{THINGS}{ADVERBS}(?:"
    rf"(?P<back>(?:{NEGATED}|no longer|{BE} no longer) {ADVERBS}(?:be )?{NEEDLESS}|"
    rf"optional\b|{BE} (?:optional|unimportant|irrelevant|unnecessary|not {NEEDLESS})|"
    rf"{BE} {ADVERBS}less important)|"
    rf"(?P<allow>(?:{BE}|would be|can be|may be) {ADVERBS}(?:fine|ok|okay|alright|all right|"
    rf"allowed|acceptable|permitted|back|not a problem|no problem)\b|"
    rf"(?:{BE} )?{NEGATED} {ADVERBS}(?:an? )?{BAD}\b|"
    rf"never {ADVERBS}(?:disappoints?|bores?|annoys?|fails?)\b)|"
    rf"(?P<bad>{BE} {ADVERBS}{BAD}\b|{BE} (?:way |just |far |a bit |all |simply )*too \w+|"
    rf"{VERBS}|{I_HATE}|{NEGATED}\b))"
)  # fmt: skip
"""What is said behind a name of it."""
NEEDED = re.compile(rf"{THINGS}(?:is )?(?:needed|required|necessary)\b")
JUDGES = re.compile(r"\b(?:find|found|consider|think|thought)(?: that)?(?: \w+)?$")
JUDGED = re.compile(rf"{THINGS}{ADVERBS}{BAD}\b")
"""`I find musicals really annoying`: what stands before and behind the name."""
ANSWER = re.compile(
    r"(?:(?P<refused>(?:oh |god |hell |please |ugh |um |well |absolutely |definitely |certainly )*"
    r"(?:no|nope|nah|never|ugh|yuck|eww?|meh|pass|hard pass|no way|no thanks?|no thank you|"
    r"not (?:for me|again|my thing|my cup of tea|today|tonight|now|really|a fan|interested|"
    r"this time|a chance)|"
    r"(?:i )?(?:am |im )?(?:rather |really )?(?:not|not my thing)|anything but|"
    r"(?:i )?(?:really |just )?(?:hate|hated|cant stand|dont like|dont want|never liked|dislike|"
    r"cannot stand|am not into|didnt like) "
    r"(?:it|them|those|that|these))(?: please| thanks| at all)*)|(?P<wanted>(?:oh |hell )*(?:yes|"
    r"yeah|yep|sure|yup|absolutely|definitely)(?: please| sure)?))$"
)
"""A clause that answers what was named before it."""


AND, IT = r"(?:(?:and|but|though|although|yet) )?", r"(?:it|that|they|them|those|its|thats)"
NO_MATCH = r"(?:my thing|for me|my cup of tea|my taste|a fan)"
HATED = re.compile(
    rf"{AND}(?:(?:i|we|id|ive|he|she) )?(?:\w+ )?(?:{HATE}|couldnt (?:stand|bear|finish)) {IT}\b|"
    rf"{AND}not {NO_MATCH}\b"
)
POOR = re.compile(
    rf"{AND}{IT}(?: {BE})? (?!not\b){ADVERBS}(?:{BAD}|too \w+)\b|"
    rf"{AND}{IT} {NEGATED} {ADVERBS}(?:good|great|{NO_MATCH})\b|{AND}(?:{IT} )?{BORES}\b"
)
"""What is said of a title that was seen: `I saw Titanic and did not like it`, `it was boring`."""


def is_disliked(one: Mention, before: list[str], text: str) -> bool:
    """Whether a text says that a title was poor; of one that was liked that it was hated.

    Args:
        before: the words in front of it.
    """
    if one.sort != "title" or one.act != "+":
        return False
    return bool(
        HATED.match(text) or (not of_list.LOVED.search(" ".join(before)) and POOR.match(text))
    )


def is_bare(clause: Clause) -> bool:
    """Whether a clause is an item of a list: names, and nothing else that says something."""
    if not clause.mentions or any(clause.words[place] != "nor" for _, place, _ in clause.cues):
        return False
    named = {place for one in clause.mentions for place in range(one.start, one.end)}
    return all(place in named or word in FILLERS for place, word in enumerate(clause.words))


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
            one.act, one.cued = "-", True
        following = clause.mentions[place + 1].start if place + 1 < len(clause.mentions) else None
        tail = words[one.end : following]
        text = " ".join(tail)
        if one.act == "-" and one.sort == "attribute" and NEEDED.match(text):
            one.act = "back"  # no romance needed
        if is_disliked(one, words[: one.start], text):
            for other in listed(clause, clause.mentions[: place + 1]):
                other.act, other.cued = "-", True
        if not tail or one.act != "+" or one.cued or one.sort == "years":
            continue
        verdict = BEHIND.match(text)
        if verdict is None or verdict["refused"]:
            head = " ".join(words[max(0, one.start - NEARBY) : one.start])
            found_bad = JUDGES.search(head) and JUDGED.match(text)
            if found_bad or (OUT.search(head) and AWAY & set(tail)):
                one.act, one.cued = "-", True
            continue
        bad = verdict["bad"] or "i "
        goes_on = not JOINS & set(tail) and tail[-1:] != ["no"] and verdict.end() < len(text)
        if following is not None and not bad.startswith(("i ", "we ")) and goes_on:
            continue  # the refusal is of what follows
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
    if clause.mentions or not before.mentions:
        return
    last = before.mentions[-1]
    if is_disliked(last, before.words[: last.start], " ".join(clause.words)):
        for one in listed(before, before.mentions):
            one.act, one.cued = "-", True
        return
    if before.cues:
        return
    if clause.before not in ("?", ",", "–", "—", "-", ":", "??"):
        return
    bare = is_bare(before) or set(before.words[: before.mentions[0].start]) <= ASKS | FILLERS
    answer = ANSWER.match(" ".join(clause.words))
    if answer and bare and before.words[-1] not in ("please",):
        for one in before.mentions:
            one.act = "-" if answer["refused"] else one.act
            one.cued = True

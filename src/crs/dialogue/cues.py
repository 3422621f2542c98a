"""Words and phrases that refuse, soften, take back or correct what is named beside them.

A line of a table is a phrase; `|` stands between words of which one is said, `?` behind a word that
may be missing. Apostrophes are left out (`dont`). The longest phrase that fits is taken.
"""

from itertools import product

TABLES = {
    # Whatever is named behind it is refused.
    "not": """
        no|not|none|nothing|never|neither|nor|non
        dont|doesnt|didnt|isnt|arent|wasnt|werent|wont|cant|cannot|couldnt|wouldnt|shouldnt|mustnt|aint
        no other
    """,
    # The same in a word of its own: behind a `not` it is the opposite (`not without romance`).
    "without": """
        without|excluding|minus|less|zero|sans|lacking|unlike
        free|devoid of|from
        lack|absence of
        tired|sick|bored|weary|wary of|with
        scared|afraid|terrified|frightened of|by
        sick to death of
        burned|burnt out on
        far cry|away|removed? from
        fed up with|of?
        enough of|with
        had|seen|watched|got enough of?
        as little|few
        had it with
        had it up to here with
        had my fill of
        stop|quit showing|recommending|suggesting|giving|offering|with me?
        hard? pass on
        so|im|am|totally|completely|kinda over
        done|through|finished with
        not? too many|much
        too short|old|young|tired|late|early for
        go|going easy|light|slow on
        hold the
        hardly|barely|scarcely any
        anti
        steer|keep|stay clear of
        stay|staying|keep|keeping? away from
        spare me
        leave|leaving|rule|filter|weed|cut|screen out
        allergic|averse|opposed to
        instead|opposite of
        rather than
        as opposed to
        unenthusiastic about
        veto|vetoing|ban|banning
    """,
    # Behind `rather` and `prefer`: what is behind it is refused.
    "than": "than|over|to",
    # A refusal in a verb: `I do not hate it` allows it.
    "hate": """
        hate|hates|hated|hating|dislike|dislikes|disliked|despise|despised|loathe|loathed|detest
        exclude|excludes|avoid|avoids|avoiding|skip|skipping|omit
    """,
    # The opposite of what was said of all others: `nothing except`, `anything except`.
    "except": """
        except|excepting|besides|unless
        except for
        with the exception of
        other than
        apart|aside from
        outside of
        save|bar for
    """,
    # It need not hold any more, whether it was asked for or refused.
    "back": """
        forget|ignore|disregard|cancel|undo|scratch|scrap about?
        never mind about?
        nevermind about?
        forget|ignore|disregard|scratch what i said about
        forget|ignore i said|mentioned|wanted|asked for?
        take|taking back
        what i said about
        doesnt|dont|neednt|not have|need to be|have
        does|do|need|must|should not have|need to be|have
        need|needs not be
        neednt be|have?
        doesnt need
        does not need
        not necessarily|essential|insist
        no need for|to? be?
        no longer
        dont|doesnt|not care|matter about|if|whether
        dont|not insist on
    """,
    # It is taken back if it was asked for, and refused if it was not.
    "drop": """
        drop|dropping|lose|ditch|remove|delete
        strike the
        get rid of
        take out
    """,
    # It is taken back, and what stands behind `for` or `with` takes its place.
    "swap": "swap|swapping|trade|trading|replace|replacing out?",
    # It may be: a refusal of it is taken back.
    "allow": """
        dont|doesnt|not mind
        not that i|we hate|dislike|mind
        ok|okay|fine|cool|alright with
        nothing|not against
        not opposed|averse to
        no problem|problems|objection|objections|issue|issues with|to
        open to
    """,
    # No refusal: what is behind it is wanted as if it were not there.
    "also": """
        not only|just|merely|solely
        why not
        have|has|had|ive|weve not|never ever? yet? seen|watched|had|heard|tried|read|played
        havent|hasnt|hadnt|never ever? yet? seen|watched|had|heard|tried|read|played
        no|not now? thanks
        no thank you
        no worries|idea|doubt|clue|matter|problem|way
        not sure|bad
        dont|not know|worry
        cant|cannot|not wait
        cant|cannot|couldnt|not beat|resist
        never|cant|cannot|couldnt|not say no to
        nothing beats
        cant|never go wrong with
        never|cant fail|fails
    """,
    # A refusal ends before it.
    "i": "i|im|id|ill|ive|we|wed|weve|lets",
    # A refusal ends before it, once something was refused.
    "turn": """
        want|wanted|give|show|rather|prefer|just|only|find|recommend|suggest|try|more|please|need
        yes|also|love|looking|how|what|go|make|simply
    """,
    # What follows would be nice; without anything behind it, what stands before.
    "maybe": """
        maybe|perhaps|probably|ideally|preferably|possibly|prefer|preferred|hopefully|optionally|slightly
        somewhat|preference|mayb|prefferably|preferrably
        leaning|lean towards|toward|to
        would not mind
        wouldnt mind
        would not say no to
        wouldnt say no to
        could|might be|like|have
        if anything
    """,
    # What stands before would be nice; without anything before it, what follows.
    "nice": """
        would|might|could also? be nice|great|good|welcome|lovely|cool|awesome|perfect|sweet
        would|might|could also? be a|an? plus|bonus|ideal|appreciated|preferred|best|extra|advantage
        would|might|could not? hurt
        wouldnt hurt
        if at? all? possible
        if you can|could|may
        if you can|could|happen find|manage|to
        if there is|are one|any|some
        if available
        bonus|extra|brownie points? if|for?
        is|as? a? bonus|plus
        nice to have
        not a must
        is|are preferred
        gets|get|gives bonus|extra|brownie points
    """,
    # What follows takes the place of what was said of its sort.
    "instead": """
        actually|instead|wait|oops|correction
        i|we meant|mean
        what i|we meant|mean is|was
        make it|that|them
        change|switch|swap it|that|this? to
        on second thought|thoughts
        hold on
        changed|changing my|our mind
        change of plan|plans|mind
        new|different|another|better idea
        rather a|an|some
        id|wed|would rather
        lets go with|for
    """,
    # What was said last is taken back.
    "undo": """
        scratch|scrap|forget|cancel|undo|ignore|strike|drop|nevermind that|it|both|those|this|them
        disregard that|it|both|those|this|them
        never mind that|it|both|those|this
        i take that|it back
    """,
    # All that was said is taken back.
    "restart": """
        start|starting|begin|beginning|restart over|again|afresh|anew|fresh
        start|starting|begin|beginning from scratch|zero
        from scratch
        clean slate
        forget|ignore|scratch|scrap|clear|disregard everything|all of? that|it?
        cancel|drop|erase|undo everything|all of? that|it?
        forget|ignore|disregard what|everything|all|anything i said
        never mind everything|all
        reset|restart everything|all?
        square one
        new search|topic
    """,
    # Sayings; nothing in them is meant by its name.
    "saying": """
        what i|we meant|mean
        pure drama
        drama queen|queens
        actions speak
        in|into|legal|immediate action
        take|taking|took|takes action
        course of action
        mystery to me|us
        partner|partners in crime
        comedy of errors
        horror show
        at war
        no drama at|with
        war of words
        crime rate|rates
        love is war
        over the top|moon
        pre|post war
        drama|comedy club|school|class|classes|teacher
        crime prevention
        fantasy league|leagues|football
        action figure|figures|item|items
    """,
}  # fmt: skip


def phrases(line: str) -> set[tuple[str, ...]]:
    """All phrases that a line of a table stands for."""
    found = []
    for part in line.split():
        words = part.rstrip("?").split("|")
        found.append([*words, ""] if part.endswith("?") else words)
    return {tuple(filter(None, phrase)) for phrase in product(*found)}


def by_first_words() -> dict[str, dict[str, list[tuple[tuple[str, ...], str]]]]:
    """The rest of each phrase and what it does, by its first word and its second one (empty if it
    has none), the longest phrases first."""
    found: dict[str, dict[tuple[str, ...], str]] = {}
    for kind, table in TABLES.items():
        for line in filter(None, map(str.strip, table.splitlines())):
            for first, *rest in phrases(line):
                found.setdefault(first, {})[tuple(rest)] = kind
    cues: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {}
    for first, rests in found.items():
        by_second = cues.setdefault(first, {})
        for words, kind in sorted(rests.items(), key=lambda entry: -len(entry[0])):
            by_second.setdefault(words[0] if words else "", []).append((words, kind))
    return cues


CUES = by_first_words()


def cue_at(words: list[str], place: int) -> tuple[str, int] | None:
    """What the phrase at a place does, and the place behind it."""
    by_second = CUES.get(words[place])
    if by_second is None:
        return None
    following = words[place + 1] if place + 1 < len(words) else ""
    for rest, kind in (*by_second.get(following, ()), *by_second.get("", ())):
        end = place + 1 + len(rest)
        if tuple(words[place + 1 : end]) == rest:
            return kind, end
    return None

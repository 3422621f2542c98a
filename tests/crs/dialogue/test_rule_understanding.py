"""What sentences mean, worked by hand, and that the rule-based user is understood."""

import timeit
from functools import partial
from time import process_time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.dialogue.attribute_names import singular
from crs.dialogue.catalogue import synonyms_file
from crs.dialogue.rule_understanding import Rules
from crs.dialogue.standing import standing
from crs.dialogue.state import EARLIEST, LATEST, Requirement, Talk, Turn, Understood
from crs.dialogue.years import years_of
from data_generator.answers import REACTIONS
from data_generator.items import Item
from data_generator.rules import speak
from tests.contracts.tiny import quick

NAMES = "- Comedy Drama War Horror Western Romance Sci-Fi Film-Noir Children's News Mystery".split()
RULES = Rules(NAMES, synonyms=synonyms_file("movies").read_text("utf-8"))


def in_words(one):
    """A requirement as a word."""
    if one.years:
        about = "{}..{}".format(*one.years)
    else:
        about = "|".join(NAMES[a].lower() for a in (one.either or (one.attribute,)))
    about = f"<{about}" if one.taken_back else about
    return ("" if one.hard else "?") + ("" if one.wanted else "-") + about


def asked(text, first=True):
    """Each requirement as a word: `comedy`, `-horror`, `?drama`, `<war` (taken back), `war|drama`
    (either), `1990..1999`."""
    return [in_words(one) for one in RULES.utterance(text, first).requirements]


@pytest.mark.parametrize(("text", "expected"), [
    ("I'm looking for a good comedy movie from the 1990s.", ["comedy", "1990..1999"]),
    ("a Sci-Fi or film noir", ["sci-fi|film-noir"]),
    ("some scifi", ["sci-fi"]),
    ("two westerns, comedies and a mystery", ["western", "comedy", "mystery"]),
    ("for children", ["children's"]),
    ("something new for childrens", ["children's"]),
    ("the comedian at the warfront", []),
    ("I don't know", []),
    ("", []),
])  # fmt: skip
def test_attributes_are_known_by_name(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("no horror", ["-horror"]),
    ("No horror, war or drama please", ["-horror", "-war", "-drama"]),
    ("no horror, war, or drama", ["-horror", "-war", "-drama"]),
    ("no horror, comedy please", ["-horror", "comedy"]),
    ("neither war nor horror", ["-war", "-horror"]),
    ("not horror but comedy", ["-horror", "comedy"]),
    ("anything but drama", ["-drama"]),
    ("nothing but comedies", ["comedy"]),
    ("not only drama", ["drama"]),
    ("I don't want horror", ["-horror"]),
    ("I don’t like westerns. I like war", ["-western", "war"]),
    ("rather than a western I'd take a mystery", ["-western", "mystery"]),
    ("I am tired of war", ["-war"]),
    ("a comedy without romance from the 90s", ["comedy", "-romance", "1990..1999"]),
    ("No, I want a western", ["western"]),
    ("no thanks, a western", ["western"]),
    ("why not a comedy", ["comedy"]),
    ("a movie I have not had yet from the 1990s", ["1990..1999"]),
    ("a drama that I haven't seen with war in it", ["drama", "war"]),
])  # fmt: skip
def test_refusals_reach_as_far_as_people_mean(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("from 1994", (1994, 1994)),
    ("released in 1994", (1994, 1994)),
    ("from about 1994", (1992, 1996)),
    ("from 1994 or so", (1992, 1996)),
    ("made around 1994", (1992, 1996)),
    ("from the 90s", (1990, 1999)),
    ("from the '90s", (1990, 1999)),
    ("1990's", (1990, 1999)),
    ("from the early nineties", (1990, 1999)),
    ("in the 10s", (2010, 2019)),
    ("the 2000s", (2000, 2009)),
    ("before 1980", (EARLIEST, 1979)),
    ("older than the 80s", (EARLIEST, 1979)),
    ("until 1980", (EARLIEST, 1980)),
    ("1980 or older", (EARLIEST, 1980)),
    ("after the 1980s", (1990, LATEST)),
    ("newer than 1980", (1981, LATEST)),
    ("since 1980", (1980, LATEST)),
    ("from 1980 onwards", (1980, LATEST)),
    ("between 1980 and 1990", (1980, 1990)),
    ("from the 1970s to the 1980s", (1970, 1989)),
    ("1980-1990", (1980, 1990)),
])  # fmt: skip
def test_years_are_spans(text, expected):
    (found,) = RULES.utterance(text, True).requirements
    assert (found.years, found.wanted, found.attribute) == (expected, True, 0)


@pytest.mark.parametrize(("text", "expected"), [
    ("nothing before 1980", ["-0..1979"]),
    ("not from the 1990s", ["-1990..1999"]),
    ("no war or anything from the 40s", ["-war", "1940..1949"]),
    ("from 1234 and 123 and 12345", []),
])  # fmt: skip
def test_years_can_be_refused(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("maybe some drama", ["?drama"]),
    ("a comedy, ideally with romance", ["comedy", "?romance"]),
    ("a comedy would be nice", ["?comedy"]),
    ("I wouldn't mind horror", ["?horror"]),
    ("I don't mind horror", []),
    ("perhaps no war", ["?-war"]),
    ("a drama; I heard of one where: two men go to war", ["drama", "?war"]),
    ("Something new for me, please: a comedy.", ["comedy"]),
])  # fmt: skip
def test_hedged_and_quoted_words_are_preferences(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("I like comedies more than dramas", ["?comedy", "?-drama"]),
    ("I like westerns better than war movies", ["?western", "?-war"]),
    ("more comedy than drama, and no horror", ["?comedy", "?-drama", "-horror"]),
    ("less drama than comedy", ["?-drama", "?comedy"]),
    ("more comedy", ["comedy"]),
    ("more comedy than drama or war", ["?comedy", "?-drama", "?-war"]),
    ("more comedy than drama in a western", ["?comedy", "?-drama", "western"]),
    ("no horror and more comedy than drama", ["-horror", "?comedy", "?-drama"]),
    ("a western with more comedy than drama", ["western", "?comedy", "?-drama"]),
    ("more than a comedy", ["comedy"]),
    ("I'd rather watch a western than a war movie", ["western", "-war"]),
])  # fmt: skip
def test_what_is_liked_more_is_a_preference(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("I usually like comedies but tonight I want a western", ["western"]),
    ("Normally I watch horror, but I want a comedy", ["comedy"]),
    ("I like war movies, but this time a comedy", ["comedy"]),
    ("I usually watch comedies. Tonight I want a western.", ["western"]),
    ("I usually like comedies but no westerns", ["comedy", "-western"]),
    ("I usually like comedies but I also like dramas", ["comedy", "drama"]),
    ("I usually like comedies from the 1980s, but tonight a drama", ["1980..1989", "drama"]),
    ("I like comedies but also dramas tonight", ["comedy", "drama"]),
    ("I like comedies. Tonight I want a western.", ["comedy", "western"]),
    ("Looking for a horror movie, but a funny one tonight", ["horror", "comedy"]),
    ("I want a comedy, but something with a bit of romance today", ["comedy", "romance"]),
    ("I usually like westerns, but with some romance", ["western", "romance"]),
    ("I usually watch comedies, but I like dramas from time to time", ["comedy", "drama"]),
    ("something that is usually funny, but with drama", ["comedy", "drama"]),
])  # fmt: skip
def test_what_is_wanted_now_takes_the_place_of_what_is_usually_liked(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("horror movies scare me", ["-horror"]),
    ("horror always scares my kids", ["-horror"]),
    ("a comedy, horror scares me", ["comedy", "horror", "horror"]),
    ("I love westerns and horror movies scare me", ["western", "horror", "horror"]),
    ("horror movies scare me but I love them", ["horror", "horror"]),
    ("I love it when horror movies scare me", ["horror", "horror"]),
    ("few horror movies scare me", ["horror", "horror"]),
    ("a horror movie that scares me", ["horror", "horror"]),
    ("scare me", ["horror"]),
    ("a comedy and scare me", ["comedy", "horror"]),
])  # fmt: skip
def test_what_scares_is_refused_where_nothing_else_is_said(text, expected):
    assert asked(text) == expected


def after(*said):
    """What of all that was said holds at the end, in the same words."""
    talk, held = Talk(0, 0, 0), []
    for text in said:
        talk.turns.append(Turn(text))
        held += RULES.read([talk])[0].requirements
    return [in_words(one) for one in standing(held)]


@pytest.mark.parametrize(("text", "expected"), [
    ("no horror, war, drama", ["-horror", "-war", "-drama"]),
    ("neither horror, war nor drama", ["-horror", "-war", "-drama"]),
    ("exclude horror, war", ["-horror", "-war"]),
    ("please exclude horror and war", ["-horror", "-war"]),
    ("no horror and some comedy", ["-horror", "comedy"]),
    ("a comedy without war with romance", ["comedy", "-war", "romance"]),
    ("non-horror comedy", ["-horror", "comedy"]),
    ("horror-free", ["-horror"]),
    ("I'd rather have a comedy than a drama", ["comedy", "-drama"]),
    ("I hate horror. War too.", ["-horror", "-war"]),
    ("over horror. War please", ["-horror", "war"]),
    ("comedy over drama any day", ["comedy", "-drama"]),
    ("over dinner I'd like a comedy", ["comedy"]),
    ("an over the top comedy", ["comedy"]),
    ("not too much horror", ["-horror"]),
    ("a far cry from horror", ["-horror"]),
    ("I'm too old for horror", ["-horror"]),
    ("anti-war drama", ["-war", "drama"]),
    ("post-war drama", ["drama"]),
])  # fmt: skip
def test_a_refusal_reaches_over_its_list_and_no_further(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize("text", [
    "horror is not my thing", "horror movies just aren't for me", "horror bores me",
    "I find horror annoying", "horror? No thanks.", "horror, no", "horror? I hate it",
    "keep the horror out of it", "horror I can't stand", "horror is off the table",
    "enough of horror", "I've seen enough horror", "too much horror", "not another horror movie",
    "keep the horror to a minimum", "horror? Ugh.", "horror makes my skin crawl",
])  # fmt: skip
def test_what_stands_behind_a_name_may_refuse_it(text):
    assert asked(text) == ["-horror"]


@pytest.mark.parametrize("text", [
    "nothing but horror", "nothing that isn't horror", "not without horror",
    "no film except horror", "I can't live without horror", "I never get enough of horror",
    "never tired of horror",
    "Don't you have any horror?", "why not horror", "I have never seen horror",
    "can't beat horror", "I can't resist horror", "I never say no to horror",
])  # fmt: skip
def test_two_refusals_are_none(text):
    assert asked(text) == ["horror"]


@pytest.mark.parametrize(("text", "expected"), [
    ("comedy or romance", ["comedy|romance"]),
    ("a western, a comedy or a war movie", ["western|comedy|war"]),
    ("comedy and romance", ["comedy", "romance"]),
    ("comedy or war, and it must have romance", ["comedy|war", "romance"]),
    ("no comedy or romance", ["-comedy", "-romance"]),
    ("maybe comedy or romance", ["?comedy", "?romance"]),
    ("a comedy from the 80s or 90s with drama", ["comedy", "1980..1999", "drama"]),
])  # fmt: skip
def test_or_is_either_and_and_is_both(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("a comedy, if possible", ["?comedy"]),
    ("if possible, no horror", ["?-horror"]),
    ("a western with romance, ideally", ["western", "?romance"]),
    ("a comedy maybe with romance", ["comedy", "?romance"]),
    ("must be war; horror would be a plus", ["war", "?horror"]),
    ("a comedy from the 80s if possible", ["comedy", "?1980..1989"]),
])  # fmt: skip
def test_a_hedge_reaches_what_it_stands_beside(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize(("said", "expected"), [
    (("a comedy", "actually a drama"), ["drama"]),
    (("a comedy", "also a drama"), ["comedy", "drama"]),
    (("a comedy, no war", "make it a western instead"), ["-war", "western"]),
    (("a comedy from the 80s", "I meant the 90s"), ["comedy", "1990..1999"]),
    (("a comedy from the 80s", "or the 90s"), ["comedy", "1980..1999"]),
    (("from the 80s", "something newer than that"), ["1980..1989", "1990..9999"]),
    (("a comedy with romance", "forget the comedy"), ["romance"]),
    (("a comedy with romance", "drop the comedy"), ["romance"]),
    (("a comedy with romance", "the comedy isn't important"), ["romance"]),
    (("a comedy", "no romance needed"), ["comedy"]),
    (("no horror", "horror is fine after all"), []),
    (("no horror", "I take back the no-horror rule"), []),
    (("no horror", "it's not that I hate horror"), []),
    (("a comedy from the 80s", "swap the comedy for war or drama"), ["1980..1989", "war|drama"]),
    (("a comedy with romance", "strike the comedy"), ["romance"]),
    (("horror", "a mystery", "scratch that"), ["horror"]),
    (("horror", "a mystery", "scratch that, a drama"), ["drama"]),
    (("horror from the 70s", "let's start over"), []),
    (("comedy or drama", "comedy then"), ["comedy"]),
    (("comedy or drama", "no drama"), ["comedy", "-drama"]),
    (("comedy or drama", "or a western"), ["comedy|drama|western"]),
])  # fmt: skip
def test_later_words_correct_earlier_ones(said, expected):
    assert after(*said) == expected


@pytest.mark.parametrize(("text", "expected"), [
    ("a commedy", ["comedy"]),
    ("some horor and mistery", ["horror", "mystery"]),
    ("something funny", ["comedy"]),
    ("a rom-com", ["romance", "comedy"]),
    ("whodunits", ["mystery"]),
    ("I am thrilled about the dreams of a wart", []),
])  # fmt: skip
def test_synonyms_and_slips_of_the_pen_are_read(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize("text", [
    "my week was pure drama", "it is a mystery to me how", "I was born in 1985", "that was funny",
    "I have 2000 dvds", "over 2000 people came", "I paid less than 1990 dollars",
    "alive since 1971", "the comedy club", "crime prevention", "call 555 2012",
    "women in their thirties", "are you funny?",
])  # fmt: skip
def test_remarks_are_no_wishes(text):
    assert asked(text) == []


def test_a_name_of_the_catalogue_comes_before_a_saying():
    (found,) = Rules(["-", "Drama Schools"]).utterance("a drama school", True).requirements
    assert found == Requirement(1)


def test_a_title_is_a_title_and_never_its_words():
    rules = Rules(NAMES, ["", "War Horse (2011)", "King Kong (1933)", "King Kong (2005)"])
    found = {
        text: rules.utterance(text, True).requirements
        for text in ("like War Horse", "I hated War Horse", "like King Kong", "King Kong from 1933")
    }
    assert list(found.values()) == [
        (Requirement(items=(1,)),),
        (Requirement(items=(1,), wanted=False),),
        (Requirement(items=(2, 3)),),
        (Requirement(items=(2,)),),
    ]


def test_the_nearest_name_of_an_unknown_word_is_told():
    assert RULES.unknown("a romanesque thing") == (("romanesque", "romance"),)
    assert RULES.unknown("a comedy") == ()


@pytest.mark.parametrize(("text", "embedded"), [
    ("Not those, sorry. Any ideas for drama? Surprise me.", "Any ideas for drama? Surprise me."),
    ("None of these. Something lighter", "Something lighter"),
    ("No, none of these. No horror, please. I want drama.", "I want drama."),
    ("No horror, please.", ""),
    ("Not those", "Not those"),
    ("Something lighter. With dogs.", "Something lighter. With dogs."),
])  # fmt: skip
def test_a_later_text_is_the_wish_alone(text, embedded):
    assert RULES.utterance(text, first=False).text == embedded


def test_the_first_text_is_whole():
    text = "No horror. Not those. A comedy!"
    assert RULES.utterance(text, first=True).text == text


def test_the_newest_words_of_a_dialogue_are_read():
    talk = Talk(1, 2, 3, [Turn("a comedy", [4]), Turn("Not those. A drama")])
    assert RULES.read([talk]) == [
        Understood("A drama", RULES.utterance("a drama", True).requirements)
    ]
    assert RULES.read([]) == []


@pytest.mark.parametrize(("text", "expected"), [
    ("no horror but comedy", ["-horror", "comedy"]),
    ("no war but a comedy", ["-war", "comedy"]),
    ("no movies but comedies", ["comedy"]),
    ("no horror movies but comedies", ["-horror", "comedy"]),
    ("anything but horror", ["-horror"]),
])  # fmt: skip
def test_but_contrasts_behind_one_name_and_excepts_behind_all(text, expected):
    assert asked(text) == expected


@pytest.mark.parametrize("text", [
    "horror isn't bad", "westerns aren't boring", "comedy is not a bad idea",
    "war films are not boring at all", "horror never disappoints",
])  # fmt: skip
def test_who_denies_that_a_genre_is_bad_does_not_refuse_it(text):
    assert not any(one.startswith("-") for one in asked(text))


@quick
@given(
    st.builds(Item, st.just("Zanzibar"), st.none() | st.integers(1920, 2020),
              st.lists(st.integers(1, 11), unique=True, max_size=4)),
    st.sampled_from([0.0, 1.0]), st.integers(0, 999),
)  # fmt: skip
def test_what_the_rule_based_user_says_is_understood(item, noise, seed):
    said = speak(np.random.default_rng(seed), item, [n.lower() for n in NAMES], "movie", noise)
    found = RULES.utterance(said.text, True).requirements
    assert sorted(one.attribute for one in found if one.attribute) == said.attributes
    assert all(one.wanted and one.hard for one in found)
    spans = [one.years for one in found if one.years]
    if noise == 0:
        assert all(first <= item.year <= last for first, last in spans)
    assert bool(spans) == any(word.strip("s.?;").isdecimal() for word in said.text.split())


@quick
@given(st.text(max_size=60))
def test_no_text_is_too_strange(text):
    RULES.utterance(text, True), RULES.utterance(text, False)


def test_words():
    words = ["comedies", "wishes", "films", "boss", "news", "wars"]
    assert [singular(w) for w in words] == ["comedy", "wish", "film", "boss", "new", "war"]
    assert years_of("90s") == (1990, 1999) and years_of("20s") == (2020, 2029)
    assert years_of("sixties") == (1960, 1969) and years_of("90") is None


@pytest.mark.parametrize("unit", ["horror is very ", "comedy, ", "no horror or ", "60s, 70s, "])
def test_a_long_text_takes_a_time_of_its_length(unit):
    def seconds(times):
        """The least of three runs without garbage collection, which may take a second in pytest."""
        read = partial(RULES.utterance, unit * times, True)
        return min(timeit.repeat(read, timer=process_time, repeat=3, number=1))

    seconds(10)
    assert seconds(2000) < 40 * seconds(200) + 0.1


@pytest.mark.parametrize("reaction", REACTIONS)
def test_no_reaction_of_the_rule_based_user_to_a_list_takes_a_wish_back(reaction):
    talk = Talk(
        1, 2, 3, [Turn("a comedy", [4]), Turn(f"{reaction} I would be happy with a drama.")]
    )
    assert list(map(in_words, RULES.newest(talk).requirements)) == ["drama"]


@pytest.mark.parametrize(("text", "expected"), [
    ("What I meant is a drama", ["<comedy", "drama"]),
    ("I meant a drama", ["<comedy", "drama"]),
    ("That's not what I meant, show me a drama", ["drama"]),
    ("Please keep drama away from me", ["-drama"]),
])  # fmt: skip
def test_who_says_what_he_means_corrects_himself(text, expected):
    talk = Talk(1, 2, 3, [Turn("a comedy", [4]), Turn(text)])
    assert list(map(in_words, RULES.newest(talk).requirements)) == expected

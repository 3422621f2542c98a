"""The decoder's items are those of the list; what else it names never comes through."""

from hypothesis import given
from hypothesis import strategies as st

from crs.chat.decoder_speaker import DecoderSpeaker, placed
from crs.chat.explanations import answer
from crs.chat.sentences import Writing
from crs.chat.session import Session
from crs.chat.voice import Voice
from crs.titles.names import title_and_year

WRITING = Writing([("You", "will", "love", "it", ",", "Ann", "said", "so", ".")])


class Says:
    """A decoder that says the next of some answers."""

    def __init__(self, *answers):
        self.answers = [text.split() for text in answers]

    def tokens(self, cases, talks):
        assert len(cases) == len(talks) == 1
        return [self.answers.pop(0)]


def voice_of(system, *answers):
    return Voice(DecoderSpeaker(Says(*answers), WRITING), system.titles, system.named)


def test_items_are_put_in_best_first_and_each_once():
    slots = "see __item__ or @7 or __item__ not __item__".split()
    assert placed(slots, [5, 7, 8]) == "see [1] or [2] or [3] not [4]".split()
    assert placed(["@8", "@8", "@999", "@0"], [5, 7, 8]) == ["[3]", "[1]", "[2]", "[4]"]
    assert placed(["__item__"], []) == ["[1]"]


def test_a_decoder_words_the_answer(system):
    voice = voice_of(system, "well , it 's __item__ , or __item__ ! you will love it .")
    session = Session(system.talk([]), voice)
    session.say("a drama")
    first, second = (system.titles[item] for item in session.reply.items[:2])
    said = f"Well, it's {first}, or {second}! You will love it."
    assert session.lines[-1].text == said
    assert [title for title, _ in session.lines[-1].items][:2] == [first, second]


def test_what_it_names_of_its_own_is_counted_and_not_shown(system):
    voice = voice_of(
        system, "ann said so", "__unk__ is good", "it is from 1842", "__item__ " * 99, "",
        "have you seen golden lantern 1 ?", 'it is " heat "', "[ 1 ] is it", "you will love it",
    )  # fmt: skip
    session = Session(system.talk([]), voice)
    for wish in ("a drama", "quiet", "dark", "no comedy", "bright", "fast", "slow", "thriller"):
        session.say(wish)
        assert session.lines[-1].text == answer(session.reply, system.titles)
    session.say("a drama")
    assert session.lines[-1].text == "You will love it"
    assert voice.counts == {"ungrounded": 7, "missing": 1, "worded": 1}
    assert voice.told().startswith("9 answers: 1 worded by the model, 7 named something")


def test_no_title_outside_of_the_list_ever_comes_through(system):
    """Whatever the decoder says: tokens of items, of titles, of people, signs and places."""
    names = [title_and_year(title)[0].lower() for title in system.titles[1:]]
    words = sorted({word for name in names for word in name.split()})
    token = st.one_of(
        st.sampled_from(words), st.sampled_from(names), st.just("__item__"),
        st.integers(0, 200).map("@{}".format), st.sampled_from("[ ] , . ! - ' \"".split()),
        st.sampled_from("1 2 1995 it is you love ann __unk__".split()),
    )  # fmt: skip
    talk = system.talk([])
    talk.say("a drama")
    reply = talk.newest
    shown = [system.titles[item] for item in reply.items]
    worded = set()

    @given(st.lists(token, max_size=12))
    def holds(tokens):
        voice = voice_of(system, " ".join(tokens))
        text = voice(talk, reply, "a drama")
        if text == answer(reply, system.titles):
            assert voice.counts["worded"] == 0
            return
        assert voice.counts["worded"] == 1
        for title in shown:
            assert text.count(title) <= 1
            text = text.replace(title, "")
        assert not any(name in text.lower() for name in names) and "__" not in text
        worded.add(text)

    holds()
    assert len(worded) > 1

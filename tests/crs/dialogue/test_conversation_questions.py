"""Questions beside the list, and their answers."""

from crs.dialogue.questions import DECADE
from crs.dialogue.turn import TurnSettings


def asking(system):
    settings = TurnSettings(questions="beside")
    return system.talk(system.history_of("u0002"), settings)


def test_a_question_comes_beside_the_list_and_yes_is_its_answer(system):
    talk = asking(system)
    reply = talk.show()
    assert reply.items and reply.question
    while talk.question <= 0:  # the decade may tell most
        reply = talk.say("any")
    name = system.attributes[talk.question].lower()
    assert reply.question == f"Do you want {name}?"
    assert talk.say("yes").understood == [name]


def test_no_question_is_asked_twice(system):
    talk = asking(system)
    questions = [talk.show().question]
    while questions[-1]:
        questions.append(talk.say("don't care").question)
    assert len(set(questions)) == len(questions) > 3


def test_who_is_not_to_ask_asks_nothing(talk):
    assert talk.say("some drama").question == ""


def test_yes_to_the_decade_asks_which_and_no_is_any(system):
    talk = asking(system)
    talk.show()
    while talk.question != DECADE:
        talk.say("any")
    assert talk.say("yes").told == ["Which decade? Say for example “the 80s”, or “any”."]
    assert talk.say("no").understood == ["from any year"]


def test_what_was_taken_back_is_not_asked_for(system):
    talk = asking(system)
    talk.say("a western")
    number = system.attributes.index("Western")
    talk.say("forget the western")
    talk.say("any year is fine")
    assert {number, DECADE} <= talk.questions
    while talk.question:
        assert talk.question not in (number, DECADE)
        talk.say("any")


def test_words_about_the_list_answer_no_question(system):
    talk = asking(system)
    shown = talk.show().items
    while talk.question <= 0:
        shown = talk.say("any").items
    assert talk.say("No, not those.").asked == []
    assert talk.refused == shown


def test_no_preference_before_any_wish_is_answered_from_the_history_alone(system):
    talk = asking(system)
    first = talk.show().items
    assert talk.say("any").items == first
    assert talk.recommender is talk.silent


def test_a_greeting_changes_nothing(talk):
    before = talk.say("a drama")
    for said in ("hello", "thanks!", "who are you?", "tell me a joke"):
        reply = talk.say(said)
        assert len(reply.told) == 1 and reply.items == before.items
    assert len(talk.talk.turns) == 1 and len(talk.past) == 1


def test_starting_over_forgets_all_and_undo_brings_it_back(system):
    talk = asking(system)
    first = talk.show().items
    while talk.question <= 0:
        talk.say("any")
    asked = talk.say("no, but something from the 90s").asked
    talk.refuse(talk.shown[0])
    reply = talk.say("let's start over")
    assert (reply.understood, reply.asked, reply.note) == (["everything taken back"], [], "")
    assert reply.items == first and talk.refused == []
    assert talk.say("start over with a western").understood == ["everything taken back", "western"]
    talk.say("undo")
    assert talk.say("undo").asked == asked and len(asked) == 2

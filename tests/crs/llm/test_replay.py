"""Recorded answers are played back, and no others."""

import json
from dataclasses import replace

import pytest

from crs.errors import UserError
from crs.llm.model import LanguageModel
from crs.llm.report import record, report
from tests.contracts.tiny import config, context
from tests.fakes.asking import questions, right, texts
from tests.fakes.openai import OpenAI
from tests.fakes.vendor import Faults


@pytest.fixture
def recorded(model, asked, tmp_path):
    """A file of answers, one of them a refusal."""
    with OpenAI(faults=Faults(refused=1)) as vendor:
        llm = model("openai_batch", vendor)
        llm.ask(asked)
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in record(llm, asked)))
    return file


def replaying(file, tmp_path):
    settings = replace(
        config("llm=replay").llm, path=str(file), ledger=str(tmp_path / "other.sqlite")
    )
    return LanguageModel(settings, context(), tmp_path)


def test_answers_are_played_back_whatever_asked_for_them(recorded, asked, tmp_path):
    llm = replaying(recorded, tmp_path)
    answers = llm.ask(asked[::-1])[::-1]
    assert answers[0].text is None and answers[0].reason.startswith("refused")
    assert texts(answers)[1:] == right(asked)[1:]
    found = report(llm, asked)
    assert (found["refused"], found["answered"], found["cost_usd"]) == (1, 11, 0)


def test_a_question_that_was_not_recorded_is_told(recorded, asked, tmp_path):
    with pytest.raises(UserError, match=r"lacks 2 of 14 answers: it was recorded with other data"):
        replaying(recorded, tmp_path).ask([*asked, *questions(2, sample=5)])


def test_a_line_that_is_no_answer_is_named(recorded, asked, tmp_path):
    recorded.write_text(recorded.read_text() + '{"content": "x"}\n')
    with pytest.raises(UserError, match=r"llm\.path: line 13 of .* is not a recorded answer"):
        replaying(recorded, tmp_path).ask(asked)


def test_without_a_file_it_says_what_to_type(asked, tmp_path):
    settings = replace(config("llm=replay").llm, ledger=str(tmp_path / "l.sqlite"))
    with pytest.raises(UserError, match=r"type llm\.path=FILE"):
        LanguageModel(settings, context(), tmp_path).ask(asked)


def test_without_a_model_it_says_which_there_are(asked, tmp_path):
    settings = replace(config("llm=none").llm, ledger=str(tmp_path / "l.sqlite"))
    with pytest.raises(UserError, match=r"type llm=openai_batch, .* or simulator=rules"):
        LanguageModel(settings, context(), tmp_path).ask(asked)

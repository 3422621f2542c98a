"""The table is read by rules and by a language model, here a fake one on loopback."""

import json

import pytest

from crs.errors import UserError
from scripts import readings
from tests.crs.dialogue.test_utterances import ROWS
from tests.fakes.openai import OpenAI

READ = [row for row in ROWS if row["id"] in ("attributes-01", "attributes-03", "titles-01")]


class Reader(OpenAI):
    """The fake, which knows westerns and answers in no JSON where a thriller is wanted."""

    def complete(self, body):
        status, answer = super().complete(body)
        said = body["messages"][-1]["content"].rpartition("Person: ")[2].partition("\n")[0]
        found = {"wanted": ["Western"] if "western" in said else [], "refused": [],
                 "preferred": [], "first_year": None, "last_year": None, "intents": ""}  # fmt: skip
        text = "Let me think." if "thriller" in said else json.dumps(found)
        answer["choices"][0]["message"]["content"] = text
        return status, answer


@pytest.fixture
def printed(tmp_path, capsys, monkeypatch):
    """What the program prints of some rows."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    table = tmp_path / "table.jsonl"
    table.write_text("".join(json.dumps(row) + "\n" for row in READ))

    def printed(*words):
        readings.main([str(table), *words])
        return capsys.readouterr().out

    return printed


def test_rules_read_the_table(printed):
    assert printed().splitlines()[-1].split() == ["all", "3", "3"]


def test_a_language_model_and_rules_side_by_side(printed, tmp_path):
    with Reader() as vendor:
        out = printed(
            "--understanding", "llm", "llm=openai", f"llm.base_url={vendor.base_url}",
            f"llm.ledger={tmp_path / 'ledger.sqlite'}", "llm.budget_usd=1", "llm.workers=2",
            f"store={tmp_path}",
        )  # fmt: skip
    lines = [line.split() for line in out.splitlines()]
    assert ["attributes", "2", "2", "1"] in lines  # no JSON: the rules' reading does not count
    assert ["titles", "1", "1", "0"] in lines
    assert lines[-1] == "answers: 3 answers, 1 fallen_back".split()


def test_a_table_that_is_not_there_is_one_sentence():
    with pytest.raises(UserError, match=r"nowhere\.jsonl: No such file or directory; give a table"):
        readings.main(["nowhere.jsonl"])

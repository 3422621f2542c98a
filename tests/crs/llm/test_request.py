"""Keys hold everything that could change an answer; codes tell whose an answer is."""

import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from crs.llm.request import Request, code_of, key_of, with_code, without_code
from crs.settings.fields import marks_of
from tests.contracts.tiny import config, quick

SETTINGS = config("llm=openai").llm
ASKED = Request((("user", "Something good?"),))
SCHEMA = json.dumps({"type": "object", "properties": {"wish": {"type": "string"}}})


def test_each_part_of_a_request_is_in_its_key():
    others = [
        Request((("user", "Something else?"),)),
        Request((("system", "Something good?"),)),
        Request((("user", "Something good?"), ("assistant", "Yes."))),
        replace(ASKED, sample=1),
        replace(ASKED, schema=SCHEMA),
    ]
    keys = {key_of(SETTINGS.identity(), request) for request in [ASKED, *others]}
    assert len(keys) == 6


def test_each_setting_of_the_model_is_in_its_key(tmp_path):
    (file := tmp_path / "file").write_bytes(b"content")
    same = key_of(SETTINGS.identity(), ASKED)
    for f in fields(SETTINGS):
        value = getattr(SETTINGS, f.name)
        other = str(file) if marks_of(f).path else {"more": 1} if f.name == "extra" else (
            not value if isinstance(value, bool) else f"{value} and more")  # fmt: skip
        key = key_of(replace(SETTINGS, **{f.name: other}).identity(), ASKED)
        assert (key == same) == marks_of(f).unfingerprinted, f.name


def test_equal_requests_have_one_key():
    again = Request((("user", "Something good?"),))
    assert key_of(SETTINGS.identity(), again) == key_of(SETTINGS.identity(), ASKED)


@quick
@given(st.text(min_size=1).filter(str.strip), st.integers(0, 2**128 - 1))
def test_a_repeated_code_is_taken_off(text, number):
    code = code_of(f"{number:032x}")
    assert len(code) == 6
    plain = " ".join(text.split()).strip("#[]:")
    for reply in (f"[#{code}]\n{plain}", f"#{code}: {plain}"):
        assert without_code(reply, code) == (plain.strip(), "right")


def test_another_code_and_none_are_told_apart():
    assert without_code("[#BCDFGH]\nHi.", "BCDFGK") == ("Hi.", "wrong")
    assert without_code("Hi.", "BCDFGK") == ("Hi.", "none")


def test_a_code_is_asked_for_in_the_text_or_as_a_field():
    text = with_code(ASKED, "BCDFGH").messages[-1][1]
    assert text.startswith("Something good?") and "[#BCDFGH]" in text
    asked = with_code(replace(ASKED, schema=SCHEMA), "BCDFGH")
    schema = json.loads(asked.schema)
    assert set(schema["properties"]) == {"wish", "code"} and schema["required"] == ["code"]
    assert '"#BCDFGH"' in asked.messages[-1][1]
    assert without_code('{"wish": "x", "code": "#BCDFGH"}', "BCDFGH")[1] == "right"


def test_only_what_is_said_last_asks_for_the_code():
    request = Request((("user", "One."), ("assistant", "Two."), ("user", "Three.")))
    sent = with_code(request, "BCDFGH")
    assert sent.messages[:2] == request.messages[:2] and "BCDFGH" in sent.messages[2][1]

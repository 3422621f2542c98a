"""What is sent: the requests of both protocols, field by field."""

import json
from dataclasses import replace

from crs.llm import gemini, openai_api
from crs.llm.request import Request
from tests.contracts.tiny import config
from tests.fakes.asking import fresh

SCHEMA = json.dumps({"type": "object", "properties": {"a": {"type": "string"}}})
TALK = Request((("system", "S"), ("user", "U"), ("assistant", "A"), ("user", "V")), 0, SCHEMA)


def test_openai_body():
    settings = replace(config("llm=openai").llm, temperature=0.5, top_p=None)
    assert openai_api.body(settings, TALK) == {
        "model": "gpt-6-luna",
        "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
                     {"role": "assistant", "content": "A"}, {"role": "user", "content": "V"}],
        "max_completion_tokens": 160, "temperature": 0.5, "reasoning_effort": "none",
        "response_format": {"type": "json_schema",
                            "json_schema": {"name": "answer", "schema": json.loads(SCHEMA)}},
    }  # fmt: skip


def test_other_servers_know_the_limit_by_its_old_name():
    settings = replace(config("llm=openai").llm, base_url="http://127.0.0.1:1/v1", extra={})
    body = openai_api.body(settings, Request((("user", "U"),)))
    assert body == {"model": "gpt-6-luna", "messages": [{"role": "user", "content": "U"}],
                    "max_tokens": 160}  # fmt: skip


def test_gemini_body():
    settings = replace(config("llm=gemini_batch").llm, top_p=0.9)
    assert gemini.body(settings, TALK) == {
        "systemInstruction": {"parts": [{"text": "S"}]},
        "contents": [{"role": "user", "parts": [{"text": "U"}]},
                     {"role": "model", "parts": [{"text": "A"}]},
                     {"role": "user", "parts": [{"text": "V"}]}],
        "generationConfig": {
            "maxOutputTokens": 160, "topP": 0.9, "responseMimeType": "application/json",
            "responseJsonSchema": json.loads(SCHEMA),
            "thinkingConfig": {"thinkingLevel": "minimal"},
        },
    }  # fmt: skip


def test_a_servers_own_options_arrive_at_the_server(model, asked):
    with fresh("openai") as vendor:
        model("openai", vendor, extra={"repetition_penalty": 1.1, "top_k": 5}).ask(asked)
        body = vendor.bodies[0]
        assert (body["repetition_penalty"], body["top_k"]) == (1.1, 5)


def test_an_answer_by_schema_is_checked_by_its_code(model):
    asked = [Request((("user", f"Film {i}. Attributes: War"),), 0, SCHEMA) for i in range(4)]
    with fresh("openai_batch") as vendor:
        vendor.faults.swapped = 1
        answers = model("openai_batch", vendor).ask(asked)
        assert sorted(vendor.generated.values()) == [1, 1, 2, 2]
        assert [json.loads(answer.text)["a"] for answer in answers] != []


def test_thoughts_are_paid_for_and_not_said():
    reply = gemini.read({"key": "k", "response": {
        "candidates": [{"finishReason": "MAX_TOKENS", "content": {"parts": [
            {"text": "hmm", "thought": True}, {"text": "Some"}, {"text": "thing."}]}}],
        "usageMetadata": {
            "promptTokenCount": 3, "candidatesTokenCount": 2, "thoughtsTokenCount": 5,
        },
    }})  # fmt: skip
    assert (reply.text, reply.cut, reply.tokens_in, reply.tokens_out) == ("Something.", True, 3, 7)


def test_an_answer_without_text_is_an_error():
    empty = {"candidates": [{"finishReason": "MAX_TOKENS"}]}
    assert gemini.read({"key": "k", "response": empty}).outcome == "error"
    choice = {"choices": [{"message": {"content": ""}, "finish_reason": "length"}]}
    assert openai_api.reply("k", choice).outcome == "error"


def test_a_line_without_a_key_and_a_code_says_nothing():
    assert gemini.read({"response": {}}) is None
    assert gemini.read({"request": {"contents": []}, "response": {}}) is None

"""The routes: what they answer, and the sentence for what they refuse."""

import pytest

pytest.importorskip("fastapi", reason="the server needs the extra `serve`")

from fastapi.testclient import TestClient

from crs.serve import bodies, service
from crs.serve.app import build
from crs.serve.batches import BusyError
from crs.serve.service import Service

HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def served(system):
    return Service(system)


@pytest.fixture(scope="module")
def client(served):
    with TestClient(build(served), base_url=HERE) as opened:
        yield opened


def recommended(client, **wish):
    answer = client.post("/recommend", json=wish)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_history_is_answered_as_in_python(client, system):
    history = ["i0003", "i0008"]
    found = recommended(client, history=history, k=4)
    assert [one["id"] for one in found["items"]] == [*system.recommend(history, k=4)["item"]]
    assert found["understood"] == [] and found["broken"] == 0
    one = found["items"][0]
    assert one["title"] == system.titles[system.item(one["id"])] and one["attributes"]


def test_words_are_understood_and_answered_as_in_python(client, system):
    text = "a drama, no western, from the 1990s"
    found = recommended(client, history=["i0003"], text=text, k=4)
    assert [one["id"] for one in found["items"]] == [*system.recommend(["i0003"], text, 4)["item"]]
    assert found["understood"] == ["drama", "no western", "from 1990 to 1999"]


def test_filters_hold(client):
    filters = {"wanted": ["comedy"], "refused": ["Quiet"], "years": [1960, 2010]}
    for text in ("", "a quiet one, and no comedy"):
        for one in recommended(client, text=text, k=3, filters=filters)["items"]:
            assert "Comedy" in one["attributes"] and "Quiet" not in one["attributes"]
            assert 1960 <= one["year"] <= 2010


@pytest.mark.parametrize(("wish", "says"), [
    ({"k": 0}, "k: Input should be greater than or equal to 1"),
    ({"k": bodies.K + 1}, "k: Input should be less than or equal to 100"),
    ({"text": "a" * (bodies.TEXT + 1)}, "text: String should have at most 1000 characters"),
    ({"history": ["i0001"] * (bodies.HISTORY + 1)}, "history: List should have at most 1000 items"),
    ({"histori": []}, "histori: Extra inputs are not permitted"),
    ({"history": ["Fargo"]}, "item: there is no item Fargo; ids are those of your file"),
    ({"history": [True]}, "history.0.int: Input should be a valid integer"),
    ({"filters": {"wanted": ["Comedi"]}},
     "filters: there is no attribute 'Comedi'. Did you mean comedy?"),
    ({"filters": {"years": [1999, 1990]}}, "filters.years: the first year is behind the last"),
    ({"filters": {"years": [1999, 19999]}}, "filters.years.1: Input should be less than or equal"),
])  # fmt: skip
def test_a_mistake_is_one_sentence(client, wish, says):
    answer = client.post("/recommend", json=wish)
    assert answer.status_code == 422 and answer.json()["detail"].startswith(says)


def test_what_is_no_json_is_one_sentence(client):
    answer = client.post("/recommend", content="{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (422, {"detail": "1: it is not JSON"})


def test_a_body_that_is_too_large_is_not_read(client):
    answer = client.post("/recommend", content=b" " * (bodies.BODY + 1))
    assert answer.status_code == 413 and "more than 262,144 bytes" in answer.json()["detail"]
    parts = (b" " * 1000 for _ in range(bodies.BODY // 1000 + 2))  # without a length
    assert client.post("/recommend", content=parts).status_code == 413


def test_a_dialogue_is_kept_between_requests(client, system):
    begun = client.post("/dialogues", json={"history": ["i0003"], "k": 3})
    assert begun.status_code == 201 and len(begun.json()["items"]) == 3 and begun.json()["question"]
    place = f"/dialogues/{begun.json()['dialogue']}"
    said = client.post(f"{place}/say", json={"text": "a drama"}).json()
    assert said["understood"] == ["drama"] and "drama" in said["asked"]
    assert all("Drama" in one["attributes"] and one["why"] for one in said["items"])
    first = said["items"][0]["id"]
    refused = client.post(f"{place}/refuse", json={"item": first}).json()
    assert first not in [one["id"] for one in refused["items"]] and "drama" in refused["asked"]
    second = refused["items"][0]["id"]
    liked = client.post(f"{place}/like", json={"item": second}).json()
    title = system.titles[system.item(second)]
    assert f"like {title}" in liked["asked"]
    assert second not in [one["id"] for one in liked["items"]]
    back = client.post(f"{place}/say", json={"text": "undo"}).json()
    assert back["items"] == refused["items"]
    assert client.delete(place).status_code == 204
    for answer in (client.delete(place), client.post(f"{place}/say", json={"text": "a drama"})):
        assert answer.status_code == 404 and "no such dialogue" in answer.json()["detail"]


@pytest.mark.parametrize(("words", "told"), [
    ("why 1?", "It has all you asked for"), ("why 9?", "The list has no number 9."),
    ("hello", "Hello"), ("what is the weather?", "I can only recommend movies"),
])  # fmt: skip
def test_what_is_no_wish_is_answered_beside_the_same_list(client, words, told):
    place = f"/dialogues/{client.post('/dialogues', json={}).json()['dialogue']}"
    listed = client.post(f"{place}/say", json={"text": "a drama"}).json()
    assert listed["told"] == []
    answer = client.post(f"{place}/say", json={"text": words}).json()
    assert told in " ".join(answer["told"]) and answer["items"] == listed["items"]
    assert answer["understood"] == [] and answer["note"] == ""
    assert answer["asked"] == listed["asked"]


def test_dialogues_do_not_mix(client):
    names = [client.post("/dialogues", json={}).json()["dialogue"] for _ in range(2)]
    for name, words in zip(names, ("a drama", "a comedy"), strict=True):
        client.post(f"/dialogues/{name}/say", json={"text": words})
    for name, asked in zip(names, ("drama", "comedy"), strict=True):
        told = client.post(f"/dialogues/{name}/refuse", json={"item": "i0000"}).json()
        assert told["asked"] == [asked]


def test_a_dialogue_has_so_many_turns(client, monkeypatch):
    monkeypatch.setattr(service, "TURNS", 1)
    place = f"/dialogues/{client.post('/dialogues', json={}).json()['dialogue']}"
    assert client.post(f"{place}/say", json={"text": "a drama"}).status_code == 200
    over = client.post(f"{place}/say", json={"text": "a comedy"})
    assert over.status_code == 422 and "has had its 1 turns" in over.json()["detail"]


def test_a_dialogue_needs_words(client):
    place = f"/dialogues/{client.post('/dialogues', json={}).json()['dialogue']}"
    answer = client.post(f"{place}/say", json={"text": "  "})
    assert answer.status_code == 422 and answer.json()["detail"].startswith("text: String should")


def test_items_are_found_by_title_and_by_id(client, system):
    title = system.items["title"].iloc[0]
    found = client.get("/items", params={"title": title.lower(), "limit": 3}).json()["items"]
    assert found[0] == client.get("/items/i0000").json() and len(found) <= 3
    missing = client.get("/items/nothing")
    assert missing.status_code == 404 and "there is no item nothing" in missing.json()["detail"]
    assert client.get("/items", params={"title": ""}).status_code == 422
    assert "Drama" in client.get("/attributes").json()


def test_what_is_served_is_told(client, system):
    told = client.get("/health").json()
    assert told["status"] == "ok" and told["fingerprint"] == system.result.fingerprint
    assert told["items"] == len(system.items)


def test_the_openapi_page_describes_every_route(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/recommend", "/dialogues", "/items", "/health", "/metrics"} < set(paths)
    wish = client.get("/openapi.json").json()["components"]["schemas"]["Wish"]["properties"]
    assert wish["k"]["maximum"] == bodies.K and wish["history"]["maxItems"] == bodies.HISTORY
    page = client.get("/docs")
    assert page.status_code == 200 and "://" not in page.text.replace("http://www.w3.org", "")


def test_requests_are_counted_by_route(client):
    client.get("/items/i0000")
    client.get("/items/nothing")
    client.get("/nowhere/else")
    for number in range(3):  # a method may be any word
        client.request(f"FOO{number}", "/nowhere/else")
    told = client.get("/metrics")
    assert 'method="other",path="other",status="404"} 3' in told.text and "FOO" not in told.text
    assert told.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'crs_requests_total{method="GET",path="/items/{item}",status="404"}' in told.text
    assert 'path="other",status="404"' in told.text and "nowhere" not in told.text
    assert "crs_batch_size_count" in told.text and "\ncrs_dialogues " in told.text


def test_pages_of_other_sites_and_other_hosts_are_refused(client):
    assert client.get("/health", headers={"origin": "http://evil.example"}).status_code == 403
    assert client.get("/health", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/health", headers={"origin": HERE}).status_code == 200


def test_too_many_waiting_requests_are_told_to_come_again(client, served, monkeypatch):
    async def full(asked):
        raise BusyError

    monkeypatch.setattr(served.batches, "ask", full)
    answer = client.post("/recommend", json={})
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_on_another_address_a_token_is_needed(served):
    secret = "0123456789abcdef"
    client = TestClient(build(served, secret, local=False), base_url="http://host.example")
    assert client.get("/health").status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": secret}):
        answer = client.get("/items/i0000", headers=headers)
        assert answer.status_code == 401 and secret not in answer.text
    right = {"authorization": f"Bearer {secret}"}
    assert client.get("/items/i0000", headers=right).status_code == 200

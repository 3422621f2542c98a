"""A fake of OpenAI: files, batches, chat completions.

python -m tests.fakes.openai [PORT]     # to try llm=openai_batch by hand
"""

import json
import re
import sys
import time
from typing import Any

from tests.fakes.vendor import Vendor, speak


class OpenAI(Vendor):
    """`llm.base_url=` is `url` + `/v1`."""

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def route(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        match method, path.removeprefix("/v1/").split("/"):
            case "POST", ["chat", "completions"]:
                self.calls["chat"] += 1
                status, answer = self.complete(json.loads(content))
                return status, answer, {}
            case "POST", ["files"]:
                self.calls["upload"] += 1
                boundary = re.search(r"boundary=(\S+)", headers["content-type"])[1].encode()
                part = next(p for p in content.split(b"--" + boundary) if b"filename=" in p)
                return 200, self.keep(part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")), {}
            case "POST", ["batches"]:
                return self.make(json.loads(content))
            case "GET", ["batches"]:
                self.calls["list"] += 1
                jobs = [self.shown(name) for name in reversed(self.jobs)]
                return 200, {"object": "list", "data": jobs, "has_more": False}, {}
            case "GET", ["batches", name]:
                self.calls["poll"] += 1
                if name not in self.jobs:
                    return 404, self.error(404, f"no batch {name}"), {}
                if self.poll(self.jobs[name]):
                    self.end(name)
                return 200, self.shown(name), {}
            case "GET", ["files", name, "content"]:
                self.calls["download"] += 1
                return 200, self.download(self.files[name]), {}
        return 404, self.error(404, f"no such path {path}"), {}

    def keep(self, data: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files)}"
        self.files[name] = data
        return {
            "id": name, "object": "file", "bytes": len(data), "created_at": 0,
            "filename": "requests.jsonl", "purpose": "batch", "status": "processed",
        }  # fmt: skip

    def make(self, asked: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        self.calls["create"] += 1
        name = f"batch_{len(self.jobs)}"
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        self.jobs[name] = {
            "lines": lines, "looks": 0, "state": "in_progress", "asked": asked, "made": time.time(),
        }  # fmt: skip
        if self.faults.take("after"):
            return 500, self.error(500, self.faults.says), {}
        return 200, self.shown(name), {}

    def shown(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        return {
            "id": name, "object": "batch", "endpoint": job["asked"]["endpoint"],
            "input_file_id": job["asked"]["input_file_id"], "completion_window": "24h",
            "status": job["state"], "created_at": int(job["made"]),
            "metadata": job["asked"].get("metadata"), "output_file_id": job.get("output"),
            "error_file_id": job.get("errors"),
            "errors": {"data": [{"message": self.faults.says}]}
            if job["state"] == "failed" else None,
        }  # fmt: skip

    def end(self, name: str) -> None:
        """Answer the requests of a job, once."""
        job = self.jobs[name]
        if job["state"] != "in_progress":
            return
        if self.faults.take("failed"):
            job["state"] = "failed"
            return
        good, bad = [], []
        for line in job["lines"]:
            status, body = (
                (500, self.error(500, "hiccup"))
                if self.faults.take("hiccups")
                else self.complete(line["body"])
            )
            answer = {
                "id": "r", "custom_id": line["custom_id"], "error": None,
                "response": {"status_code": status, "request_id": "q", "body": body},
            }  # fmt: skip
            (good if status == 200 else bad).append(answer)
        job["state"] = "completed"
        for place, lines in (("output", self.finish(good, "custom_id")), ("errors", bad)):
            if lines:
                job[place] = self.keep("\n".join(map(json.dumps, lines)).encode())["id"]

    def complete(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """One chat completion."""
        if self.faults.take("bad"):
            return 400, self.error(400, "too long")
        prompt = body["messages"][-1]["content"]
        self.generated[prompt] += 1
        self.bodies.append(body)
        message: dict[str, Any] = {"role": "assistant", "content": speak(prompt), "refusal": None}
        reason = "stop"
        if self.faults.take("refused"):
            message |= {"content": None, "refusal": "I would rather not."}
        elif self.faults.take("blocked"):
            message, reason = {**message, "content": None}, "content_filter"
        if body.get("response_format"):
            message["content"] = json.dumps(dict.fromkeys(
                body["response_format"]["json_schema"]["schema"]["properties"], speak(prompt)
            ))  # fmt: skip
        return 200, {
            "id": "c", "object": "chat.completion", "created": 0, "model": body["model"],
            "choices": [{"index": 0, "finish_reason": reason, "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
        }  # fmt: skip


if __name__ == "__main__":
    with OpenAI(port=int(sys.argv[1]) if sys.argv[1:] else 8123) as vendor:
        print(f"llm.base_url={vendor.base_url}", flush=True)
        while True:
            time.sleep(5)
            print(f"{len(vendor.generated)} prompts, {sum(vendor.generated.values())} answers, "
                  f"{dict(vendor.calls)}", flush=True)  # fmt: skip

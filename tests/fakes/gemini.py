"""A fake of Gemini: the Developer API's files and batches, Vertex AI's jobs, and a bucket."""

import json
from typing import Any
from urllib.parse import unquote

from tests.fakes.vendor import Vendor, speak

JOBS = "/v1beta1/projects/p/locations/l/batchPredictionJobs"


class Gemini(Vendor):
    """`llm.base_url=` is `url`; the bucket's `STORAGE_EMULATOR_HOST` is `url` too."""

    keeps_keys = True
    """Whether Vertex sends back what stands beside a request in its line."""

    def route(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        if path.startswith(("/upload/storage/", "/storage/")):
            return self.bucket(method, path, query, content)
        if path.startswith(JOBS):
            return self.vertex(method, path, content)
        match method, path.strip("/").split("/"):
            case "POST", ["upload", "v1beta", "files"]:
                name = f"file{len(self.files)}"
                self.files[name] = b""
                return 200, {}, {"x-goog-upload-url": f"{self.url}/put/{name}"}
            case "POST", ["put", name]:
                self.calls["upload"] += 1
                self.files[name] += content
                return 200, {"file": {"name": f"files/{name}"}}, {"x-goog-upload-status": "final"}
            case "POST", ["v1beta", "models", model] if model.endswith(":batchGenerateContent"):
                asked = json.loads(content)["batch"]
                source = asked["inputConfig"]["fileName"].removeprefix("files/")
                return self.make(f"batches/b{len(self.jobs)}", asked["displayName"], source)
            case "GET", ["v1beta", "batches"]:
                self.calls["list"] += 1
                return 200, {"operations": list(map(self.shown, reversed(self.jobs)))}, {}
            case "GET", ["v1beta", "batches", name]:
                return self.look(f"batches/{name}")
            case "GET", ["v1beta", "files", name] if name.endswith(":download"):
                self.calls["download"] += 1
                return 200, self.download(self.files[name.removesuffix(":download")]), {}
        return 404, self.error(404, f"no such path {path}"), {}

    def vertex(self, method: str, path: str, content: bytes) -> tuple[int, Any, dict[str, str]]:
        name = path.removeprefix("/v1beta1/")
        if method == "POST":
            asked = json.loads(content)
            source = asked["inputConfig"]["gcsSource"]["uris"]
            source = source if isinstance(source, str) else source[0]
            prefix = asked["outputConfig"]["gcsDestination"]["outputUriPrefix"]
            return self.make(f"{name}/{len(self.jobs)}", asked["displayName"], source, prefix)
        if path == JOBS:
            self.calls["list"] += 1
            return 200, {"batchPredictionJobs": list(map(self.shown, reversed(self.jobs)))}, {}
        return self.look(name)

    def bucket(
        self, method: str, path: str, query: dict[str, str], content: bytes
    ) -> tuple[int, Any, dict[str, str]]:
        bucket, _, rest = path.partition("/b/")[2].partition("/o")
        if method == "POST":
            self.calls["upload"] += 1
            self.files[f"gs://{bucket}/{query['name']}"] = content
            return 200, {"name": query["name"]}, {}
        if rest:
            self.calls["download"] += 1
            return 200, self.download(self.files[f"gs://{bucket}{unquote(rest)}"]), {}
        root = f"gs://{bucket}/"
        names = [uri.removeprefix(root) for uri in self.files if uri.startswith(root)]
        # One at a time, so that pages are asked for.
        found = [name for name in names if name.startswith(query["prefix"])]
        page = int(query.get("pageToken") or 0)
        more = {"nextPageToken": str(page + 1)} if page + 1 < len(found) else {}
        return 200, {"items": [{"name": name} for name in found[page : page + 1]], **more}, {}

    def make(
        self, name: str, title: str, source: str, prefix: str = ""
    ) -> tuple[int, Any, dict[str, str]]:
        self.calls["create"] += 1
        lines = [json.loads(line) for line in self.files[source].splitlines()]
        self.jobs[name] = {
            "lines": lines, "looks": 0, "state": "RUNNING", "title": title, "prefix": prefix,
        }  # fmt: skip
        if self.faults.take("after"):
            return 500, self.error(500, self.faults.says), {}
        return 200, self.shown(name), {}

    def look(self, name: str) -> tuple[int, Any, dict[str, str]]:
        self.calls["poll"] += 1
        if name not in self.jobs:
            return 404, self.error(404, f"no batch {name}"), {}
        if self.poll(self.jobs[name]):
            self.end(name)
        return 200, self.shown(name), {}

    def shown(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        if job["prefix"]:
            return {
                "name": name, "displayName": job["title"], "state": f"JOB_STATE_{job['state']}",
                "outputConfig": {"gcsDestination": {"outputUriPrefix": job["prefix"]}},
                "error": {"code": 13, "message": self.faults.says}
                if job["state"] == "FAILED" else None,
            }  # fmt: skip
        output = {"output": {"responsesFile": job["output"]}} if "output" in job else {}
        state = f"BATCH_STATE_{job['state']}"
        return {"name": name, "metadata": {"displayName": job["title"], "state": state, **output}}

    def end(self, name: str) -> None:
        """Answer the requests of a job, once."""
        job = self.jobs[name]
        if job["state"] != "RUNNING":
            return
        if self.faults.take("failed"):
            job["state"] = "FAILED"
            return
        lines = self.finish(
            [self.answer(line, bool(job["prefix"])) for line in job["lines"]], "key"
        )
        job["state"] = "SUCCEEDED"
        data = "\n".join(map(json.dumps, lines)).encode()
        if job["prefix"]:
            self.files[f"{job['prefix']}/prediction-model-1/predictions.jsonl"] = data
            self.files[f"{job['prefix']}/prediction-model-1/note.txt"] = b"not an answer"
        else:
            job["output"] = f"files/answers{len(self.files)}"
            self.files[job["output"].removeprefix("files/")] = data

    def answer(self, line: dict[str, Any], vertex: bool) -> dict[str, Any]:
        """The line of the results for one of the requests."""
        found: dict[str, Any] = {"key": line["key"]}
        if vertex:
            found = {"request": line["request"], **(found if self.keeps_keys else {})}
        if self.faults.take("hiccups"):
            return {**found, "error": {"code": 500, "message": "hiccup"}}
        if self.faults.take("bad"):
            return {**found, "error": {"code": 400, "message": "too long"}}
        prompt = line["request"]["contents"][-1]["parts"][0]["text"]
        self.generated[prompt] += 1
        self.bodies.append(line["request"])
        usage = {"promptTokenCount": 100, "candidatesTokenCount": 15, "thoughtsTokenCount": 5}
        if self.faults.take("refused") or self.faults.take("blocked"):
            return {**found, "response": {
                "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": usage,
            }}  # fmt: skip
        content = {"role": "model", "parts": [{"text": speak(prompt)}]}
        return {**found, "response": {
            "candidates": [{"content": content, "finishReason": "STOP"}], "usageMetadata": usage,
        }}  # fmt: skip

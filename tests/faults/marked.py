"""Secrets of the environment and of the command line: in no file and on no stream."""

import shutil
from pathlib import Path
from typing import Any

from tests.fakes.openai import OpenAI
from tests.faults.attempts import Typed, attempt
from tests.faults.recipes import QUICK
from tests.faults.tried import OTHER, Tried
from tests.faults.vendors import apart

MARK = "sEcReT-mArK-0123456789"
VARIABLES = (
    "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY", "ANTHROPIC_API_KEY", "WANDB_API_KEY",
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY",
)  # fmt: skip
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy")
NOBODY = "127.0.0.1:9"
LLM = ("model=latentcrs", "stage=simulate", "simulator=llm", "samples=raw",
       "dataset.generated.users=25", "llm.tries=1", "llm.rounds=1", "llm.budget_usd=9",
       "llm.ledger=ledger.sqlite")  # fmt: skip
COMMANDS: dict[str, tuple[str, ...]] = {
    "W&B offline": ("model=popularity", "tracker=wandb"),
    "a vendor that says the key": (*LLM, "llm=openai", "llm.base_url=URL"),
    "a batch of the same": (*LLM, "llm=openai_batch", "llm.base_url=URL"),
    "Gemini of the same": (*LLM, "llm=gemini_batch", "llm.base_url=URL"),
    "a vendor behind a proxy": (*LLM, "llm=openai", "llm.base_url=http://nowhere.invalid/v1"),
    "a download behind a proxy": ("model=popularity", "dataset=beauty"),
    "a key as user of base_url": (
        *LLM, "llm=openai", f"llm.base_url=http://me:{MARK}@{NOBODY}/v1"),
    "a key as query of base_url": (*LLM, "llm=openai", f"llm.base_url=http://{NOBODY}/v1?key={MARK}"),
    "a sweep that fails": ("-m", *LLM, "llm=openai", "llm.base_url=URL", "seed=1,2"),
    "a traceback": ("model=popularity", "store=/dev/null/no"),
}  # fmt: skip


class Telling(OpenAI):
    """A vendor that refuses each call and repeats what it was given."""

    def route(
        self, method: str, path: str, query: dict[str, str], content: bytes, headers: dict[str, str]
    ) -> tuple[int, Any, dict[str, str]]:
        given = headers.get("authorization") or headers.get("x-goog-api-key")
        return 401, self.error(401, f"Incorrect API key provided: {given}, {query}"), {}


def holders(folder: Path) -> list[str]:
    """The files that have the mark in their content or in their name."""
    every = sorted(folder.rglob("*"))
    found = [path for path in every if path.is_file() and MARK.encode() in path.read_bytes()]
    found += [path for path in every if MARK in path.name]
    return [str(path.relative_to(folder)) for path in found]


def kept(folder: Path, tried: Tried) -> None:
    """Marked keys in each variable that is known, proxies with passwords, keys in llm.base_url,
    with commands that end and that fail: nobody writes the mark anywhere."""
    secret = dict.fromkeys(VARIABLES, f"sk-{MARK}")
    proxies = dict.fromkeys(PROXIES, f"http://me:{MARK}@{NOBODY}")
    with apart(Telling()) as url:
        for name in tried.drawn(list(COMMANDS)):
            place = folder / "place"
            place.mkdir()
            words = [word.replace("URL", url) for word in COMMANDS[name]]
            usual = ("dataset=tiny", "tracker=none", "store=store", *QUICK)
            keys = {word.partition("=")[0] for word in words}
            fixed = [word for word in usual if word.partition("=")[0] not in keys]
            more = {"WANDB_MODE": "offline", "HYDRA_FULL_ERROR": "1", "HOME": str(place),
                    "NO_PROXY": "127.0.0.1"}  # fmt: skip
            done = attempt(Typed((*words, *fixed), place, secret | proxies | more))
            found = holders(place)
            found += [stream for stream, text in (("standard output", done.out),
                      ("standard error", done.said)) if MARK in text]  # fmt: skip
            if found:
                tried.fail(OTHER, f"{name}: {len(found)} places have it: {', '.join(found[:4])}")
            elif done.code != (0 if name == "W&B offline" else 2):
                tried.fail(OTHER, f"{name}: {done.code} {done.sentence}")
            else:
                tried.held["nowhere, and ended" if done.code == 0 else "nowhere, and told"] += 1
            shutil.rmtree(place)

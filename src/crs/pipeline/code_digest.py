"""A digest of the code that made a result: a stage's modules and all of ours that they import.

Read from the source text, so nothing is imported. Only code that computes counts: comments,
docstrings, layout, the wording of errors and progress, and the modules of `NEVER_COMPUTES` do not.
Text files beside these modules count too, for they are read by them.
"""

import ast
import hashlib
import io
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from itertools import accumulate
from pathlib import Path

from crs.config import Config
from crs.pipeline.plan import Step

PACKAGES = ("crs", "pre_rec_model", "data_generator", "text2embedding", "multi_turn")
NEVER_COMPUTES = {
    "crs",  # the allocator of Arrow, and how long a waiting thread spins
    "crs.console",  # lines and progress bars
    "crs.engine.crew",  # what a process of an engine is
    "crs.engine.shards",  # which process computes a shard
    "crs.errors",  # the classes of errors
    "crs.extras",  # the sentence for a package that is not installed
    "crs.places",  # `~`, and the sentence for a place that takes no file
    "crs.models.recipe",  # what a model declares
    "crs.secrets",  # keys and passwords, taken out of what is shown
    "crs.settings.base",  # which settings are in a name
    "crs.settings.fields",  # the marks of settings
    "crs.stages.stage",  # what a stage declares
    "crs.threads",  # how many threads there are
}
"""Modules that stages import and that change no result. Neither they nor their imports count."""


def code_modules(step: Step, config: Config) -> list[str]:
    """The modules whose code, with all that they import, makes a step's result."""
    handed = (path.partition(":")[0] for path in step.stage.handed.values())
    modules = [step.stage.module, *handed, *step.stage.code(config)]
    return list(dict.fromkeys(filter(source_of, modules)))


@cache
def source_of(module: str) -> Path | None:
    """File of one of our modules, None if there is no such module."""
    top, *rest = module.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        return None
    base = Path(next(iter(spec.submodule_search_locations))).joinpath(*rest)
    return next((f for f in (base.with_suffix(".py"), base / "__init__.py") if f.is_file()), None)


@cache
def imports_of(module: str) -> frozenset[str]:
    """Our modules that one of our modules imports anywhere in its text, also inside functions."""
    path = source_of(module)
    assert path is not None
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = (m for m in found - NEVER_COMPUTES if m.split(".")[0] in PACKAGES)
    return frozenset(m for m in ours if source_of(m))


def closure(*modules: str) -> list[str]:
    """The modules and all of ours that they import, sorted; without those that never compute."""
    reached, waiting = set(), [*modules]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports_of(name)
    return sorted(reached)


def without_wording(text: str) -> str:
    """A module's text without the arguments of errors, of `say` and of `context.note`.

    These arguments are shown to the user, and no result depends on them.
    """
    content = text.encode()  # ast counts columns in bytes
    begins = [0, *accumulate(map(len, content.splitlines(keepends=True)))]

    def end(node: ast.expr) -> int:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return begins[node.end_lineno - 1] + node.end_col_offset

    calls: list[ast.Call] = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Raise(exc=ast.Call() as call):
                calls.append(call)
            case ast.Call(func=ast.Name(name)) if name == "say" or name.endswith("Error"):
                calls.append(node)
            case ast.Call(func=ast.Attribute(ast.Name("context"), "note")):
                calls.append(node)
            case ast.Call(func=ast.Attribute(ast.Attribute(attr="context"), "note")):
                calls.append(node)
    kept, place = b"", 0
    for first, last in sorted((end(call.func), end(call)) for call in calls):
        kept += content[place:first]
        place = max(place, last)
    return (kept + content[place:]).decode()


def tokens_of(text: str) -> Iterator[tokenize.TokenInfo]:
    """Tokens without comments and blank lines; an f-string is one, as before Python 3.12."""
    lines = text.split("\n")
    starts: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_START":
            starts.append(token)
        elif kind == "FSTRING_END":
            start = starts.pop()
            if not starts:
                (row, first), (last_row, last) = start.start, token.end
                whole = "\n".join(lines[row - 1 : last_row])
                whole = whole[first : len(whole) - len(lines[last_row - 1]) + last]
                yield token._replace(type=tokenize.STRING, string=whole, start=start.start)
        elif not starts and kind not in ("COMMENT", "NL", "ENCODING"):
            yield token


@cache
def code_of(module: str) -> str:
    """A module's tokens without comments, docstrings, blank lines and wording."""
    path = source_of(module)
    assert path is not None
    kept: list[str] = []
    starts_statement, after_docstring = True, False
    layout = {tokenize.NEWLINE: "\n", tokenize.INDENT: "{", tokenize.DEDENT: "}"}
    tokens = list(tokens_of(without_wording(path.read_text())))
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        ends = following.type in (tokenize.NEWLINE, tokenize.ENDMARKER)
        docstring = token.type == tokenize.STRING and starts_statement and ends
        starts_statement = token.type in layout
        if not docstring and not (after_docstring and token.type == tokenize.NEWLINE):
            kept.append(layout.get(token.type, token.string))
        after_docstring = docstring
    return "\x1f".join(kept)


def texts_beside(modules: Iterable[str]) -> list[Path]:
    """The text files in the folders of these modules: tables of words, which computing reads."""
    folders = {path.parent for name in modules if (path := source_of(name))}
    return sorted(file for folder in folders for file in folder.glob("*.txt"))


def code_digest(*modules: str) -> str:
    """First 16 hex digits of the sha256 over the code of `closure(*modules)`, and over the text
    files beside it."""
    reached = closure(*modules)
    parts = [f"{name}\x1f{code_of(name)}" for name in reached]
    parts += [f"{file.name}\x1f{file.read_text('utf-8')}" for file in texts_beside(reached)]
    text = "\x1e".join(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

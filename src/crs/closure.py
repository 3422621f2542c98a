"""A digest of the code that made a result: a module and everything of ours that it imports.

Read from the source text, so nothing is imported. Comments, docstrings and layout do not count.
"""

import ast
import hashlib
import io
import tokenize
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("crs", "pre_rec_model", "data_generator", "text2embedding", "multi_turn")


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
    return frozenset(m for m in found if m.split(".")[0] in PACKAGES and source_of(m))


def closure(module: str) -> list[str]:
    """The module and all of ours that it reaches, sorted."""
    reached, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += imports_of(name)
    return sorted(reached)


@cache
def code_of(module: str) -> str:
    """A module's tokens without comments, docstrings and blank lines."""
    path = source_of(module)
    assert path is not None
    kept: list[str] = []
    starts_statement, after_docstring = True, False
    skipped_layout = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
    layout = {tokenize.NEWLINE: "\n", tokenize.INDENT: "{", tokenize.DEDENT: "}"}
    tokens = list(tokenize.generate_tokens(io.StringIO(path.read_text()).readline))
    tokens = [token for token in tokens if token.type not in skipped_layout]
    for token, following in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        ends = following.type in (tokenize.NEWLINE, tokenize.ENDMARKER)
        docstring = token.type == tokenize.STRING and starts_statement and ends
        starts_statement = token.type in layout
        if not docstring and not (after_docstring and token.type == tokenize.NEWLINE):
            kept.append(layout.get(token.type, token.string))
        after_docstring = docstring
    return "\x1f".join(kept)


def code_digest(*modules: str) -> str:
    """First 16 hex digits of the sha256 over the code of all that the modules reach."""
    names = sorted(set().union(*(closure(module) for module in modules)))
    text = "\x1e".join(f"{name}\x1f{code_of(name)}" for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

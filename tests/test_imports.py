"""Imports run one way: train.py, crs.pipeline, stage packages, crs.*, then heavy libraries."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from crs import extras
from crs.models import recipes
from crs.pipeline.code_digest import PACKAGES, closure, source_of
from crs.stages import declared_stages
from scripts.refresh_digests import made_by

ROOT = Path(__file__).parents[1]
STAGE_PACKAGES = tuple(package for package in PACKAGES if package != "crs")
HEAVY = set(
    "torch lightning_fabric pandas numpy scipy faiss wandb matplotlib optuna".split()
)  # fmt: skip
COMMAND = ROOT / "src" / "train.py"
FOLDERS = {package: ROOT / package for package in STAGE_PACKAGES} | {"crs": ROOT / "src" / "crs"}
FILES = [file for folder in FOLDERS.values() for file in sorted(folder.rglob("*.py"))]


def imported(nodes: Iterable[ast.AST]) -> set[str]:
    """The modules that import statements name, `from a import b` as both a and a.b."""
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@cache
def nodes_of(file: Path) -> list[ast.AST]:
    """All of a file's syntax tree, the module first."""
    return list(ast.walk(ast.parse(file.read_text())))


@cache
def modules_of(file: Path) -> set[str]:
    """Modules that a file imports anywhere."""
    return imported(nodes_of(file))


def packages_of(file: Path) -> set[str]:
    """Top-level packages that a file imports anywhere."""
    return {name.split(".")[0] for name in modules_of(file)}


def at_import(file: Path) -> set[str]:
    """Modules that a file imports when it is itself imported: not in functions, not for types."""

    def reached(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
        for node in nodes:
            yield node
            if isinstance(node, ast.ClassDef | ast.Try | ast.With):
                yield from reached(node.body)
            elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
                yield from reached([*node.body, *node.orelse])

    return imported(reached(nodes_of(file)[0].body))


def test_crs_imports_no_stage_package():
    found = {file.name for file in FOLDERS["crs"].rglob("*.py")
             if packages_of(file) & set(STAGE_PACKAGES)}  # fmt: skip
    assert found == set()


@pytest.mark.parametrize("package", STAGE_PACKAGES)
def test_a_stage_package_imports_no_other(package):
    others = set(STAGE_PACKAGES) - {package}
    found = {file.name for file in FOLDERS[package].rglob("*.py") if packages_of(file) & others}
    assert found == set()


def test_stages_do_not_import_the_pipeline():
    """Nor does what stages import: a stage's code digest holds no code of the pipeline."""
    held = {module for modules in made_by().values() for module in closure(*modules)}
    assert {module for module in held if module.startswith("crs.pipeline")} == set()


def test_no_modules_import_each_other_in_a_circle():
    """Neither at the top of a file nor within a function."""
    named = {file: ".".join(file.relative_to(folder.parent).with_suffix("").parts)
             for folder in FOLDERS.values() for file in folder.rglob("*.py")}  # fmt: skip
    graph = {name.removesuffix(".__init__"): modules_of(file) for file, name in named.items()}
    while leaves := {module for module, needed in graph.items() if not needed & set(graph)}:
        graph = {module: needed for module, needed in graph.items() if module not in leaves}
    assert graph == {}


def test_all_imports_are_absolute_so_that_code_digests_see_them():
    relative = [file for file in FILES for node in nodes_of(file)
                if isinstance(node, ast.ImportFrom) and node.level]  # fmt: skip
    assert relative == []


def test_importing_the_command_imports_nothing_heavy():
    waiting, seen = list(at_import(COMMAND)), set()
    while waiting:
        if (module := waiting.pop()) not in seen:
            seen.add(module)
            file = source_of(module) if module.split(".")[0] == "crs" else None
            waiting += at_import(file) if file else []
    assert "crs.pipeline.run" in seen
    assert {module.split(".")[0] for module in seen} & HEAVY == set()


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
DECLARED = {extra: {re.match(r"[\w.-]+", one)[0].lower() for one in requirements}
            for extra, requirements in NEEDED.items()}  # fmt: skip
"""Distributions by the extra that installs them; those of "" are always there."""


INSTALLED = packages_distributions()


def distributions(package: str) -> set[str]:
    """What installs a package that is imported; where that is not here, its own name."""
    found = INSTALLED.get(package, [package.rpartition(".")[2].replace("_", "-")])
    return {name.lower().replace("_", "-") for name in found}


@pytest.mark.parametrize("folder", ["src", *STAGE_PACKAGES, "scripts"])
def test_what_is_imported_is_declared(folder):
    ours = {*PACKAGES, "tests", "scripts"}
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    imported = set().union(*map(packages_of, files)) - ours - sys.stdlib_module_names
    everything = set().union(*DECLARED.values())
    assert {package for package in imported if not distributions(package) & everything} == set()


def test_what_an_extra_brings_is_told_by_its_name():
    """And all else that the suite imports is always there."""
    for extra, packages in extras.BRINGS.items():
        assert all(distributions(package) & DECLARED[extra] for package in packages)
    assert set(extras.CHOICES.values()) <= set(DECLARED)
    elsewhere = ("launch", "dashboard")  # Hydra imports the one, a script the other
    told = {package for extra, packages in extras.BRINGS.items() if extra not in elsewhere
            for package in packages}  # fmt: skip
    imported = set().union(*map(packages_of, FILES)) - set(PACKAGES)
    missing = {package for package in imported - sys.stdlib_module_names
               if not distributions(package) & DECLARED[""]}  # fmt: skip
    assert missing == told


@pytest.mark.parametrize(("package", "extra"), [("tenacity", "llm"), ("google.genai", "llm")])
def test_a_package_that_is_not_installed_names_its_extra(package, extra):
    told = extras.missing(ModuleNotFoundError(f"No module named {package!r}", name=package))
    assert str(told).endswith(f"pip install 'crs-suite[{extra}]'")
    assert extras.missing(ModuleNotFoundError("No module named 'crs.x'", name="crs.x")) is None


def test_the_packages_of_the_wheel_are_those_that_code_digests_follow():
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wheel = built["targets"]["wheel"]["only-include"]
    # Where Hydra looks for a sweeper, which computes nothing; and the values of the settings.
    assert {Path(folder).name for folder in wheel} == {*PACKAGES, "hydra_plugins", "conf"}


STAGES = [
    *declared_stages().values(),
    *(stage for model in recipes().values() for stage in model.stages),
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.run)
def test_a_stage_has_its_function_with_the_four_arguments(stage):
    functions = {node.name: [argument.arg for argument in node.args.args]
                 for node in nodes_of(source_of(stage.module))[0].body
                 if isinstance(node, ast.FunctionDef)}  # fmt: skip
    name = stage.run.partition(":")[2]
    assert functions[name] == ["settings", "inputs", "folder", "context"]

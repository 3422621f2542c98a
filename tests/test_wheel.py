"""The wheel: what is in it, and that its conf/ is the one of the checkout."""

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from crs.pipeline.code_digest import PACKAGES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built without isolation and without network."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: pip install 'crs-suite[dev]'")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
                   cwd=ROOT, check=True, capture_output=True)  # fmt: skip
    [file] = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_only_our_packages_lie_at_the_top(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    about = {top for top in tops if top.endswith(".dist-info")}
    assert tops - about == {*PACKAGES, "hydra_plugins"}


def tracked(folder: str) -> set[str]:
    """What git has of a folder."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", folder],
                            capture_output=True, text=True, check=False)  # fmt: skip
    return set(filter(None, listed.stdout.split("\0")))


@pytest.mark.parametrize(("folder", "inside"), [
    ("conf", "crs/conf"), ("src/crs", "crs"), ("src/hydra_plugins", "hydra_plugins"),
    *((name, name) for name in PACKAGES if name != "crs"),
])  # fmt: skip
def test_every_file_of_a_folder_is_inside_as_it_is(wheel, folder, inside):
    files = tracked(folder)
    if not files:
        pytest.skip("no checkout of git")
    for name in files:
        packed = wheel.read(inside + name.removeprefix(folder))
        assert packed == (ROOT / name).read_bytes()


def test_it_is_typed_and_has_the_command(wheel):
    assert "crs/py.typed" in wheel.namelist()
    [points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "crs = crs.cli.main:main" in wheel.read(points).decode()

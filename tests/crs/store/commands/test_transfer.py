"""Export and import: the same digests, or nothing."""

import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.errors import UserError
from crs.store.artifact import Artifact, digest_of
from crs.store.commands.catalogue import Catalogue
from crs.store.commands.exporting import INDEX, export
from crs.store.commands.importing import import_from, inside
from crs.store.store import Store
from tests.crs.store.commands.small import chain, made


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[dict[str, Artifact], Path]:
    """A store, and one of its evaluations with all that it stands on."""
    root = tmp_path_factory.mktemp("exported")
    results = chain(root / "store")
    export(results["evaluate1"], Catalogue(root / "store"), root / "one.zip")
    return results, root / "one.zip"


def files_of(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock")


def rewritten(file: Path, to: Path, change) -> Path:
    """An export whose members went through `change(name, content) -> [(name, content)]`."""
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            for other, content in change(name, old.read(name)):
                new.writestr(other, content)
    return to


def test_what_is_imported_has_the_same_digests_and_nothing_else_comes(exported, tmp_path):
    results, file = exported
    found = import_from(file, Store(tmp_path / "new"), lambda _: None)
    assert [one.result.stage for one in found] == ["dataset", "train", "evaluate"]
    for one in found:
        one.result.verify()
        there = Artifact(results["dataset"].place.parents[1] / one.result.stage /
                         one.result.fingerprint)  # fmt: skip
        assert one.published and there.manifest == one.result.manifest
    again = import_from(file, Store(tmp_path / "new"), lambda _: None)
    assert [one.published for one in again] == [False] * 3
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names == {"dataset", "train", "evaluate"}


def test_the_same_results_give_the_same_file(exported, tmp_path):
    results, file = exported
    export(results["evaluate1"], Catalogue(results["dataset"].place.parents[1]), tmp_path / "b.zip")
    assert (tmp_path / "b.zip").read_bytes() == file.read_bytes()


def test_a_flipped_byte_anywhere_is_refused_or_changes_nothing(exported, tmp_path):
    _, file = exported
    whole = file.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 150)):
        damaged = tmp_path / "damaged.zip"
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        root = tmp_path / f"store{place}"
        try:
            for one in import_from(damaged, Store(root), lambda _: None):
                one.result.verify()
        except UserError:
            assert files_of(root) == []


@pytest.mark.parametrize("name", [
    "../../owned", "/owned", "dataset/../../owned", "a\\b", "C:owned", "dataset//x", "./x", "x/.",
])  # fmt: skip
def test_a_name_that_leads_out_of_the_store_is_refused(exported, tmp_path, name):
    _, file = exported
    assert not inside(name)

    def beside(member, content):
        return [(member, content), (name, b"x")] if member == INDEX else [(member, content)]

    def in_index(member, content):
        if member == INDEX:
            index = json.loads(content)
            content = json.dumps(index | {"results": [*index["results"], name]}).encode()
        return [(member, content)]

    for change in (beside, in_index):
        bad = rewritten(file, tmp_path / "bad.zip", change)
        with pytest.raises(UserError, match="nothing was imported"):
            import_from(bad, Store(tmp_path / "in" / "store"), lambda _: None)
    assert [*tmp_path.rglob("owned")] == [] and files_of(tmp_path / "in") == []


@given(st.text(max_size=12))
def test_a_name_that_is_taken_stays_inside(name):
    if inside(name):
        root = Path("/store")
        assert (root / name).is_relative_to(root) and ".." not in (root / name).parts


def test_a_manifest_that_names_a_file_outside_is_refused(tmp_path):
    """Even where every sha256 fits, as in a file that somebody made on purpose."""
    store = Store(tmp_path / "store")
    result = made(store, "dataset", {"name": "x"}, rows="1")
    export(result, Catalogue(store.root), tmp_path / "one.zip")

    def outside(member, content):
        if member.endswith("manifest.json"):
            manifest = json.loads(content)
            [hashed, *_] = manifest["files"].values()
            manifest["files"] = {"../../../owned": hashed}
            manifest["digest"] = digest_of(manifest["files"])
            del manifest["sha256"], manifest["sizes"]
            content = json.dumps({**manifest, "sha256": digest_of(manifest)}).encode()
        return [(member, content)]

    bad = rewritten(tmp_path / "one.zip", tmp_path / "bad.zip", outside)
    with pytest.raises(UserError, match="which is no name for one"):
        import_from(bad, Store(tmp_path / "new"), lambda _: None)
    assert [*tmp_path.rglob("owned")] == []


def test_another_result_of_the_same_name_is_never_replaced(exported, tmp_path):
    _, file = exported
    store = Store(tmp_path)
    other = made(store, "dataset", {"name": "tiny"}, rows="other bits")
    with pytest.raises(UserError, match="with other content"):
        import_from(file, store, lambda _: None)
    assert Artifact(other.place).digest == other.digest and not (tmp_path / "train").exists()


def test_a_damaged_result_of_the_same_name_is_told_as_damaged(exported, tmp_path):
    _, file = exported
    data = chain(tmp_path)["dataset"]
    (data.place / "rows.txt").unlink()
    says = rf"dataset {data.fingerprint} is damaged: .*; type force=\[dataset\]"
    with pytest.raises(UserError, match=says):
        import_from(file, Store(tmp_path), lambda _: None)


def test_an_import_names_the_option_of_another_store(exported, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="or type --store=PLACE for another place"):
        import_from(exported[1], Store(tmp_path / "file"), lambda _: None)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_export_is_one_sentence(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(UserError, match="file"):
        import_from(tmp_path / "file", Store(tmp_path / "store"), lambda _: None)


def test_packed_members_are_refused_so_that_none_is_larger_than_the_file(exported, tmp_path):
    _, file = exported
    with (
        zipfile.ZipFile(file) as old,
        zipfile.ZipFile(tmp_path / "bad.zip", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(UserError, match="no part of an export"):
        import_from(tmp_path / "bad.zip", Store(tmp_path / "store"), lambda _: None)


def test_a_damaged_or_missing_ancestor_is_not_exported(tmp_path):
    results = chain(tmp_path / "store")
    weights = results["train1"].place / "weights.txt"
    weights.write_text("w9")
    with pytest.raises(UserError, match="another content"):
        export(results["evaluate1"], Catalogue(tmp_path / "store"), tmp_path / "one.zip")
    results["train1"].place.rename(tmp_path / "gone")
    with pytest.raises(UserError, match="no longer here"):
        export(results["evaluate1"], Catalogue(tmp_path / "store"), tmp_path / "one.zip")
    assert not [*tmp_path.glob("*.zip*")]


def test_a_file_within_a_file_is_one_sentence(tmp_path):
    results = chain(tmp_path / "store")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be written .* or name another FILE"):
        export(results["dataset"], Catalogue(tmp_path / "store"), tmp_path / "file" / "one.zip")

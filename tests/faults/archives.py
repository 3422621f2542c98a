"""Archives and compressed files that somebody made to do harm: refused before memory is taken."""

import gzip
import io
import resource
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from tests.contracts.interactions import (
    INTER,
    ITEM,
    MOVIES,
    PLAYS,
    RATINGS,
    REVIEWS,
    cds,
    custom,
    ml1m,
)
from tests.crs.data.bad_inputs.printed import FILES
from tests.faults.attempts import Typed, attempt
from tests.faults.recipes import QUICK
from tests.faults.tried import DIFFERENT, OTHER, RAN, STUCK, Tried

BOMB = 1 << 29
"""Bytes that a bomb unpacks to."""
ALLOWED_MB = 300
"""Memory that a refusal may take beyond what every process here has."""
EVIL = "evil-file"
OUTSIDE = (f"/{EVIL}", f"/tmp/{EVIL}")
"""Where absolute names, and those that go up, would put it."""
CHUNK = bytes(1 << 20)
MEMBERS = {"ml1m": "ml-1m/ratings.dat", "recbole": "music/music.inter"}


@cache
def squeezed(header: int) -> bytes:
    """A bomb, as a stream of deflate with the header of zip (-15) or gzip (31)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, header)
    parts = [packer.compress(CHUNK) for _ in range(BOMB // len(CHUNK))]
    return b"".join(parts) + packer.flush()


def zip_of(name: str, stream: bytes, size: int) -> bytes:
    """An archive of one deflated member that says it has this size."""
    title = name.encode()
    about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, 0, len(stream), size, len(title), 0)
    local = b"PK\x03\x04" + about + title + stream
    central = (b"PK\x01\x02" + struct.pack("<H", 20) + about
               + struct.pack("<HHHII", 0, 0, 0, 0, 0) + title)  # fmt: skip
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + b"PK\x05\x06" + end


def archive(kind: str, **more: bytes | str) -> bytes:
    """The whole archive of a source, with members that it should not have."""
    stream = io.BytesIO()
    whole = {"music/music.inter": INTER, "music/music.item": ITEM}
    if kind == "ml1m":
        whole = {"ml-1m/ratings.dat": RATINGS, "ml-1m/movies.dat": MOVIES}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in (whole | more).items():
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def linked(kind: str) -> bytes:
    """The same with a symbolic link that leads out of it."""
    stream = io.BytesIO(archive(kind))
    with zipfile.ZipFile(stream, "a") as file:
        info = zipfile.ZipInfo(EVIL)
        info.external_attr = 0o120777 << 16
        file.writestr(info, "../../" + EVIL)
    return stream.getvalue()


def part_of(whole: bytes, eighths: int) -> bytes:
    """The first eighths of a file."""
    return whole[: len(whole) * eighths // 8]


Make = Callable[[], bytes]
"""Makes a file as it is tried: of most trials few are drawn, and a bomb takes seconds."""


def zips(kind: str) -> Iterator[tuple[str, Make]]:
    """Hostile archives of a source that is read from one."""
    name, whole = MEMBERS[kind], archive(kind)
    for leading in ("../", "../../../tmp/", "/", "/tmp/", "C:\\", "..\\", "a/../../"):
        yield f"a member {leading}{EVIL}", partial(archive, kind, **{leading + EVIL: "x"})
    yield "a symbolic link", lambda: linked(kind)
    yield "a bomb", lambda: zip_of(name, squeezed(-15), BOMB)
    yield "a bomb that says it is small", lambda: zip_of(name, squeezed(-15), 1000)
    yield (
        "a bomb that says it is larger than disks",
        lambda: zip_of(name, squeezed(-15), 0xFFFFFFF0),
    )
    yield "an archive in the place of a member", lambda: archive(kind, **{name: whole})
    yield "a gzip bomb in the place of a member", lambda: archive(kind, **{name: squeezed(31)})
    for eighths in range(1, 8):
        yield f"cut at {eighths}/8", partial(part_of, whole, eighths)


def gzips(text: str) -> Iterator[tuple[str, Make]]:
    """Hostile gzip files in the place of a text."""
    whole = gzip.compress(text.encode())
    yield "a bomb of one line", lambda: squeezed(31)
    yield "a bomb behind good lines", lambda: whole + squeezed(31)
    yield "gzip in gzip", lambda: gzip.compress(whole)
    yield "a bomb in gzip", lambda: gzip.compress(squeezed(31))
    yield "an archive in gzip", lambda: gzip.compress(archive("ml1m"))
    for eighths in range(1, 8):
        yield f"cut at {eighths}/8", partial(part_of, whole, eighths)


def hostile() -> Iterator[tuple[str, str, dict[str, bytes | str], str, Make]]:
    """Source, what it is, the honest files of it, and the name and content of the other one."""
    for name, make in zips("ml1m"):
        yield "ml1m", name, ml1m(), "ml-1m.zip", make
    for name, make in zips("recbole"):
        yield "recbole", name, {}, "music", make
    for name, make in gzips(PLAYS):
        yield "custom", name, custom(), "plays.csv", make
    for name, make in gzips(REVIEWS):
        yield "cds", name, cds(), "CDs.jsonl", make


def refused(folder: Path, tried: Tried) -> None:
    """Bombs (also such that lie about their size), names and links that lead out, archives in
    archives, cut ones: one sentence, no memory, no file anywhere."""
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    for source, name, files, evil, make in tried.drawn(list(hostile())):
        place = folder / "place"
        for file, content in (files | {evil: make()}).items():
            (place / file).parent.mkdir(parents=True, exist_ok=True)
            (place / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        paths = [f"{key}={place / file}" for key, file in FILES[source].items()
                 if (place / file).exists()]  # fmt: skip
        words = (f"dataset={source}", *paths, "model=popularity", "stage=dataset", "tracker=none")
        done = attempt(Typed((*words, *QUICK, f"store={place / 'store'}"), place))
        what = f"{source}: {name}"
        if escaped := [
            path for path in (*folder.rglob(EVIL), *map(Path, OUTSIDE)) if path.exists()
        ]:
            tried.fail(RAN, f"{what}: it wrote {escaped}")
        elif done.stuck:
            tried.fail(STUCK, what)
        elif done.code == 0:
            tried.fail(DIFFERENT, f"{what}: it was read: {done.sentence}")
        elif not done.refused:
            tried.fail(OTHER, f"{what}: {done.code} {done.sentence}")
        elif done.peak_mb > begun + ALLOWED_MB:
            tried.fail(OTHER, f"{what}: it took {done.peak_mb - begun:,} MB: {done.sentence}")
        else:
            tried.held[f"refused of {source}"] += 1
        shutil.rmtree(place)

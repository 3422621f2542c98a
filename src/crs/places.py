"""Where files are written: `~`, and the sentence for a place that takes none."""

import errno
import os
import re
from pathlib import Path

from crs.errors import UserError

REFUSALS = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM,
)  # fmt: skip
"""Errors about the place, and not about what is written."""
WORDS = tuple(map(os.strerror, REFUSALS))
CUT_OFF = re.compile(r"requested and \d+ written")
"""NumPy's words for a file that ended before its array."""


def home(path: str | Path) -> str:
    """A path with `~` as the home folder.

    Raises:
        UserError: if no user has that name.
    """
    try:
        return str(Path(path).expanduser())
    except RuntimeError as error:
        raise UserError(f"{path}: no such home folder; type the whole path") from error


def refusal(error: BaseException) -> str | None:
    """Why a place took no file, in the system's words; None if an error is about something else.

    Libraries that write files by themselves put the system's words into errors of their own.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in REFUSALS:
            return os.strerror(seen.errno)
        for words in WORDS:
            if words in str(seen):
                return words
        if CUT_OFF.search(str(seen)):
            return os.strerror(errno.ENOSPC)
        seen = seen.__cause__ or seen.__context__
    return None


def told(error: BaseException, root: Path) -> UserError | None:
    """The sentence for an error about a place; None for another error.

    Args:
        root: the store, in which files are written that an error does not name.
    """
    if (why := refusal(error)) is None:
        return None
    at = getattr(error, "filename", None)
    if at is None or Path(str(at)).is_relative_to(root):
        return unwritable(f"store={root}", why)
    return UserError(f"{at} cannot be used ({why}); make room there, or let this user in")


def unwritable(place: str | Path, why: str, key: str = "store") -> UserError:
    """The sentence for a place that takes no file.

    Args:
        key: the setting that names another.
    """
    return UserError(
        f"{place} cannot be written ({why}); make room there, or type {key}=PLACE for another place"
    )

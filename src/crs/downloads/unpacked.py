"""What comes out of packed files of others, counted: a declared size can lie."""

import io
from collections.abc import Callable
from gzip import GzipFile
from typing import IO, BinaryIO

from crs.errors import UserError

BUFFER = 1 << 20
"""Bytes that are unpacked at once."""
SMALL = 64 << 20
"""Bytes that anything may unpack to."""
RATIO = 100
"""Times its packed size that a file may unpack to beyond that; text seldom reaches 20, a file that
is made to fill the memory 1,000."""


def too_much(unpacked: int, packed: int) -> bool:
    """Whether so many bytes cannot be what an honest file of so many unpacks to."""
    return unpacked > max(SMALL, RATIO * packed)


def bomb(name: str) -> UserError:
    """The sentence for a file that unpacks to too much; `name` begins with the setting."""
    return UserError(
        f"{name} unpacks to more than {RATIO} times its size, as no data do; it is not read. Get "
        "it from its public home"
    )


def unpacked(stream: IO[bytes] | GzipFile, packed: Callable[[], int], name: str) -> BinaryIO:
    """A stream's bytes, as long as they are not too many: reading more raises a `UserError`.

    Args:
        stream: unpacks as it is read; is closed with what is returned.
        packed: how many bytes it has been unpacked from, or is going to be.
        name: what it is, behind the setting that named it.
    """
    return io.BufferedReader(Counted(stream, packed, name), BUFFER)  # type: ignore[type-var]


class Counted(io.RawIOBase):
    """As `unpacked`, without a buffer."""

    def __init__(self, stream: IO[bytes] | GzipFile, packed: Callable[[], int], name: str) -> None:
        self.stream, self.packed, self.name = stream, packed, name
        self.count = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """The next bytes.

        Raises:
            UserError: if there have been too many.
        """
        content = self.stream.read(len(buffer))
        buffer[: len(content)] = content
        self.count += len(content)
        if too_much(self.count, self.packed()):
            raise bomb(self.name)
        return len(content)

    def close(self) -> None:
        """Close the stream too."""
        self.stream.close()
        super().close()

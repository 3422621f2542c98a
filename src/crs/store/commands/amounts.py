"""Ages and sizes, as they are typed and as they are shown."""

import re

from crs.errors import UserError

SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


def amount(text: str, units: dict[str, int], option: str, example: str) -> float:
    """A number with its unit.

    Raises:
        UserError: if it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]+)", text)
    if not found or found[2] not in units:
        raise UserError(
            f"{option}={text}: a number and one of {', '.join(units)}, as {option}={example}"
        )
    return float(found[1]) * units[found[2]]


def age_of(text: str, option: str = "--older") -> float:
    """Seconds of an age that is typed, `30d`."""
    return amount(text, SECONDS, option, "30d")


def size_of(text: str, option: str = "--larger") -> float:
    """Bytes of a size that is typed, `500MB`."""
    return amount(text, BYTES, option, "500MB")


def shown(value: float, units: dict[str, int]) -> str:
    """An amount in the largest unit of which there is one."""
    fitting = [unit for unit, of in units.items() if value >= of] or [next(iter(units))]
    number = value / units[fitting[-1]]
    return f"{number:.0f}{fitting[-1]}" if number >= 10 else f"{number:.1f}{fitting[-1]}"

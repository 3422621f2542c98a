"""Where the requests to a language model go.

`llm.base_url` is kept with every result and shown in logs, so it must hold no key. A path that is a
key looks like any other: those are allowed whose words are known. An address with another path
stands in the environment, and is kept nowhere.
"""

import os
import re
from urllib.parse import urlsplit

from crs.config import LLM
from crs.errors import UserError

WORD = (
    r"v\d{1,2}(?:(?:alpha|beta)\d?)?|api|compatible-mode|engines|inference|llama\.cpp|openai|paas"
)
PLAIN = re.compile(
    rf"https?://(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{{1,5}})?(?:/(?:{WORD}))*/?", re.IGNORECASE
)


def check(url: str) -> None:
    """Refuse an address that may hold a key; it is not repeated.

    Raises:
        UserError: for a user, a query, or a path of other words than `WORD`.
    """
    if not PLAIN.fullmatch(url):
        raise UserError(
            "llm.base_url: an address alone, http://HOST:PORT and a path like /v1, without a key "
            "or a user; keys are read from the environment, and so is the whole of an address "
            "with another path, from OPENAI_BASE_URL or GOOGLE_GEMINI_BASE_URL"
        )


def address(settings: LLM, variable: str) -> str | None:
    """The address to ask; None is the vendor's own.

    Args:
        variable: of the environment, which the vendor's client would read by itself. Its address
            is taken where `llm.base_url` names the same host and port.
    Raises:
        UserError: if it would lead away from the vendor without `llm.base_url` saying so: results
            and prices would be those of another server.
    """
    whole = os.environ.get(variable)
    if not whole:
        return settings.base_url
    if settings.base_url is None:
        raise UserError(
            f"llm: {variable} leads to another server than the vendor's; type "
            f"llm.base_url=http://HOST:PORT, as it stands there, or unset {variable}"
        )
    one, two = urlsplit(whole), urlsplit(settings.base_url)
    host = one.netloc.rpartition("@")[2]
    return whole if (one.scheme, host) == (two.scheme, two.netloc) else settings.base_url

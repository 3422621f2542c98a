"""The address of a language model's server, as a setting.

`llm.base_url` is kept with every result and shown in logs, so it must hold no key. A path that is a
key looks like any other path: allowed are paths of known words. An address with another path is
read from the environment, and stored nowhere.
"""

import re

from crs.errors import UserError

WORD = (
    r"v\d{1,2}(?:(?:alpha|beta)\d?)?|api|compatible-mode|engines|inference|llama\.cpp|openai|paas"
)
PLAIN = re.compile(
    rf"https?://(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{{1,5}})?(?:/(?:{WORD}))*/?", re.IGNORECASE
)


def check_address(url: str) -> None:
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

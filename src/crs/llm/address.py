"""Where the requests to a language model go."""

import os
from urllib.parse import urlsplit

from crs.errors import UserError
from crs.settings.llm import LLM


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
            f"llm.base_url=http://HOST:PORT with its host and port, or unset {variable}"
        )
    one, two = urlsplit(whole), urlsplit(settings.base_url)
    host = one.netloc.rpartition("@")[2]
    return whole if (one.scheme, host) == (two.scheme, two.netloc) else settings.base_url

"""What must never be shown: keys and passwords, by the variables of the environment that hold
them, by their looks, and where an address carries them."""

import os
import re
from typing import Any
from urllib.parse import unquote, urlsplit

ADDRESSES = ("OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL")
"""Whole addresses that may have a key in their path."""
NAMES = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)$", re.IGNORECASE)
SHORTEST = 6
"""Shorter values are no keys, and occur in ordinary words."""
LOOKS = re.compile(r"\b(?:(?:sk-|AIza|ya29\.)[\w*.-]{4,}|hf_[A-Za-z0-9]{20,})")
IN_ADDRESS = re.compile(r"(?<=://)[^/\s@'\"]+(?=@)")
IN_QUERY = re.compile(r"(?<=[?&])([\w-]*(?:key|token|secret|password))=[^&\s'\"]+", re.IGNORECASE)


def secrets() -> dict[str, str]:
    """The variable's name by each secret of the environment, the longest first."""
    found = {}
    for name, value in os.environ.items():
        parts = [value] if NAMES.search(name) else []
        if name in ADDRESSES:
            parts += [value, urlsplit(value).path]
        for userinfo in IN_ADDRESS.findall(value):  # of a proxy or an index
            parts += [userinfo, userinfo.partition(":")[2]]
        for part in (part.strip().rstrip("/") for part in parts):
            for text in {part, unquote(part)}:
                if len(text) >= SHORTEST:
                    found[text] = name
    return dict(sorted(found.items(), key=lambda pair: -len(pair[0])))


def redacted(value: Any) -> Any:
    """Plain data, every text in it as `redact` leaves it."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redacted(one) for key, one in value.items()}
    return [redacted(one) for one in value] if isinstance(value, list) else value


def redact(text: str) -> str:
    """A text without the secrets of the environment, or what looks like one."""
    for value, name in secrets().items():
        text = text.replace(value, f"<{name}>")
    text = IN_QUERY.sub(r"\1=<key>", IN_ADDRESS.sub("<user>", text))
    return LOOKS.sub("<key>", text)

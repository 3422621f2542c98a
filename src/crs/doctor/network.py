"""Which hosts of the data sets answer."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from omegaconf import OmegaConf

from crs.doctor.finding import GOOD, NOTE, Finding
from crs.installed import CONF

SECONDS = 4
"""In which a host must answer."""
PYPI = "https://pypi.org/simple/"


def addresses() -> dict[str, str]:
    """An address to ask of each host that the files of conf/dataset name, and of PyPI."""
    found: dict[str, str] = {}
    for file in sorted((CONF / "dataset").glob("*.yaml")):
        for url in urls_in(OmegaConf.to_container(OmegaConf.load(file), resolve=False)):
            found.setdefault(urlsplit(url).hostname or url, url)
    index = os.environ.get("PIP_INDEX_URL") or PYPI
    return found | {urlsplit(index).hostname or index: index}


def urls_in(node: Any) -> Iterator[str]:
    """The addresses in a file of settings."""
    if isinstance(node, dict | list):
        for value in node.values() if isinstance(node, dict) else node:
            yield from urls_in(value)
    elif isinstance(node, str) and node.startswith(("http://", "https://")):
        yield node


def data_sets(host: str) -> list[str]:
    """The data sets that come from a host."""
    texts = {file.stem: file.read_text() for file in sorted((CONF / "dataset").glob("*.yaml"))}
    return [name for name, text in texts.items() if f"//{host}/" in text]


def asked(address: tuple[str, str]) -> Finding:
    """Whether a host answers at all, be it with a refusal."""
    import requests

    host, url = address
    names = ", ".join(data_sets(host)) or "wheels: ml100k and the text encoder"
    try:
        requests.head(url, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        text = f"{host} does not answer ({type(error).__name__}): {names}"
        return Finding("network", NOTE, text, "dataset.archive=FILE for a copy that you have")
    return Finding("network", GOOD, f"{host}: {names}")


def network() -> list[Finding]:
    """A line for each host; all are asked at once."""
    with ThreadPoolExecutor(16) as pool:
        return [*pool.map(asked, addresses().items())]

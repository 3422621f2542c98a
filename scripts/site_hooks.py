"""What `make docs` does to the pages of docs/ beside mkdocs itself; mkdocs.yml names this file."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]
TOP = ("CHANGELOG.md", "CONTRIBUTING.md")
"""Pages of the site that lie beside docs/."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie beside docs/."""
    for name in TOP:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """A page whose links and tables are those of the site."""
    if page.file.src_uri in TOP:
        markdown = markdown.replace("](docs/", "](")
    markdown = re.sub(rf"\]\(\.\./((?:\.\./)*(?:{'|'.join(TOP)}))", r"](\1", markdown)
    return "\n".join(map(row, markdown.split("\n")))


def row(line: str) -> str:
    r"""A line whose cells are those of GitHub, where `\|` is a bar within code too."""
    if not line.startswith("|"):
        return line
    return re.sub(r"`[^`]*`", lambda code: code[0].replace("\\|", "|"), line)

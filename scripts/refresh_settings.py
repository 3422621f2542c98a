"""Write docs/settings.md from the classes that declare the settings and from conf/."""

import sys
from pathlib import Path

from crs.settings.reference import document

FILE = Path(__file__).parents[1] / "docs" / "settings.md"

if __name__ == "__main__":
    FILE.write_text(document())
    sys.stdout.write(f"wrote {FILE}\n")

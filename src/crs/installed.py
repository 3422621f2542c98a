"""Where the suite is: in a checkout, or installed from a wheel, which has conf/ inside."""

from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
"""The root of the repository, if this is a checkout."""
PACKAGED = Path(__file__).with_name("conf")
"""conf/, if this is installed."""
INSTALLED = PACKAGED.is_dir()
CONF = PACKAGED if INSTALLED else CHECKOUT / "conf"
"""The values of all settings."""
HERE = Path() if INSTALLED else CHECKOUT / "src"
"""Where `--config-path` is counted from."""
TRAIN = "crs" if INSTALLED else "python src/train.py"
"""What is typed to train."""

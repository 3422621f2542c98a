"""CITATION.cff names the version of the suite."""

from pathlib import Path

from omegaconf import OmegaConf

from crs.version import __version__


def test_the_citation_is_of_this_version():
    cited = OmegaConf.load(Path(__file__).parents[1] / "CITATION.cff")
    assert cited.version == __version__

"""Colours and lines of the pictures."""

from itertools import combinations

from matplotlib.colors import to_rgb

from crs.evaluation import style

# Viénot, Brettel & Mollon 1999: how linear red and green reach an eye without the one cone or the
# other; blue stays.
PROTAN, DEUTAN = (0.11238, 0.88762), (0.29275, 0.70725)


def seen(colour: str, mixed: tuple[float, float]) -> tuple[float, float]:
    """A colour to an eye that tells red and green by their mixture alone."""
    red, green, blue = (part**2.2 for part in to_rgb(colour))
    return (mixed[0] * red + mixed[1] * green) ** (1 / 2.2), blue ** (1 / 2.2)


def test_colours_differ_for_the_colour_blind():
    for mixed in (PROTAN, DEUTAN):
        for one, two in combinations(style.COLOURS, 2):
            here, there = seen(one, mixed), seen(two, mixed)
            assert sum((a - b) ** 2 for a, b in zip(here, there, strict=True)) ** 0.5 > 0.1


def test_seventy_lines_differ_by_colour_or_marker():
    lines = [style.line(number) for number in range(70)]
    assert len({(one["color"], one["marker"]) for one in lines}) == 70


def test_the_style_is_for_one_picture():
    with style.pyplot() as plt:
        assert plt.rcParams["axes.titlelocation"] == "left"
    assert plt.rcParams["axes.titlelocation"] == "center"


def test_a_heading_is_plain_text():
    assert style.heading("", "a\nb", "\x1b") == "a b\n\\x1b"

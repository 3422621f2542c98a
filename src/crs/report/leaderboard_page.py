"""A leaderboard where it is read: a page of Markdown, one of HTML, and its part of the README."""

from pathlib import Path
from textwrap import fill

from crs.errors import UserError
from crs.escape import markup
from crs.evaluation.results import markdown
from crs.report.leaderboard import METRIC, Board, Leaderboard, Standing
from crs.report.page import Charts, document, html_table, of_frame, of_lineage

BEGIN, END = "<!-- scripts/leaderboard.py writes this -->", "<!-- until here -->"
TEXT, CSV, HTML = (f"leaderboard.{end}" for end in ("md", "csv", "html"))
WIDTH = 100
ABOUT = (
    "One row a model: of its own scorers the one that is best on validation, with the settings of "
    "conf/ for that dataset and the protocol of the dataset. Rows are sorted by the first figure, "
    "which is of validation; the others are of the test split. Figures are means over seeds, ± "
    "half of the 95 % Student interval.",
    f"Every row is compared with the best baseline of the same board in {METRIC}, on the same "
    "cases, over the seeds that both have: the mean difference, its 95 % interval, and a two-sided "
    "sign-flip test, both over users or dialogues; p by Holm over the rows of the board. A "
    "baseline is a model that trains nothing but the shared encoder; the best one is chosen on "
    "validation.",
    "The column sees says what a scorer is told. Users are simulated from the target's own "
    "attributes, so rows that see text or attributes are to be compared with each other, and not "
    "with rows that see the history alone.",
    "Minutes are those of one seed from an empty store, on the machine that made it, the mean over "
    "seeds; of a stage that was resumed the last attempt counts. MB is the peak memory of a "
    "process by the end of a stage, the highest of any; the jobs of a sweep share a process. "
    "Parameters are the numbers in the weights of the model, with those of the encoder that it "
    "reads.",
    "Results are found by their fingerprints, which the planner of the suite gives. Results of "
    "other settings, protocols or inputs have other ones and stand in no row.",
)
SYNTHETIC = "The data are generated, for tests: these figures say nothing about the models."
NO_ROW = "There is no row yet."


def page(leaderboard: Leaderboard) -> str:
    """The page of Markdown."""
    lines = [
        "# Leaderboard",
        "",
        wrapped("This page is written, with its twins in HTML and CSV, by"),
    ]
    lines += ["", f"    {leaderboard.command}", ""]
    for text in ABOUT:
        lines += [wrapped(text), ""]
    for standing in leaderboard.standings:
        lines += of_standing(standing, standing.dataset in leaderboard.entries.synthetic)
    for title, entries in left_out(leaderboard).items():
        lines += [f"## {title}", "", *(wrapped(entry, "- ") for entry in entries), ""]
    return "\n".join(lines).rstrip() + "\n"


def wrapped(text: str, begin: str = "") -> str:
    """A paragraph in lines of a page.

    Args:
        begin: stands before it; the further lines are indented by as much.
    """
    return fill(
        markup(text),
        WIDTH,
        initial_indent=begin,
        subsequent_indent=" " * len(begin),
        break_long_words=False,
        break_on_hyphens=False,
    )


def of_standing(standing: Standing, synthetic: bool) -> list[str]:
    """The part of the page about a dataset."""
    lines = [f"## {standing.dataset}", "", *([f"**{SYNTHETIC}**", ""] if synthetic else [])]
    lines += [part(standing), ""]
    if commands := [command for board in standing.boards for command in board.commands()]:
        lines += ["The command of each row:", "", *(f"    {one}" for one in commands), ""]
        lines += ["Seconds by stage:", ""]
        for board in standing.boards:
            lines += [markdown(board.stages()), ""]
    if standing.missing:
        lines += ["What makes the missing seeds:", ""]
        lines += [f"    {entry.command(entry.missing)}" for entry in standing.missing] + [""]
    return lines


def part(standing: Standing) -> str:
    """The tables of a dataset and what they lack, the same on every page."""
    blocks = []
    for board in standing.boards:
        blocks += [f"{markup(board.table.title)}:", markdown(board.texts())]
    if blocks and standing.missing:
        blocks.append(wrapped(f"Missing: {'; '.join(missing(standing))}."))
    return "\n\n".join(blocks) or NO_ROW


def missing(standing: Standing) -> list[str]:
    """Which seeds of which models are not in the store."""
    return [
        f"{entry.model} (seed{'s' * (len(entry.missing) > 1)} {', '.join(map(str, entry.missing))})"
        for entry in standing.missing
    ]


def left_out(leaderboard: Leaderboard) -> dict[str, list[str]]:
    """What no row is made of and why, by a heading."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for model, dataset, why in leaderboard.entries.refused:
        reasons.setdefault((dataset, why), []).append(model)
    found = {
        "Datasets that need files": [
            f"{name}: {how}" for name, how in leaderboard.entries.wanting.items()
        ],
        "Models that a dataset does not carry": [
            f"{dataset}: {', '.join(models)}: {why}." for (dataset, why), models in reasons.items()
        ],
    }
    return {title: entries for title, entries in found.items() if entries}


def html(leaderboard: Leaderboard) -> str:
    """The page of HTML."""
    parts = [f"<p><code>{markup(leaderboard.command)}</code></p>"]
    parts += [f"<p>{markup(text)}</p>" for text in ABOUT]
    for standing in leaderboard.standings:
        parts.append(f"<h2>{markup(standing.dataset)}</h2>")
        if standing.dataset in leaderboard.entries.synthetic:
            parts.append(f"<p><strong>{SYNTHETIC}</strong></p>")
        parts += [of_board(board) for board in standing.boards]
        if not standing.boards:
            parts.append(f"<p>{NO_ROW}</p>")
        if standing.missing:
            rows = [[e.model, len(e.missing), e.command(e.missing)] for e in standing.missing]
            parts.append("<h3>Missing</h3>" + html_table(["model", "seeds", "command"], rows))
    for title, entries in left_out(leaderboard).items():
        items = "".join(f"<li>{markup(entry)}</li>" for entry in entries)
        parts.append(f"<h2>{title}</h2><ul>{items}</ul>")
    return document("Leaderboard", parts, Charts())


def of_board(board: Board) -> str:
    """The part of the page about results that answer one question."""
    models = [row["model"] for row in board.table.rows]
    frame = board.texts().assign(
        MB=[board.memory(model) for model in models],
        parameters=[board.parameters(model) for model in models],
    )
    labelled = [(f"{model} seed {record.seed}", record) for model in models
                for record in board.found[model]]  # fmt: skip
    rows = list(map(list, zip(models, board.commands(), strict=True)))
    return "\n".join(
        [
            f"<h3>{markup(board.table.title)}</h3>{of_frame(frame)}",
            f"<h3>Commands</h3>{html_table(['model', 'command'], rows)}",
            f"<h3>Seconds by stage</h3>{of_frame(board.stages())}",
            "<h3>Where it comes from</h3>",
            *(of_lineage(record, label) for label, record in labelled),
        ]
    )


def marked(text: str, inside: str, where: str) -> str:
    """A text with another part between the two marks.

    Args:
        where: the file that the text is of.
    Raises:
        UserError: if it has not each mark once.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise UserError(f"{where}: there is not one part between the lines {BEGIN} and {END}")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{inside}\n\n{END}{after}"


def write(leaderboard: Leaderboard, folder: Path) -> None:
    """Write the two pages and the table for programs."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {TEXT: page(leaderboard), HTML: html(leaderboard)}
    for name, text in texts.items():
        (folder / name).write_text(text)
    leaderboard.csv().to_csv(folder / CSV, index=False)

"""Text of others (titles, names, utterances, answers, file names) where it is shown to people.

One function for each language that it is put into. What looks ordinary stays as it is.
"""

import re

CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029"  # what moves a cursor, starts an escape sequence, ends a line
    "\u202a-\u202e\u2066-\u2069"  # what turns round the order of the letters that follow
    "\ud800-\udfff]"  # halves of pairs, as in file names that are no text: print would fail
)
MEANS = re.compile(
    r"""
    [<`*~$|\\]
    | &(?=[\#\w])                          # a character reference
    | (?<![^\W_])_ | _(?![^\W_])           # emphasis, but not inside of a word
    | \](?=[(\[:])                         # a link, an image, the address of one
    | :(?=//) | (?<=www)\. | @(?=[a-z])    # addresses that become links by themselves
    | ^(?: > | [#=+-](?=[#=+-]*(?:\s|$)) | \[(?=[\ x]\]) )      # what begins a block
    | ^\d{1,9}[.)](?=\s|$)                 # an entry of a list; 1984. is a title
    """,
    re.VERBOSE | re.IGNORECASE,
)


def terminal(text: str) -> str:
    """One line of plain text: white space of any kind becomes a blank, what is no character but a
    command to the terminal is written out (`\\x1b`)."""

    def shown(found: re.Match[str]) -> str:
        return " " if found[0].isspace() else ascii(found[0])[1:-1]

    return CONTROL.sub(shown, text)


def markup(text: str) -> str:
    """One line of Markdown or HTML that shows the text, and means nothing.

    Each character that would mean something becomes a numeric reference, which both languages show
    and neither reads. For text between tags, not for code spans or attributes of tags.
    """

    def shown(found: re.Match[str]) -> str:
        return f"{found[0][:-1]}&#{ord(found[0][-1])};"

    return MEANS.sub(shown, terminal(text).strip())

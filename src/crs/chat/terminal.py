"""A chat in the terminal."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crs.chat.explanations import answer, beside, reasons
from crs.chat.session import Wording
from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.escape import terminal
from crs.ids import Number
from crs.serving import System

HELP = """\
Type what you would like; names of attributes, years and titles are understood,
the rest is for the model. Answer a question by yes, no or any; of a list say
`more like 2`, `not 3`, `I have seen 1`, `why 2?`, `others`; `undo` takes back.
  /no 2 4      you do not want items 2 and 4     /none       none of these
  /user ID     be this user of the data set      /add TITLE  you have had it
  /history     what you have had                 /new        start again
  /help        this                              /quit       leave"""
LEAVES = {"/quit", "/q", "quit", "exit", "bye", "goodbye"}


class Terminal:
    """One person at a terminal.

    Args:
        voice: words the answers; None: the rules' own sentences.
    """

    def __init__(
        self, system: System, console: Console, settings: TurnSettings, voice: Wording | None = None
    ) -> None:
        self.system, self.console, self.settings, self.voice = system, console, settings, voice
        self.history: list[int | str] = []
        self.reply: Reply | None = None
        self.begin([])

    def begin(self, history: list[int | str]) -> None:
        """A new conversation of a user with these items, by their ids."""
        self.history = history
        numbers = [*map(self.system.item_ids.number, history)]  # ids, and no titles
        self.talk: Conversation = self.system.talk(numbers, self.settings)
        self.reply = None

    def run(self) -> None:
        """Talk until the person leaves."""
        self.console.print(HELP, markup=False, highlight=False)
        self.reply = self.talk.show()
        self.show(self.reply, "")
        while True:
            try:
                words = self.console.input("[bold]you:[/bold] ").strip()
            except (EOFError, KeyboardInterrupt):
                return
            if not self.console.is_terminal:  # nobody's keys show what was typed
                self.tell(words)
            if words.lower().rstrip(".!") in LEAVES:
                return
            if words:
                self.line(words)

    def line(self, words: str) -> None:
        """Answer one line of the person; a mistake is shown as one sentence."""
        try:
            if reply := self.answer(words):
                self.reply = reply
                self.show(reply, words)
        except UserError as mistake:
            self.tell(f"{mistake}", "red")

    def answer(self, words: str) -> Reply | None:
        """What a line leads to; None if there is nothing new to recommend.

        Raises:
            UserError: on a command that does not exist, and on a number that was not shown.
        """
        command, _, rest = words.partition(" ")
        match command:
            case "/no":
                for item in self.shown(rest):
                    self.reply = self.talk.refuse(item)
                return self.reply
            case "/none":
                return self.talk.others(["none of these"])
            case "/user":
                if not rest.strip():
                    raise UserError(f"/user needs an id, e.g. /user {self.system.user_ids[1]}")
                self.begin(self.system.history_of(rest.strip()))
                return self.talk.show()
            case "/add":
                added = self.system.item(rest.strip())
                self.begin([*self.history, self.system.item_ids[added]])
                return self.talk.show()
            case "/history":
                titles = "; ".join(self.system.titles[item] for item in self.talk.history)
                self.tell(titles or "nothing yet")
                return None
            case "/new":
                self.begin([])
                return self.talk.show()
            case "/help":
                self.console.print(HELP, markup=False, highlight=False)
                return None
        if words.startswith("/"):
            raise UserError(f"{command}: no such command; /help lists them")
        return self.talk.say(words)

    def tell(self, words: str, style: str = "") -> None:
        """A line of text, in which nothing is a command to the terminal or a mark of Rich's."""
        self.console.print(Text(terminal(words), style))

    def shown(self, numbers: str) -> list[Number]:
        """The items of the numbers in the list that is shown."""
        items = self.reply.items if self.reply else []
        asked = numbers.split()
        if not asked or not all(n.isdecimal() and 1 <= int(n) <= len(items) for n in asked):
            raise UserError(f"/no needs numbers of the list, 1 to {len(items)}, e.g. /no 2")
        return [items[int(n) - 1] for n in asked]

    def show(self, reply: Reply, said: str) -> None:
        """What the system answers, the list, and why; the answer alone where that was asked."""
        for sentence in reply.told:
            self.tell(sentence)
        if not reply.told:
            titles = self.system.titles
            self.tell(self.voice(self.talk, reply, said) if self.voice else answer(reply, titles))
            self.list(reply)
        if reply.question:
            self.tell(reply.question)

    def list(self, reply: Reply) -> None:
        """The list and why."""
        table = Table(show_header=False, box=None, padding=(0, 1))
        for number, item in enumerate(reply.items, 1):
            title = terminal(self.system.titles[item])
            about = terminal(beside(reply, number - 1, self.system.titles[item]))
            table.add_row(Text(str(number), "bold"), Text(title), Text(about, "dim"))
        self.console.print(table)
        for about, words in reasons(self.talk, reply):
            self.tell(f"  {about}: {words}", "dim")

"""A chat as a page in the browser, on this machine alone (Gradio, extra `web`)."""

import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from crs.chat.cards import CSS, bars, cards_of, known
from crs.chat.guard import guards
from crs.chat.session import Session, Wording
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.escape import markup
from crs.extras import install
from crs.loopback import HOST
from crs.serving import System

FOUND, SUGGESTIONS, LONGEST = 8, 6, 1000
"""Titles that a search shows, buttons with suggestions, and letters of what may be said."""
ACTIONS = {"like": "More like", "refuse": "Not", "why": "Why"}
"""What the buttons of a card do, and what they are called."""
SAVE = """(text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/plain"}));
  link.download = "conversation.txt";
  link.click();
  URL.revokeObjectURL(link.href);
}"""


def gradio() -> Any:
    """Gradio, with its calls to other hosts off.

    Raises:
        UserError: if it is not installed.
    """
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    try:
        import gradio
    except ImportError as error:
        raise UserError(f"--web needs Gradio: {install('web')}") from error
    return gradio


def shows_mistakes(event: Callable[..., Any]) -> Callable[..., Any]:
    """An event of `Page` that shows a `UserError` as one sentence in a corner of the page."""

    @wraps(event)
    def shown(page: "Page", *args: Any) -> Any:
        try:
            return event(page, *args)
        except UserError as mistake:
            # Gradio takes the sentence for HTML.
            raise page.gr.Error(markup(str(mistake)), print_exception=False) from mistake

    return shown


class Page:
    """The page's answers to what is clicked and typed. What one person said is in a `Session`.

    Args:
        voice: words the answers; None: the rules' own sentences.
    """

    def __init__(
        self, system: System, settings: TurnSettings, voice: Wording | None = None
    ) -> None:
        self.system, self.settings, self.voice = system, settings, voice
        self.gr = gradio()

    def choices(self, ids: Iterable[int | str]) -> list[tuple[str, int | str]]:
        """Titles and ids of items."""
        return [(self.system.titles[self.system.item_ids.number(one)], one) for one in ids]

    @shows_mistakes
    def take_user(self, user: str) -> Any:
        """The history of a user of the data set, named as in the user's file."""
        history = self.system.history_of(str(user or "").strip())
        return self.gr.update(choices=self.choices(history), value=history)

    def search(self, words: str, history: list[int | str]) -> Any:
        """The titles that are found by words, those of the history ticked."""
        numbers = self.system.search(words, FOUND)["item"].tolist() if words.strip() else []
        if words.strip() and not numbers:  # as people misspell it
            numbers = [place + 1 for place in self.system.named.find(words)[:FOUND]]
        found = [self.system.item_ids[number] for number in numbers]
        none = f"No title has the words “{words.strip()}”." if words.strip() and not found else ""
        return self.gr.update(
            choices=self.choices(found),
            value=[one for one in found if one in history],
            visible=bool(words.strip()),
            info=none,
        )

    def tick(self, ticked: list[int | str], words: str, history: list[int | str]) -> Any:
        """The history with the found titles that are ticked, and without the others found."""
        found = [one for _, one in self.search(words, history)["choices"]]
        kept = [one for one in history if one not in found or one in ticked]
        whole = [*kept, *(one for one in ticked if one not in kept)]
        return self.gr.update(choices=self.choices(whole), value=whole)

    @shows_mistakes
    def begin(self, history: list[int | str]) -> list[Any]:
        """A new conversation with this history."""
        numbers = [*map(self.system.item_ids.number, history)]  # ids, and no titles
        return self.shown(Session(self.system.talk(numbers, self.settings), self.voice))

    @shows_mistakes
    def say(self, words: str, session: Session | None) -> list[Any]:
        """Words of the person, to which an empty line adds none; `session` is None if none could
        begin."""
        if session is None:
            raise UserError("No conversation has begun: load the page again.")
        if words.strip():
            session.say(words)
        return ["", *self.shown(session)]

    @shows_mistakes
    def act(self, action: str, session: Session, *place: int) -> list[Any]:
        """What a button does: `like`, `refuse`, `why` or `undo`."""
        getattr(session, action)(*place)
        return self.shown(session)

    def shown(self, session: Session) -> list[Any]:
        """The session, the conversation, the cards, suggestions, intents, reasons, and undo."""
        gr, reply, most = self.gr, session.reply, self.settings.shown
        said = [{"role": line.role, "content": markup(line.text)} for line in session.lines]
        cards = cards_of(session)
        rows = [gr.update(visible=n < len(cards)) for n in range(most)]
        hints = session.suggestions()[:SUGGESTIONS]
        hints += [""] * (SUGGESTIONS - len(hints))
        return [
            session,
            said,
            *rows,
            *cards,
            *[""] * (most - len(cards)),
            *(gr.update(value=one, visible=bool(one)) for one in hints),
            gr.update(value=bars(reply), visible=bool(reply.intents)),
            known(session),
            gr.update(interactive=bool(session.talk.past)),
        ]

    def prose(self, value: str = "", elem_id: str | None = None) -> Any:
        """A place for Markdown, in which `$$` are two dollars."""
        return self.gr.Markdown(value, elem_id=elem_id, latex_delimiters=[])

    def button(self, name: str) -> Any:
        """A small button, as wide as its name."""
        return self.gr.Button(name, size="sm", scale=0, min_width=0)

    def build(self) -> Any:
        """The page."""
        gr, noun = self.gr, self.system.noun
        with gr.Blocks(title="CRS Suite") as page:
            session = gr.State(None)
            self.prose(f"### {self.system.model} on {markup(self.system.label)}")
            with gr.Accordion(f"Your history: {noun}s you have had", open=False):
                with gr.Row():
                    words = gr.Textbox(label="Search titles", placeholder="words of a title")
                    user = gr.Textbox(label="Or be a user of the data set", placeholder="id, Enter")
                found = gr.CheckboxGroup(label="Found: tick what you have had", visible=False)
                history = gr.Dropdown(
                    [], value=[], multiselect=True, label="History, oldest first", elem_id="history"
                )
            with gr.Row():
                with gr.Column(scale=1):
                    chat = gr.Chatbot(
                        label="Conversation", height=340, buttons=[], latex_delimiters=[]
                    )
                    wish = gr.Textbox(
                        label="What would you like?",
                        placeholder="a drama from the 90s, but nothing sad",
                        autofocus=True,
                        max_length=LONGEST,
                        submit_btn=True,
                    )
                    with gr.Row(elem_id="hints"):
                        hints = [self.button("") for _ in range(SUGGESTIONS)]
                    with gr.Row(elem_id="tools"):
                        undo = self.button("Undo")
                        again = self.button("Start again")
                        save = self.button("Save the transcript")
                    text = gr.Textbox(visible="hidden", elem_id="transcript")
                with gr.Column(scale=1):
                    rows, cards, buttons = [], [], []
                    for number in range(1, self.settings.shown + 1):
                        with gr.Row(visible=False, elem_classes="item") as row:
                            cards.append(gr.HTML(elem_id=f"title-{number}", padding=False))
                            with gr.Row(elem_classes="acts"):
                                for action, name in ACTIONS.items():
                                    button = self.button(f"{name} {number}")
                                    buttons.append((button, action, number - 1))
                        rows.append(row)
                    intents = gr.HTML(elem_id="intents", visible=False)
                    why = self.prose(elem_id="why")
            shown = [session, chat, *rows, *cards, *hints, intents, why, undo]
            one_by_one = {"concurrency_id": "talk", "show_progress": "hidden"}
            user.submit(self.take_user, user, history)
            words.change(self.search, [words, history], found, trigger_mode="always_last")
            found.input(self.tick, [found, words, history], history)
            for begins in (page.load, history.change, chat.clear, again.click):
                begins(self.begin, history, shown, **one_by_one)
            wish.submit(self.say, [wish, session], [wish, *shown], **one_by_one)
            for hint in hints:
                hint.click(self.say, [hint, session], [wish, *shown], **one_by_one)
            for button, action, place in buttons:
                button.click(self.acting(action, place), session, shown, **one_by_one)
            undo.click(self.acting("undo"), session, shown, **one_by_one)
            written = save.click(self.transcript, session, text, show_progress="hidden")
            written.then(None, text, None, js=SAVE)
        return page

    def transcript(self, session: Session | None) -> str:
        """What is saved."""
        return session.transcript() if session else ""

    def acting(self, action: str, *place: int) -> Any:
        """What one button does."""
        return lambda session: self.act(action, session, *place)


def serve(page: Page, port: int, block: bool = True) -> tuple[Any, str]:
    """Open the page on this machine alone; port 0 takes a free one.

    Returns:
        the Gradio app (`close()` ends it) and its address; at once if it does not block.
    """
    gr, app = page.gr, page.build()
    # Fonts of the system: the themes' own would be asked of a server elsewhere.
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["monospace"]}
    _, address, _ = app.launch(
        server_name=HOST,
        server_port=port or None,
        share=False,
        quiet=True,
        prevent_thread_lock=not block,
        theme=gr.themes.Default(**fonts),
        css=CSS,
        footer_links=["gradio"],
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        app_kwargs={"middleware": guards()},
    )
    return app, address

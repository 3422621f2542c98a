"""A chat as a page in the browser, on this machine alone (Gradio, extra `web`)."""

import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from crs.chat.explanations import reasons
from crs.chat.guard import HOST, guards
from crs.dialogue.conversation import Conversation
from crs.dialogue.shown import Reply
from crs.dialogue.turn import TurnSettings
from crs.errors import UserError
from crs.escape import markup
from crs.extras import install
from crs.serving import System

CSS = """
.item {align-items: center; gap: 4px}
#history .wrap-inner {max-height: 110px; overflow-y: auto}
"""


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


def explained(talk: Conversation, reply: Reply) -> str:
    """Why, as Markdown."""
    items = [f"- **{n}**: {markup(why)}" for n, why in enumerate(reply.why, 1) if why]
    known = [f"- **{about}**: {markup(words)}" for about, words in reasons(talk, reply)]
    nothing = ["Nothing is known yet: choose a history or say a wish."]
    return "\n".join([*items, "", *(known or nothing)])


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
    """The page's answers to what is clicked and typed. A session's state is its `Conversation`."""

    def __init__(self, system: System, settings: TurnSettings) -> None:
        self.system, self.settings = system, settings
        self.gr = gradio()

    def choices(self, ids: Iterable[int | str]) -> list[tuple[str, int | str]]:
        """Titles and ids for the list of the history."""
        return [(self.system.titles[self.system.item_ids.number(one)], one) for one in ids]

    @shows_mistakes
    def take_user(self, user: str) -> Any:
        """The history of a user of the data set, named as in the user's file."""
        history = self.system.history_of(str(user or "").strip())
        return self.gr.update(choices=self.choices(history), value=history)

    @shows_mistakes
    def search(self, words: str, history: list[int | str]) -> Any:
        """Titles that can be added to the history."""
        numbers = self.system.search(words)["item"].tolist() if words.strip() else []
        found = [self.system.item_ids[number] for number in numbers]
        if not found:
            raise UserError(f"No title has the words {words!r}.")
        kept = [item for item in history if item not in found]
        return self.gr.update(choices=self.choices([*kept, *found]), value=history)

    @shows_mistakes
    def begin(self, history: list[int | str]) -> list[Any]:
        """A new conversation with this history."""
        numbers = [*map(self.system.item_ids.number, history)]  # ids, and no titles
        talk = self.system.talk(numbers, self.settings)
        reply = talk.show()
        asks = [{"role": "assistant", "content": markup(reply.question)}] if reply.question else []
        return [talk, asks, *self.shown(talk, reply)]

    @shows_mistakes
    def say(self, words: str, talk: Conversation | None, said: list[dict[str, str]]) -> list[Any]:
        """Words of the person; `talk` is None if none could begin."""
        if not words.strip():
            raise UserError("Say what you would like.")
        if talk is None:
            raise UserError("No conversation has begun: load the page again.")
        reply = talk.say(words)
        heard = f"Understood: {', '.join(reply.understood)}." if reply.understood else "I see."
        answer = f"{heard} {reply.question}".strip()
        both = (("user", words), ("assistant", answer))
        said = [*said, *({"role": role, "content": markup(text)} for role, text in both)]
        return ["", said, *self.shown(talk, reply)]

    @shows_mistakes
    def refuse(self, place: int, talk: Conversation, items: list[int]) -> list[Any]:
        """One of the items is not wanted."""
        return self.shown(talk, talk.refuse(items[place]))

    def shown(self, talk: Conversation, reply: Reply) -> list[Any]:
        """The ids, the rows, their texts, and why."""
        names, most = self.system.titles, self.settings.shown
        titles = [f"**{n}.** {markup(names[item])}" for n, item in enumerate(reply.items, 1)]
        blank = most - len(titles)
        rows = [self.gr.update(visible=n < len(titles)) for n in range(most)]
        return [reply.items, *rows, *titles, *[""] * blank, explained(talk, reply)]

    def prose(self, value: str = "", elem_id: str | None = None) -> Any:
        """A place for Markdown, in which `$$` are two dollars."""
        return self.gr.Markdown(value, elem_id=elem_id, latex_delimiters=[])

    def build(self) -> Any:
        """The page."""
        gr, noun = self.gr, self.system.noun
        with gr.Blocks(title="CRS Suite") as page:
            talk = gr.State(None)
            items = gr.State([])
            self.prose(f"### {self.system.model} on {markup(self.system.label)}")
            with gr.Row():
                with gr.Column(scale=1):
                    user = gr.Textbox(label="User of the data set", placeholder="id, Enter")
                    take = gr.Button("Take this user's history")
                with gr.Column(scale=3):
                    words = gr.Textbox(label="Search titles", placeholder="words of a title, Enter")
                    history = gr.Dropdown(
                        [],
                        value=[],
                        multiselect=True,
                        label=f"History: every {noun} you have had",
                        elem_id="history",
                    )
            with gr.Row():
                with gr.Column(scale=1):
                    chat = gr.Chatbot(
                        label="Conversation", height=340, buttons=[], latex_delimiters=[]
                    )
                    wish = gr.Textbox(label="What would you like?", autofocus=True)
                with gr.Column(scale=1):
                    rows, texts, buttons = [], [], []
                    for number in range(1, self.settings.shown + 1):
                        with gr.Row(visible=False, elem_classes="item") as row:
                            texts.append(self.prose(elem_id=f"title-{number}"))
                            buttons.append(gr.Button(f"Not {number}", size="sm", scale=0))
                        rows.append(row)
                    gr.Markdown("#### Why")
                    why = self.prose(elem_id="why")
            shown = [items, *rows, *texts, why]
            take.click(self.take_user, user, history)
            user.submit(self.take_user, user, history)
            words.submit(self.search, [words, history], history)
            page.load(self.begin, history, [talk, chat, *shown])
            history.change(self.begin, history, [talk, chat, *shown])
            chat.clear(self.begin, history, [talk, chat, *shown])
            wish.submit(self.say, [wish, talk, chat], [wish, chat, *shown])
            for place, button in enumerate(buttons):
                button.click(self.refuser(place), [talk, items], shown)
        return page

    def refuser(self, place: int) -> Any:
        """What the button of one row does."""
        return lambda talk, items: self.refuse(place, talk, items)


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

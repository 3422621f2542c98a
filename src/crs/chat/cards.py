"""HTML and Markdown of the page: a card for each title, a bar for each intent, and what is known.

All colours are those of the page's theme, so that they hold in dark mode too.
"""

from crs.chat.explanations import reasons
from crs.chat.session import Session
from crs.dialogue.shown import Reply
from crs.escape import markup

CSS = """
.item {border: 1px solid var(--border-color-primary); border-radius: 8px; padding: 8px 12px;
  gap: 4px 12px; align-items: center; background: var(--block-background-fill)}
.item > .block {flex: 1 1 220px; min-width: 0}
.item .html-container {padding: 0}
.acts {flex: 0 0 auto; width: auto; gap: 4px}
.card .name {font-weight: 600; overflow-wrap: anywhere}
.card .tag {display: inline-block; margin: 2px 4px 0 0; padding: 0 8px; border-radius: 10px;
  font-size: .85em; background: var(--background-fill-secondary);
  border: 1px solid var(--border-color-primary)}
.card .match {font-size: .85em; color: var(--body-text-color); opacity: .75}
.intent {margin: 6px 0; font-size: .9em}
.intent .track {height: 8px; border-radius: 4px; background: var(--background-fill-secondary);
  border: 1px solid var(--border-color-primary); overflow: hidden}
.intent .fill {height: 100%; background: var(--color-accent)}
#hints, #tools {gap: 6px}
.acts button, #hints button, #tools button {flex: 0 0 auto; white-space: nowrap}
#history .wrap-inner {max-height: 110px; overflow-y: auto}
@media (max-width: 640px) {
  .acts button, #hints button, #tools button {min-height: 40px; padding: 0 12px}
}
button:focus-visible {outline: 2px solid var(--color-accent); outline-offset: 1px}
"""


def cards_of(session: Session) -> list[str]:
    """A card for each item of the list: title, attributes and year, and whether it matches."""
    reply = session.reply
    found = []
    parts = zip(reply.items, reply.about, reply.match, strict=True)
    for number, (item, about, match) in enumerate(parts, 1):
        title = markup(session.titles[item])
        tags = "".join(f'<span class="tag">{markup(one)}</span>' for one in about)
        found.append(
            f'<div class="card"><div class="name">{number}. {title}</div><div>{tags}</div>'
            f'<div class="match">{markup(match)}</div></div>'
        )
    return found


def bars(reply: Reply) -> str:
    """A bar for each of the strongest intents, and one for all others together."""
    rows = [(share, "; ".join(titles)) for share, titles in reply.intents]
    others = 1 - sum(share for share, _ in rows)
    if rows and others >= 0.005:
        rows.append((others, "all others"))
    found = [
        f'<div class="intent"><b>{share:.0%}</b> {markup(titles)}<div class="track">'
        f'<div class="fill" style="width: {share:.1%}"></div></div></div>'
        for share, titles in rows
    ]
    return f"<b>Intents, each by its most typical titles</b>{''.join(found)}" if rows else ""


def known(session: Session) -> str:
    """What the system knows of the person, as Markdown; the bars show the intents."""
    told = reasons(session.talk, session.reply)
    found = [f"- **{about}**: {markup(words)}" for about, words in told if "intent " not in about]
    return "\n".join(found or ["Nothing is known yet: choose a history or say a wish."])

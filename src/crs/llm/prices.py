"""What requests cost: before they are sent, at most; afterwards, as the tokens were counted."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from crs.llm.request import Request
from crs.settings.llm import LLM, Rate

BYTES_PER_TOKEN = 3.0
"""On the dear side: prompts of film titles had 3.1 with a small vocabulary (49,152 tokens; the
vendors' are larger), and other scripts have fewer characters a token but more bytes each."""
FRAME_TOKENS = 8
"""What a chat template adds to a message."""
FREE = ("none", "local", "replay")
MILLION = 1e6


def rate_of(settings: LLM) -> Rate | None:
    """The price of the model: as set, of the table, or nothing on this machine; None if unknown."""
    if settings.usd_in is not None and settings.usd_out is not None:
        return Rate(settings.usd_in, settings.usd_out, "llm.usd_in, llm.usd_out")
    if settings.provider in FREE:
        return Rate(0.0, 0.0, "always")
    if found := settings.prices.models.get(settings.model):
        return found
    host = urlsplit(settings.base_url or "").hostname
    return Rate(0.0, 0.0, "always") if host in ("127.0.0.1", "localhost", "::1") else None


def usd(settings: LLM, tokens_in: int, tokens_out: int) -> float:
    """The price of so many tokens; a batch costs its share of it. Unknown models count nothing."""
    rate = rate_of(settings)
    if rate is None:
        return 0.0
    share = settings.prices.batch if settings.provider.endswith("_batch") else 1.0
    return share * (tokens_in * rate.usd_in + tokens_out * rate.usd_out) / MILLION


def tokens_in(request: Request) -> int:
    """Estimated tokens of what is sent."""
    texts = [text for _, text in request.messages] + [request.schema or ""]
    size = sum(len(text.encode()) for text in texts)
    return round(size / BYTES_PER_TOKEN) + FRAME_TOKENS * len(request.messages)


@dataclass(frozen=True)
class Bill:
    """What asking would cost at most.

    Attributes:
        requests: how many there are, and how many `different`; equal ones are sent once.
        answered: how many of the different ones were sent before.
        tokens_in, tokens_out: of the others: estimated, and at most.
        usd: at most; None where the price is not known.
    """

    requests: int
    different: int
    answered: int
    tokens_in: int
    tokens_out: int
    usd: float | None

    def lines(self, settings: LLM) -> list[str]:
        """For readers."""
        rate = rate_of(settings)
        different = f" ({self.different:,} different)" if self.different < self.requests else ""
        lines = [
            f"{self.requests:,} requests{different} to {settings.model} ({settings.provider}), "
            f"{self.answered:,} of them sent before ({settings.ledger})",
            f"about {self.tokens_in:,} tokens in, at most {self.tokens_out:,} out",
        ]
        if rate is None or self.usd is None:
            return [*lines, "price not known: type llm.usd_in=… llm.usd_out=… (a million tokens)"]
        if not (rate.usd_in or rate.usd_out):
            return [*lines, "0 USD"]
        share = settings.prices.batch if settings.provider.endswith("_batch") else 1
        lines.append(
            f"at most {self.usd:,.2f} USD ({rate.usd_in:g} in and {rate.usd_out:g} out for a "
            f"million tokens as of {rate.as_of}, times {share:g}); "
            f"llm.budget_usd={settings.budget_usd:g}"
        )
        if rate.retired:
            lines.append(f"{settings.model} was retired on {rate.retired}, and cannot be asked")
        if rate.note:
            lines.append(f"{settings.model}: {rate.note}")
        return lines

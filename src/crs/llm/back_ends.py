"""The back end that a setting names."""

from pathlib import Path

from crs.errors import UserError
from crs.llm.protocol import Batches, Direct
from crs.settings.llm import LLM
from crs.settings.training import Trainer


def back_end(settings: LLM, trainer: Trainer, cache: Path) -> Direct | Batches:
    """What `llm.provider` names; its library is imported only now."""
    match settings.provider:
        case "gemini_batch":
            from crs.llm.gemini import Gemini

            return Gemini(settings)
        case "openai_batch":
            from crs.llm.openai_batch import OpenAIBatches

            return OpenAIBatches(settings)
        case "openai":
            from crs.llm.openai_chat import OpenAIChat

            return OpenAIChat(settings)
        case "local":
            from crs.llm.local import Local

            return Local(settings, trainer, cache)
        case "replay":
            from crs.llm.replay import Replay

            return Replay(settings)
    raise UserError(
        f"llm={settings.provider}: this needs a language model; type llm=openai_batch, "
        "llm=gemini_batch, llm=openai, llm=local or llm=replay, or simulator=rules"
    )

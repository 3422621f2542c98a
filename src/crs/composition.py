"""What Hydra and OmegaConf say of a configuration that composes to nothing, as one sentence."""

import re
from typing import Any

from omegaconf.errors import ConfigKeyError

from crs import extras
from crs.config import OF_MODELS
from crs.search.typed import of_search, refuse_setting
from crs.settings.keys import refuse_key


def sentence_of(error: BaseException) -> str:
    """The first informative line of an OmegaConf or Hydra message, with its key."""
    inner = error.__cause__ or error
    key = getattr(inner, "full_key", None)
    text = str(getattr(inner, "msg", None) or inner).splitlines()[0]
    within: Any = error.__context__
    if text.startswith("In '") and (of_file := getattr(within, "full_key", None)):
        told: Any = f"{of_file}: {str(within.msg).splitlines()[0]}"
        if isinstance(within, ConfigKeyError):
            told = refuse_setting(name) if (name := of_search(of_file)) else refuse_key(of_file)
        return f"{text.split(':')[0]}: {told}"
    if (found := re.match(r"Could not override '(\w+)'", text)) and found[1] in OF_MODELS:
        owner = OF_MODELS[found[1]].name
        return f"{found[1]}: no other model than model={owner} reads it; leave it out"
    found = re.search(r"Could not find '(hydra/\w+)/(\w+)'", text)
    if found and (extra := extras.CHOICES.get(choice := f"{found[1]}={found[2]}")):
        return f"{choice} needs more: {extras.install(extra)}"
    return f"{key}: {text}" if key and key not in text else text

"""What became of requests, for the manifest, and their answers as lines for `llm=replay`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from crs.llm.model import LanguageModel
from crs.llm.request import Request


def report(llm: LanguageModel, requests: Sequence[Request]) -> dict[str, Any]:
    """Counts over the different requests; `cost_usd` is the price of all that was sent for them,
    whenever that was."""
    rows = list(llm.ledger.rows({llm.key(request) for request in requests}).values())
    reasons = Counter(row.reason.partition(":")[0] for row in rows if row.state == "failed")
    codes = Counter(row.code for row in rows)
    wrong = sum(row.wrong for row in rows)
    checked = codes["right"] + wrong
    return {
        "provider": llm.settings.provider,
        "model": llm.settings.model,
        "requests": len(rows),
        "answered": sum(row.state == "done" for row in rows),
        "refused": reasons["refused"],
        "blocked": reasons["blocked"],
        "errors": reasons["error"],
        "cut_off": sum(row.cut for row in rows),
        "asked_again": sum(row.asked for row in rows) - len(rows),
        "mismatched": wrong,
        "mismatch_rate": wrong / checked if checked else None,
        "without_code": codes["none"],
        **llm.ledger.faults({row.job for row in rows if row.job}),
        "tokens_in": sum(row.tokens_in for row in rows),
        "tokens_out": sum(row.tokens_out for row in rows),
        "cost_usd": round(sum(row.usd for row in rows), 6),
    }


def record(llm: LanguageModel, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """One line for each different request: `content` (its name), `text`, `reason`."""
    rows = llm.ledger.rows({llm.key(request) for request in requests})
    different = {request.content: rows[llm.key(request)] for request in requests}
    return [
        {"content": content, "text": row.answer, "reason": row.reason}
        for content, row in different.items()
    ]

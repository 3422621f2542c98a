"""How generated responses are scored: three kinds of Distinct, BLEU, ROUGE-L, length."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

KS = (1, 2, 3, 4)


def grams(units: Sequence[str], k: int) -> Iterator[tuple[str, ...]]:
    """Runs of k units."""
    return (tuple(units[i : i + k]) for i in range(len(units) - k + 1))


def distinct(responses: list[list[str]], k: int) -> dict[str, float]:
    """Distinct-k as three lines of work define it; their values are not comparable.

    Returns:
        dist_corpus: different k-grams of words over all k-grams (C2-CRS' code). dist_sentence:
        different k-grams of words over the number of responses (KGSF). dist_character: different
        k-grams of characters, spaces among them, over the number of responses (what CRSLab prints).
    """
    words = [gram for tokens in responses for gram in grams(tokens, k)]
    characters = {gram for tokens in responses for gram in grams(" ".join(tokens), k)}
    different, count = len(set(words)), max(1, len(responses))
    return {
        "dist_corpus": different / max(1, len(words)),
        "dist_sentence": different / count,
        "dist_character": len(characters) / count,
    }


class _Words:
    """Responses are tokenised already; libraries must not do it again."""

    def tokenize(self, text: str) -> list[str]:
        """Words between spaces."""
        return text.split()


def overlap(responses: list[list[str]], truths: list[list[str]]) -> dict[tuple[str, int], float]:
    """BLEU-1 to 4 of the corpus (sacrebleu, cumulative, exponential smoothing) and the mean
    F-measure of ROUGE-L (rouge-score), both from 0 to 1, on the tokens as they are."""
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu.metrics.bleu import BLEU

    said, wanted = ([" ".join(tokens) for tokens in texts] for texts in (responses, truths))
    out = {}
    for k in KS:
        bleu = BLEU(tokenize="none", max_ngram_order=k, smooth_method="exp")
        out["bleu", k] = bleu.corpus_score(said, [wanted]).score / 100
    scorer = RougeScorer(["rougeL"], tokenizer=_Words())
    pairs: Iterable[tuple[str, str]] = zip(wanted, said, strict=True)
    out["rouge_l", 0] = float(np.mean([scorer.score(*pair)["rougeL"].fmeasure for pair in pairs]))
    return out

"""LatentCRS: a mixture of latent intents over history and utterance, trained by EM."""

from crs.models.latentcrs.scorers import scorers

__all__ = ["scorers"]

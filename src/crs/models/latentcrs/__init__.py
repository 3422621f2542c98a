"""LatentCRS: a mixture of latent intents over history and utterance, trained by EM."""

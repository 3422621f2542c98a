"""The utterance against the items' own texts, alone and added to the encoder's scores."""

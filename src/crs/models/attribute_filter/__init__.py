"""Items by how many of the utterance's attributes they have, then by popularity."""

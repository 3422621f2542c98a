"""A stage's shards on several processes, of one machine or of several."""

"""Stage `embed`: texts to cached vectors."""

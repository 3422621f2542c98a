"""Language models behind one protocol, and the ledger that never pays twice (docs/llm.md)."""

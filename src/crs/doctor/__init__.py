"""What this machine has for the suite, found without importing a heavy library."""

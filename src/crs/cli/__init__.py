"""The commands: `crs` and its subcommands, and the files src/*.py of a checkout."""

"""The command line program: thin, one module per group of commands."""

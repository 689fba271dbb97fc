"""The command `udi`, a package for each capability; `streams.cli.main` mounts them."""

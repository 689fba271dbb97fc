"""The commands people use: look, load, check, send again. Each module is one group; `streams.cli` mounts them."""

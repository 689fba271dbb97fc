"""The pages people look at and work with."""

"""Input that no hospital sends every day: what it costs beside the usual, and whether memory stays where it is."""

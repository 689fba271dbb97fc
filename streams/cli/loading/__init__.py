"""Files that people have, as records of the input topics."""

"""Commands on differences with the HIS."""

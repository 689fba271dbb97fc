"""Commands on codes and scanners."""

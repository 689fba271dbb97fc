"""The HIS charge catalogue and the national database: items, identifiers, packages, prices."""

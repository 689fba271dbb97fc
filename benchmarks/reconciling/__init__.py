"""How fast the HIS is reconciled: the rule alone, and with its books."""

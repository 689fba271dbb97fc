"""Values of the reconciliation with the HIS: charge lines, differences."""

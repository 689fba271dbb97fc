"""Reconciliation with the HIS (对冲): a pure function of one encounter's uses and lines, and one over encounters.

References:
    docs/reconciliation.md.
"""

from rules.reconciling.comparing import reconcile
from rules.reconciling.patients import PATIENT_WINDOW, across

__all__ = ["PATIENT_WINDOW", "across", "reconcile"]

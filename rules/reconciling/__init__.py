"""The reconciliation with the HIS (对冲): two lists, uses and charge lines, and in what they differ. Pure, any order.

References:
    docs/reconciliation.md.
"""

from rules.reconciling.comparing import reconcile
from rules.reconciling.patients import PATIENT_WINDOW, across

__all__ = ["PATIENT_WINDOW", "across", "reconcile"]

"""The advisory locks of the database: one number, one meaning. Every number in SQL or Python stands here."""

from enum import IntEnum


class AdvisoryLock(IntEnum):
    """The first key of each lock; the second, where there is one, is said beside it."""

    MIGRATING = 1968
    """Who makes or migrates the schema does it alone."""
    PERIOD = 1969
    """By hospital: lanes hold it shared while they record; the close of a month and a recall notice take it alone."""
    COMMANDS = 1970
    """By lane: who accepts a person's command gives it the next number of its lane."""
    RECONCILING = 1971
    """Sessions that compare with the HIS come one by one."""
    ASSIGNING = 1972
    """Who gives held scans to somebody does it alone."""
    CLOSING_CASE = 1973
    """By hospital and encounter: closings of a case are numbered one by one."""
    RULES = 1974
    """By hospital and rule: versions of a monitoring rule are numbered one by one."""
    REVIEWING = 1976
    """By finding: the steps of a review are numbered one by one."""
    RECALLS = 1978
    """By hospital and notice: who lists a recall does it alone."""
    STATEMENTS = 1979
    """By hospital and supplier: versions of a statement are numbered one by one."""
    ORDERS = 1980
    """By hospital: who proposes or releases orders does it alone."""
    COUNTS = 1981
    """By hospital: who starts, posts or cancels a count does it alone."""
    RAW_MONTHS = 1982
    """Who makes a month of raw bytes does it alone."""
    RAW_PURGE = 1983
    """Who lets a month of raw bytes go, takes it out or puts it back does it alone."""
    CABINET = 1990
    """By cabinet: reads come one by one, for what has gone is told from the read before."""

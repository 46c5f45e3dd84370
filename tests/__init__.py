"""All tests. They submit more in a minute than people do in a day, in this process and in those that they start."""

import os

LIMITS = ("PAID_PER_MINUTE", "PAID_PER_DAY", "PAID_PER_MINUTE_MEMBER", "PAID_PER_DAY_MEMBER")
# Here, since Django reads its settings before any conftest.
os.environ |= dict.fromkeys(LIMITS, "0")

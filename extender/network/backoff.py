"""How long to wait before the next try of something that failed."""

import random
from datetime import timedelta

# Beyond this many doublings every wait is the longest one.
MOST_DOUBLINGS = 20


def backoff(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The wait after `failures` tries before this one: `first`, doubled each time up to `longest`, less up to half.

    The random part keeps many that wait for the same outage from coming back in one moment.
    """
    wait = min(longest, first * 2 ** min(failures, MOST_DOUBLINGS))
    return wait * random.uniform(0.5, 1)  # noqa: S311, a wait is no secret

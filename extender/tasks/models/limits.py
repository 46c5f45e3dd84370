"""How many paid requests may be sent in a minute and in a day, by the whole team and by each member."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Each sentence about a limit that is reached begins with it.
REACHED = "The limit of"


@dataclass(frozen=True)
class Limit:
    """At most `most` paid requests in any `span`: of one member each, or of all together."""

    most: int
    span: timedelta
    of_member: bool

    def __str__(self) -> str:
        """That it is reached, in a sentence for whoever waits."""
        span, whose = (
            "minute" if self.span == MINUTE else "day",
            "each member" if self.of_member else "the whole team",
        )
        return f"{REACHED} {self.most} paid request{'s' * (self.most != 1)} a {span} for {whose} is reached."


def limits() -> list[Limit]:
    """Those that the settings name; 0 is none."""
    named = [
        Limit(settings.PAID_PER_MINUTE, MINUTE, of_member=False),
        Limit(settings.PAID_PER_DAY, DAY, of_member=False),
        Limit(settings.PAID_PER_MINUTE_MEMBER, MINUTE, of_member=True),
        Limit(settings.PAID_PER_DAY_MEMBER, DAY, of_member=True),
    ]
    return [limit for limit in named if limit.most]

"""Whether anything may be sent to APIFRAME now: one row that all processes share."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

# The only row.
GATE = 1


class GateQuerySet(models.QuerySet["Gate"]):
    """Sentences about the gate."""

    def closed(self) -> "GateQuerySet":
        """The gate, if nothing may be sent now."""
        return self.filter(Q(cause=Gate.Cause.KEY) | Q(closed_until__gt=Now()))

    def key_refused(self) -> "GateQuerySet":
        """The gate, if it is closed until the key is seen to work again."""
        return self.filter(cause=Gate.Cause.KEY)


class Gate(models.Model):
    """Closed for a while after "too many requests", and after "bad key" until the key is seen to work again."""

    class Cause(models.TextChoices):
        """Why it was closed last."""

        NONE = "", "Open"
        BUSY = "busy", "APIFRAME is taking no more requests for the moment"
        KEY = "key", "APIFRAME does not accept the API key"

    id = models.PositiveSmallIntegerField(primary_key=True, default=GATE, editable=False)
    cause = models.CharField(max_length=4, choices=Cause.choices, blank=True, default=Cause.NONE)
    # Busy: until then nothing is sent. Bad key: then the key is tried again, by whoever comes first.
    closed_until = models.DateTimeField(null=True)
    # What the account held when it was last asked.
    credits = models.IntegerField(null=True)
    credits_at = models.DateTimeField(null=True)

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=GATE), name="one_gate")]

    def __str__(self) -> str:
        return self.get_cause_display()

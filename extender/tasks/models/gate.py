"""Whether anything may be sent to APIFRAME now: one row that all processes share."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

# The only row.
GATE = 1
# So many in a row are no accident, and no matter of one request.
MOST_UNANSWERED = 3


class GateQuerySet(models.QuerySet["Gate"]):
    """Sentences about the gate."""

    def closed(self) -> "GateQuerySet":
        """The gate, if nothing may be sent now."""
        return self.filter(Q(cause__in=Gate.STANDING) | Q(closed_until__gt=Now()))

    def standing(self) -> "GateQuerySet":
        """The gate, if it is closed until a try shows that its cause is gone."""
        return self.filter(cause__in=Gate.STANDING)

    def failing(self) -> "GateQuerySet":
        """The gate, if so many requests in a row got no usable answer that only one to a request can open it."""
        return self.filter(unanswered__gte=MOST_UNANSWERED)

    def ajar(self) -> "GateQuerySet":
        """The gate, if it is closed and may let one row through, to see whether its cause is gone."""
        return self.standing().filter(trial_at__lte=Now())

    def shut(self) -> "GateQuerySet":
        """The gate, if it is closed and not ajar."""
        return self.closed().exclude(trial_at__lte=Now())


class Gate(models.Model):
    """Closed for a while after "too many requests", and by a standing cause until that is seen to be gone."""

    class Cause(models.TextChoices):
        """Why it was closed last."""

        NONE = "", "Open"
        BUSY = "busy", "APIFRAME is busy"
        KEY = "key", "The API key is refused"
        CREDITS = "credits", "The account has no credits left"
        KEPT_OUT = "kept_out", "APIFRAME’s front door refuses this server"
        MOVED = "moved", "APIFRAME has moved"
        UNREACHED = "unreached", "APIFRAME cannot be reached"
        SILENT = "silent", "APIFRAME gives no usable answer"

    STANDING = frozenset(Cause) - {Cause.NONE, Cause.BUSY}

    id = models.PositiveSmallIntegerField(primary_key=True, default=GATE, editable=False)
    cause = models.CharField(max_length=9, choices=Cause.choices, blank=True, default=Cause.NONE)
    said = models.CharField(max_length=500, blank=True, help_text="The cause in a sentence, and what staff can do")
    # Busy: until then nothing is sent. A standing cause: then it is tried again, by whoever comes first.
    closed_until = models.DateTimeField(null=True)
    # A standing cause: then one row may be sent all the same, since the account cannot always tell that it is over.
    trial_at = models.DateTimeField(null=True)
    trials = models.PositiveSmallIntegerField(default=0)
    # Not after a row was tried whatever the account said, until the account answers again.
    heeds_account = models.BooleanField(default=True)
    # How many in a row of those that went through the open gate got no usable answer.
    unanswered = models.PositiveSmallIntegerField(default=0)
    # What the account held when it was last asked.
    credits = models.IntegerField(null=True)
    credits_at = models.DateTimeField(null=True)

    objects = GateQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=GATE), name="one_gate")]

    def __str__(self) -> str:
        return self.get_cause_display()

    @property
    def why(self) -> str:
        """Why it is closed, in a sentence."""
        return self.said or f"{self.get_cause_display()}."

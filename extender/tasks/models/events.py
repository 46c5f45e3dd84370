"""The flight recorder: everything that was said about a task, and what it changed."""

from django.db import models
from django.db.models.functions import Now


class EventQuerySet(models.QuerySet["Event"]):
    """Sentences about events."""

    def last_of(self, *sources: str) -> "Event | None":
        """The newest event of these sources."""
        return self.filter(source__in=sources).order_by("-id").first()


class Event(models.Model):
    """One thing said about one task. Written once, never changed."""

    class Source(models.TextChoices):
        """Who said it."""

        MEMBER = "member", "Member"
        SEND = "send", "Extender"
        ANSWER = "answer", "Submit response"
        SILENCE = "silence", "No valid response"
        WEBHOOK = "webhook", "Webhook"
        POLL = "poll", "Status check"
        SWEEP = "sweep", "Extender"

    task = models.ForeignKey("tasks.Task", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    said = models.CharField(max_length=500)
    changed = models.BooleanField(help_text="Whether the task changed by it")
    body = models.TextField(blank=True, help_text="As it came, cut to size and without secrets: for staff")

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index("source", models.F("id").desc(), name="last_of_a_source")]

    def __str__(self) -> str:
        return f"{self.source}: {self.said}"

    @property
    def repeats(self) -> bool:
        """Whether APIFRAME said something that changed nothing."""
        return not self.changed and self.source in (self.Source.WEBHOOK, self.Source.POLL, self.Source.ANSWER)

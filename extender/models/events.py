"""The flight recorder: everything that was said about a task, and what it changed."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One thing said about one task. Written once, never changed."""

    class Source(models.TextChoices):
        """Who said it."""

        MEMBER = "member", "Member"
        ANSWER = "answer", "Answer to the submit"
        WEBHOOK = "webhook", "Webhook"
        POLL = "poll", "Status request"
        SWEEP = "sweep", "Sweep"

    task = models.ForeignKey("extender.Task", on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    source = models.CharField(max_length=10, choices=Source.choices)
    said = models.CharField(max_length=500)
    changed = models.BooleanField(help_text="Whether the task changed by it")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.source}: {self.said}"

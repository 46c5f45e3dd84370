"""Start pictures: what people give, as APIFRAME gets it. In the database, which every process of a house shares."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from extender.states import OPEN, State
from extender.tasks.shapes import VideoShape

# How long a picture is kept here after it was last given, and while a task may still need it.
KEPT_FOR = timedelta(days=30)


class PictureQuerySet(models.QuerySet["Picture"]):
    """Sentences about pictures. Their bytes are read only by who asks for them."""

    def visible_to(self, member) -> "PictureQuerySet":
        """The pictures that `member` may see and use: their own."""
        return self.filter(owner=member)

    def light(self) -> "PictureQuerySet":
        """Without their bytes."""
        return self.defer("content", "preview")

    def usable(self) -> "PictureQuerySet":
        """What a video can still begin with, what was given last first."""
        return self.exclude(content=None, image_url="").order_by("-given_at")

    def unpaid(self) -> "PictureQuerySet":
        """With which no task begins, save such as were taken back."""
        return self.exclude(tasks__state__in=set(State) - {State.CANCELLED})

    def sweep(self) -> int:
        """Lets the bytes of pictures go that no task needs any more; returns of how many.

        Their addresses and previews remain.
        """
        old = self.filter(content__isnull=False, given_at__lt=Now() - KEPT_FOR)
        return old.exclude(tasks__state__in=OPEN).update(content=None)


class Picture(models.Model):
    """A picture that a member gave: a JPEG of at most 2 MB with nothing in it but pixels, and its address there."""

    # Part of its address here: it cannot be guessed.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="pictures")
    sha256 = models.CharField(max_length=64, editable=False)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    content = models.BinaryField(null=True, help_text="The JPEG, until it is swept")
    preview = models.BinaryField(help_text="A small WebP")
    given_at = models.DateTimeField(db_default=Now(), editable=False)
    image_url = models.CharField(max_length=2000, blank=True, help_text="Where APIFRAME says that it lies")
    uploaded_at = models.DateTimeField(null=True, editable=False)

    objects = PictureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint("owner", "sha256", name="one_row_for_one_picture")]

    def __str__(self) -> str:
        return f"picture {self.pk}"

    @property
    def becomes(self) -> VideoShape:
        """The shape of a video that begins with it."""
        return VideoShape.of(self.width, self.height)

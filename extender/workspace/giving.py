"""Pictures with which a video may begin: those that come with a form, and those that are offered beside it."""

import uuid
from dataclasses import dataclass
from typing import TypeVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from extender.tasks import start_pictures
from extender.tasks.models import Clip, Picture
from extender.tasks.shapes import VideoShape
from extender.tasks.slots import LOOKS, Full
from extender.team.models import Member
from extender.team.sign_in import MemberRequest
from extender.video.facts import NotAPicture
from extender.video.process import ProbeFailed
from extender.workspace.forms import MotionForm

AnyForm = TypeVar("AnyForm", bound=MotionForm)
MOST_GIVEN, MOST_MADE = 4, 8


@dataclass(frozen=True)
class Shown:
    """A picture as the form shows it."""

    pk: uuid.UUID
    made: Clip | None
    name: str
    becomes: VideoShape | None

    @classmethod
    def of(cls, picture: Picture | Clip) -> "Shown":
        """As it is kept, or was made here."""
        if isinstance(picture, Picture):
            return cls(picture.pk, None, f"Given: {picture.width} × {picture.height}", picture.becomes)
        return cls(picture.pk, picture, f"Picture {picture.index} of “{picture.task.title}”", picture.becomes)


@dataclass(frozen=True)
class Offer:
    """The picture that was chosen, and those that may be chosen in its place; it is one of them."""

    chosen: Shown | None
    pictures: list[Shown]


def offer(member: Member, form: MotionForm) -> Offer:
    """What `form` shows of pictures: those that the member gave or had made lately, and its own. Two queries."""
    given = Picture.objects.visible_to(member).usable().light()[:MOST_GIVEN]
    lately = [*given, *Clip.objects.pictures_of(member)[:MOST_MADE]]
    pictures = lately if form.start in [None, *lately] else [form.start, *lately]
    return Offer(Shown.of(form.start) if form.start else None, [Shown.of(picture) for picture in pictures if picture])


def find(member: Member, pk: uuid.UUID) -> Picture | Clip | None:
    """The picture `pk` that the member gave or had made, None where there is none (any more)."""
    given = Picture.objects.visible_to(member).light().filter(pk=pk).first()
    return given or Clip.objects.pictures_of(member).filter(pk=pk).first()


def take(member: Member, form: MotionForm) -> None:
    """Keeps the picture that came with `form`, which is clean, or finds the one that was chosen."""
    given, chosen = form.cleaned_data.get("file"), form.cleaned_data.get("picture")
    try:
        if given:
            with LOOKS.slot():
                form.start = start_pictures.keep(member, given.chunks())
        elif chosen:
            form.start = find(member, chosen)
            if not form.start:
                form.add_error("file", "That picture is kept here no more. Give it again.")
    except (NotAPicture, Full) as reason:
        form.add_error("file", str(reason))
    except (ProbeFailed, OSError):
        form.add_error("file", "The picture cannot be looked into now. Try again in a moment.")


def recall(member: Member, form: AnyForm) -> AnyForm:
    """The blank `form` with the picture that its initial values name, where the member still has it."""
    try:
        form.start = find(member, uuid.UUID(str(form.initial.get("picture", ""))))
    except ValueError:
        form.start = None
    return form


@require_safe
def preview(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """A small still of a picture that the member gave."""
    picture = get_object_or_404(Picture.objects.visible_to(request.user).defer("content"), pk=pk)
    headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(picture.preview), content_type="image/webp", headers=headers)

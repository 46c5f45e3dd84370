"""Pictures that come with a form: taken in, and shown again."""

import uuid
from contextlib import suppress
from typing import TypeVar

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from extender.tasks import start_pictures
from extender.tasks.models import Picture
from extender.tasks.slots import LOOKS, Full
from extender.team.models import Member
from extender.team.sign_in import MemberRequest
from extender.video.facts import NotAPicture
from extender.video.process import ProbeFailed
from extender.workspace.forms import MotionForm

AnyForm = TypeVar("AnyForm", bound=MotionForm)


def take(member: Member, form: MotionForm) -> None:
    """Keeps the picture that came with `form`, which is clean, or finds the one that came with it before."""
    given, earlier = form.cleaned_data.get("file"), form.cleaned_data.get("picture")
    try:
        if given:
            with LOOKS.slot():
                form.kept = start_pictures.keep(member, given.chunks())
        elif earlier:
            form.kept = Picture.objects.visible_to(member).light().get(pk=earlier)
    except (NotAPicture, Full) as reason:
        form.add_error("file", str(reason))
    except Picture.DoesNotExist:
        form.add_error("file", "That picture is kept here no more. Give it again.")
    except (ProbeFailed, OSError):
        form.add_error("file", "The picture cannot be looked into now. Try again in a moment.")


def recall(member: Member, form: AnyForm) -> AnyForm:
    """The blank `form` with the picture that its initial values name, where the member still has it."""
    with suppress(ValueError):
        named = uuid.UUID(str(form.initial.get("picture", "")))
        form.kept = Picture.objects.visible_to(member).light().filter(pk=named).first()
    return form


@require_safe
def preview(request: MemberRequest, pk: uuid.UUID) -> HttpResponse:
    """A small still of a picture that the member gave."""
    picture = get_object_or_404(Picture.objects.visible_to(request.user).defer("content"), pk=pk)
    headers = {"Cache-Control": "private, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(picture.preview), content_type="image/webp", headers=headers)

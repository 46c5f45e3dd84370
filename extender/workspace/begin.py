"""Where a branch begins: a video from a picture, or four pictures from words."""

import uuid
from collections.abc import Mapping

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from extender.lineage.branches import branch_to
from extender.tasks.access import own_task, read_task
from extender.tasks.background import send_now
from extender.tasks.models import Clip, Picture, Task
from extender.tasks.submitting import enqueue, refusal
from extender.team.sign_in import MemberRequest
from extender.team.typed import comes_again, typed
from extender.team.uploads import takes_file
from extender.workspace.again import warnings
from extender.workspace.begin_forms import PicturesForm, VideoForm
from extender.workspace.forms import MOST_PICTURE_BYTES
from extender.workspace.giving import offer, recall, take

FORMS: dict[str, type[VideoForm | PicturesForm]] = {
    Task.Kind.VIDEO: VideoForm,
    Task.Kind.PICTURES: PicturesForm,
}


def _form_again(request: MemberRequest, kept: dict[str, str]) -> HttpResponse:
    """The page with what was typed and with the nonce of then: whatever was sent under it is not sent twice."""
    more = {"came_again": True, "charged_twice": "charged_twice" in kept}
    if "aspect_ratio" in kept:
        return _page(request, PicturesForm(initial=kept), **more)
    form = recall(request.user, VideoForm(initial=kept))
    form.source = _source(request, kept)
    return _page(request, form, **more)


@require_safe
def begin(request: MemberRequest) -> HttpResponse:
    """Both forms. `?picture=<task>&index=` fills in a picture that was made here, `?again=<task>` what was asked.

    `?start=<picture>` fills in one that was given; with `&parent=<task>&index=&out=`, for a new shot after that clip.
    """
    if kept := {} if request.GET else typed(request):
        return _form_again(request, kept)
    if again := _named(request, "again"):
        task = own_task(request.user, again)
        if task.kind not in FORMS:
            raise Http404
        return _page(request, FORMS[task.kind].again(task), **warnings(request.user, task))
    if made := _named(request, "picture"):
        clip = own_task(request.user, made).clip(request.GET.get("index"))
        if not (clip and clip.is_picture):
            raise Http404
        form = VideoForm.blank(prompt=clip.task.prompt)
        form.start = clip
        return _page(request, form)
    if given := _named(request, "start"):
        source = _source(request, request.GET)
        form = VideoForm.blank(prompt=source.task.prompt if source else "")
        form.start = get_object_or_404(Picture.objects.visible_to(request.user).light(), pk=given)
        form.go_on_from(source, _number(request.GET.get("out", "")))
        return _page(request, form)
    return _page(request)


@takes_file(MOST_PICTURE_BYTES)
@comes_again(_form_again)
@require_http_methods(["GET", "HEAD", "POST"])
def video(request: MemberRequest) -> HttpResponse:
    """Asks for a video that begins with a picture; with `?look` it shows the form with that picture again."""
    if request.method != "POST":
        # The address stands in the browser's bar after a refusal.
        return redirect("begin")
    form = VideoForm(request.POST, request.FILES)
    form.full_clean()
    form.source = _source(request, request.POST)
    take(request.user, form)
    if "look" in request.GET:
        return _page(request, form.of_the_picture_alone())
    form.require_picture()
    return _submit(request, form, Task.Kind.VIDEO, form.parent_task if form.is_valid() else None)


@comes_again(_form_again)
@require_http_methods(["GET", "HEAD", "POST"])
def pictures(request: MemberRequest) -> HttpResponse:
    """Asks for four pictures."""
    if request.method != "POST":
        return redirect("begin")
    return _submit(request, PicturesForm(request.POST), Task.Kind.PICTURES)


def _submit(
    request: MemberRequest, form: VideoForm | PicturesForm, kind: Task.Kind, parent: Task | None = None
) -> HttpResponse:
    again = {"charged_twice": "charged_twice" in request.POST}
    form.refuse(refusal(request.user))
    if not form.is_valid():
        return _page(request, form, **again)
    task, as_asked = enqueue(request.user, form.cleaned_data["nonce"], parent, form.note, kind=kind, **form.asked)
    if not as_asked:
        return _page(request, form.anew(), earlier=task, **again)
    send_now(task)
    return redirect(task)


def _page(request: MemberRequest, form: VideoForm | PicturesForm | None = None, **more: object) -> HttpResponse:
    """The page with `form` in its place, and the other one blank."""
    video_form = form if isinstance(form, VideoForm) else VideoForm.blank()
    pictures_form = form if isinstance(form, PicturesForm) else PicturesForm.blank()
    source = video_form.source
    branch = branch_to(source.task, source.index) if source else None
    context = {
        "video": video_form,
        "pictures": pictures_form,
        "filled": form,
        "branch": branch,
        "offer": offer(request.user, video_form),
        **more,
    }
    return render(request, "workspace/begin.html", context)


def _source(request: MemberRequest, named: Mapping[str, str]) -> Clip | None:
    """The clip after which a new shot is to come, None where none is named; 404 where there is no such clip."""
    if not named.get("parent"):
        return None
    try:
        clip = read_task(request.user, uuid.UUID(named["parent"])).clip(named.get("index"))
    except ValueError:
        clip = None
    if clip is None or clip.is_picture:
        raise Http404
    return clip


def _named(request: MemberRequest, parameter: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get(parameter, ""))
    except ValueError:
        return None


def _number(text: str) -> int | None:
    # Of thousands of digits Python makes no number.
    return int(text) if text.isdecimal() and len(text) < 10 else None

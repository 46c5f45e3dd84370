"""A site of nothing but kept files, in our whole stack of middleware: `gunicorn tests.serving_site`."""

import os
from pathlib import PurePath

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

from django.conf import settings  # noqa: E402
from django.contrib.auth.decorators import login_not_required  # noqa: E402
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from django.views.decorators.http import require_safe  # noqa: E402

from extender.archive.serving.refusals import in_words  # noqa: E402
from extender.archive.serving.responses import respond  # noqa: E402
from extender.tasks.slots import Full  # noqa: E402
from extender.team.sign_in import client_address  # noqa: E402

MANNERS = {
    "member": {},
    "guest": {"revocable": True, "link": "a"},
    "download": {"download_name": "a “fine” clip.mp4"},
}


@require_safe
@login_not_required
def kept(request: HttpRequest, manner: str, name: str) -> HttpResponseBase:
    try:
        return respond(request, name, PurePath(name).name.split(".")[0], **MANNERS[manner])
    except Full as error:
        return in_words(error)
    except FileNotFoundError as error:
        raise Http404 from error


@csrf_exempt
@login_not_required
def seen(request: HttpRequest) -> JsonResponse:
    """What we take a request for."""
    return JsonResponse({"scheme": request.scheme, "address": client_address(request), "body": request.body.decode()})


urlpatterns = [path("seen/", seen), path("<str:manner>/<path:name>", kept)]

settings.ROOT_URLCONF = __name__

"""A site of nothing but kept files, in our whole stack of middleware: `gunicorn tests.serving_site`."""

import os
from pathlib import PurePath

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.http import require_safe

from extender.archive.serving.responses import respond

MANNERS = {"member": {}, "guest": {"revocable": True}, "download": {"download_name": "a “fine” clip.mp4"}}


@require_safe
@login_not_required
def kept(request: HttpRequest, manner: str, name: str) -> HttpResponseBase:
    try:
        return respond(request, name, PurePath(name).name.split(".")[0], **MANNERS[manner])
    except FileNotFoundError as error:
        raise Http404 from error


urlpatterns = [path("<str:manner>/<path:name>", kept)]

settings.ROOT_URLCONF = __name__
application = get_wsgi_application()

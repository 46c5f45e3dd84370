"""The site with one more address, `/bare/`: what a view costs that does nothing. `gunicorn tests.bench.site`."""

from project.wsgi import application  # isort: skip

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from project import urls

__all__ = ["application"]


@csrf_exempt
@login_not_required
def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse("bare")


urls.urlpatterns.append(path("bare/", bare))

"""The addresses of the site as they are with `ADMIN=on`."""

from django.urls import path

from extender.operations.admin import site
from project import urls
from project.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]

urlpatterns = [*urls.urlpatterns, path("admin/", site.urls)]

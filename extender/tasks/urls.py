"""Where APIFRAME calls back."""

from django.urls import path, re_path

from extender.tasks import webhooks

urlpatterns = [
    path("webhooks/apiframe/<str:nonce>/", webhooks.apiframe, name="webhook"),
    # Whoever drops or doubles the last slash would be redirected, and lose the body.
    re_path("^webhooks/apiframe/(?P<nonce>[^/]+)(?://+)?$", webhooks.apiframe),
]

"""Where APIFRAME calls back."""

from django.urls import path

from extender.tasks import webhooks

urlpatterns = [
    path("webhooks/apiframe/<str:nonce>/", webhooks.apiframe, name="webhook"),
    # Whoever drops the last slash would be redirected, and lose the body.
    path("webhooks/apiframe/<str:nonce>", webhooks.apiframe, name="webhook_without_slash"),
]

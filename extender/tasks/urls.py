"""Where APIFRAME calls back."""

from django.urls import path

from extender.tasks import webhooks

urlpatterns = [
    path("webhooks/apiframe/<str:nonce>/", webhooks.apiframe, name="webhook"),
]

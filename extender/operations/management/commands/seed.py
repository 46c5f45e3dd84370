"""`manage.py seed`: what a newcomer finds in the sandbox's installation."""

import re
import time

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from extender.operations.demo import FORM, NAME, PASSWORD
from extender.tasks.lookup import NotContinuable, look_up
from extender.tasks.models import Clip, Task
from extender.tasks.submitting import enqueue
from extender.team.models import Member

PROMPT = "The camera drifts closer to the firs as the light goes, and stars come out"
PAINTING_SECONDS = 120
LOOPBACK_ORIGIN = re.compile(r"^http://127\.0\.0\.1:\d+")


class Command(BaseCommand):
    """Makes the demo member, their two originals and one extension, once; a second run finds them all."""

    help = "Makes the demo member and their first videos, in the sandbox."

    def handle(self, *args: object, **options: object) -> None:
        if not settings.SANDBOX:
            raise CommandError("The demo belongs to the sandbox, and this installation uses APIFRAME itself.")
        follow_the_sandbox()
        member, made = Member.objects.get_or_create(username=NAME, defaults={"is_staff": True, "is_superuser": True})
        if made:
            member.set_password(PASSWORD)
            member.save()
        originals = requests.get(f"{settings.APIFRAME_BASE_URL}/_sandbox/originals", timeout=10).json()
        tasks = [self._original(member, original) for original in originals]
        # It is sent by the worker, so that the first page a newcomer opens is already alive.
        enqueue(
            member,
            FORM,
            tasks[0],
            parent_task_id=tasks[0].remote_id,
            index=tasks[0].clips[0].index,
            prompt=PROMPT,
            motion=Task.Motion.LOW,
            image_url="",
        )

    def _original(self, member: Member, original: dict[str, str]) -> Task:
        ends = time.monotonic() + PAINTING_SECONDS
        while True:
            try:
                task = look_up(member, original["task_id"])
            except NotContinuable as error:
                if time.monotonic() > ends:
                    raise CommandError(f"The sandbox's first videos are not ready: {error}") from error
                time.sleep(0.5)
                continue
            # APIFRAME does not give the prompt of a video, but the sandbox does.
            Task.objects.filter(pk=task.pk, prompt="").update(prompt=original["prompt"])
            return task


def follow_the_sandbox() -> None:
    """Rewrites the addresses of clips where the sandbox had to take another port than the last time."""
    for clip in Clip.objects.iterator():
        url = LOOPBACK_ORIGIN.sub(settings.APIFRAME_BASE_URL, clip.source_url)
        if url != clip.source_url:
            Clip.objects.filter(pk=clip.pk).update(source_url=url)

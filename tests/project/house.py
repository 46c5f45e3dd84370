"""Something of everything that an address of ours can be about, and forms that are filled in well enough for each."""

import uuid
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from extender.archive.exports.models import Export
from extender.archive.storage import current_store
from extender.operations.models import Heartbeat, Tally
from extender.sharing.models import Share
from extender.states import State
from extender.tasks.models import Gate, Picture
from extender.tasks.updates import record
from extender.team.models import Member
from tests.helpers import age, make_clip, make_task
from tests.project.routes import ANONYMOUS, REVOKED

PASSWORD = "a long enough one"
OF_A_CLIP = ("clip", "poster", "thumbnail", "storyboard", "jpeg", "png", "webp")
LONG_AGO = timedelta(days=9)


class House:
    """What `owner` made: a task in each state in which something can be done with it, with films and links."""

    def __init__(self, owner: Member) -> None:
        now = timezone.now()
        self.owner = owner
        self.task = make_task(owner, remote_id=str(uuid.uuid4()), due_at=None)
        age(self.task, created_at=now - LONG_AGO, ended_at=now)
        self.clip = make_clip(self.task)
        make_clip(self.task, 2)
        self.queued = make_task(owner, State.QUEUED, prompt="not sent", due_at=None)
        for other in Member.objects.exclude(pk=owner.pk):
            make_task(other, State.QUEUED, prompt="not sent", due_at=None)
        self.unconfirmed = make_task(owner, State.UNCONFIRMED, prompt="sent", due_at=None)
        self.silent = make_task(owner, State.PROCESSING, prompt="silent", remote_id=str(uuid.uuid4()), due_at=None)
        age(self.silent, submitted_at=now - LONG_AGO, changed_at=now - LONG_AGO)
        self.picture = Picture.objects.create(owner=owner, sha256="a" * 64, width=1, height=1, preview=b"")
        self.gone = Member.objects.create_user("gone", is_active=False)
        make_task(self.gone)
        self.hired = Member.objects.create_user("hired", password=PASSWORD)
        self.link, self.closed, self.closed_now = (Share.objects.create(task=self.task) for _ in range(3))
        Share.objects.filter(pk=self.closed.pk).update(revoked_at=now - LONG_AGO)
        Share.objects.filter(pk=self.closed_now.pk).update(revoked_at=now)
        record(self.task, "said", "poll")
        Gate.objects.get_or_create(pk=1)
        Heartbeat.objects.create(name="worker")
        Tally.objects.count_anew()
        self.film, self.wanted = self._films()

    def _films(self) -> list[Export]:
        """One that is stored, and one that is still to be made."""
        web = Client()
        web.force_login(self.owner)
        for index in (1, 2):
            web.post(reverse("export", args=[self.task.pk, index]))
        film, wanted = Export.objects.order_by("asked_at")
        store = current_store()
        with store.part() as part:
            part.write(b"a film")
            store.put(part, film.file)
        Export.objects.filter(pk=film.pk).update(state="stored", sha256="b" * 64, due_at=None, bytes=6)
        return [film, wanted]

    def arguments(self, name: str, who: str) -> dict[str, Any]:
        """What stands in an address, by the words of its route."""
        of_name = {
            "cancel": {"pk": self.queued.pk},
            "adopt": {"pk": self.unconfirmed.pk},
            "check": {"pk": self.silent.pk},
            "preview": {"pk": self.picture.pk},
            "undo": {"share_pk": self.closed_now.pk},
            "export_cancel": {"index": 2, "export_pk": self.wanted.pk},
            **{name: {"member_pk": self.gone.pk} for name in ("reactivate", "hand_over", "anonymise")},
            **{f"{whose}{kind}": {"pk": self.clip.pk} for kind in OF_A_CLIP for whose in ("", "guest_")},
        }
        return {
            "pk": self.task.pk,
            "root_pk": self.task.pk,
            "index": 1,
            "share_pk": self.link.pk,
            "member_pk": self.hired.pk,
            "export_pk": self.film.pk,
            "token": {REVOKED: self.closed.token, ANONYMOUS: "nobody"}.get(who, self.link.token),
            "nonce": self.task.webhook_nonce,
            "id": self.hired.pk,
            "object_id": self._record(name),
            "app_label": "tasks",
            "url": "nowhere",
            **of_name.get(name, {}),
        }

    def _record(self, name: str) -> object:
        """The record that an address of the admin is about."""
        if "_" not in name:
            return ""
        app, model, *_ = name.removeprefix("admin:").removeprefix("/admin/").replace("/", "_").split("_")
        kinds: dict[str, type[Model]] = {kind._meta.label_lower: kind for kind in apps.get_models()}
        kind = kinds.get(f"{app}.{model}")
        if kind is None:
            return ""
        return self.hired.pk if kind is Member else kind._default_manager.values_list("pk", flat=True).first()

    def asks(self, name: str) -> str:
        """What stands behind an address."""
        # A moment that is none: nothing is looked into here.
        return "?at=never" if name == "frame" else ""

    def form(self, name: str) -> dict[str, Any]:
        """What is posted to an address."""
        return {
            "nonce": str(uuid.uuid4()),
            "prompt": "and then it snows",
            "motion": "low",
            "runs": 1,
            "aspect_ratio": "16:9",
            "image_url": "https://pictures.example/1.jpg" if name == "new_video" else "",
            "parent_task_id": "" if name == "look_up" else self.task.remote_id,
            "index": 1,
            "picked": "yes",
            "sure": "on",
            "staff": "on",
            "at": "never",
            "heir": self.hired.pk,
            "username": "nora" if name == "new_member" else "nobody",
            "password": "wrong",
            "old_password": PASSWORD,
            "new_password1": "another long one",
            "new_password2": "another long one",
        }

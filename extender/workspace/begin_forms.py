"""The forms with which work begins: a video from a picture, pictures from words."""

from typing import Any, Self

from django import forms

from extender.tasks.models import Clip, Task
from extender.workspace.forms import MotionForm, PaidForm, PromptField

# The shapes that are offered, widest first.
RATIOS = ("21:9", "16:9", "3:2", "1:1", "2:3", "9:16")


class VideoForm(MotionForm):
    """What is to happen in a video that begins with a picture."""

    AUTO_ID = "video_%s"

    # The clip that it goes on from, and where the film leaves that, if it is a new shot.
    parent = forms.UUIDField(required=False, widget=forms.HiddenInput)
    index = forms.IntegerField(required=False, min_value=1, max_value=4, widget=forms.HiddenInput)
    out_ms = forms.IntegerField(required=False, min_value=1, max_value=10**8, widget=forms.HiddenInput)
    goes_on = forms.BooleanField(required=False)

    source: Clip | None = None
    """The clip from which a film may go on with it."""

    @classmethod
    def again(cls, task: Task) -> Self:
        """A fresh form that asks for what `task` asked for."""
        form = super().again(task)
        form.go_on_from(task.source, task.out_ms)
        return form

    def go_on_from(self, source: Clip | None, out_ms: int | None) -> None:
        """Fills in the clip from which the film goes on, and where it leaves that; None: a film of its own."""
        self.source = source
        self.initial.update({"out_ms": out_ms, "goes_on": source is not None})

    @property
    def parent_task(self) -> Task | None:
        """What the video continues as a new shot; None where it begins a film of its own."""
        return self.source.task if self.source and self.cleaned_data["goes_on"] else None

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, by the columns of a task; as a new shot, also where the film leaves its parent."""
        asked = super().asked
        if self.source and (parent := self.parent_task):
            shot = {"parent_task_id": parent.remote_id, "index": self.source.index}
            return {**asked, **shot, "out_ms": self.cleaned_data["out_ms"]}
        return asked

    def anew(self) -> Self:
        """A fresh form that asks for the same under another nonce."""
        form = super().anew()
        form.go_on_from(self.source, self.cleaned_data["out_ms"])
        form.initial["goes_on"] = self.cleaned_data["goes_on"]
        return form

    def require_picture(self) -> None:
        """Says so beside the field where there is no picture at all."""
        if not (self.start or self.cleaned_data.get("image_url") or {"file", "image_url"} & set(self.errors)):
            self.add_error("file", "Choose a picture, or give the address of one.")


class PicturesForm(PaidForm):
    """What four pictures are to show, and their shape."""

    AUTO_ID = "pictures_%s"

    prompt = PromptField(
        label="What the pictures show",
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        error_messages={"required": "Say what the pictures show."},
    )
    aspect_ratio = forms.ChoiceField(
        label="Shape",
        choices=[(ratio, ratio) for ratio in RATIOS],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a shape.", "invalid_choice": "Choose one of the shapes."},
    )

    @classmethod
    def blank(cls, **initial: object) -> Self:
        """A fresh form; unless `initial` says otherwise, for wide pictures."""
        return super().blank(**{"aspect_ratio": "16:9", **initial})

    @classmethod
    def again(cls, task: Task) -> Self:
        """A fresh form that asks for what `task` asked for."""
        return cls.blank(prompt=task.prompt, aspect_ratio=task.aspect_ratio)

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, by the columns of a task."""
        return {name: self.cleaned_data[name] for name in ("prompt", "aspect_ratio")}

    def anew(self) -> Self:
        """A fresh form that asks for the same under another nonce."""
        return self.blank(**self.asked)

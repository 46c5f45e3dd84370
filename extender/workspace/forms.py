"""Shape and limits of what people type. Fields are named as APIFRAME names them."""

import uuid
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from extender.tasks.models import Task
from extender.tasks.prompts import is_blank, mended, motion_of

MAX_PROMPT = 2000
# What its column holds.
MAX_ID = 64


class TaskIdField(forms.CharField):
    """An APIFRAME task id, byte for byte as APIFRAME spells it."""

    default_error_messages = {
        "required": "Paste the APIFRAME task id of the video to continue.",
        "invalid": "This is not an APIFRAME task id: they have up to 64 characters and no spaces.",
    }

    def to_python(self, value: object) -> str:
        text = super().to_python(value) or ""
        if len(text) > MAX_ID or not text.isprintable() or " " in text:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return text


class PromptField(forms.CharField):
    """Words for Midjourney. Browsers send CR LF for a line's end but count it as one character; so do we."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, str]:
        # No maxlength: a browser would cut a pasted text without a word, and counts some characters twice.
        return {}

    def to_python(self, value: object) -> str:
        text = super().to_python(value.replace("\r\n", "\n") if isinstance(value, str) else value) or ""
        return "" if is_blank(text) else mended(text)


class LookUpForm(forms.Form):
    """Which video, made elsewhere, is to be looked up."""

    parent_task_id = TaskIdField()


class AdoptForm(forms.Form):
    """Which of APIFRAME's tasks an unconfirmed one turned out to be."""

    task_id = TaskIdField(error_messages={"required": "Paste the task’s APIFRAME id."})


class PaidForm(forms.Form):
    """Words for one paid request, and the nonce under which they are sent once."""

    nonce = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": "This page was incomplete. Press the button again."}
    )
    prompt = PromptField(
        label="What happens next",
        max_length=MAX_PROMPT,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        error_messages={
            "required": "Say what happens next.",
            "max_length": "The prompt has %(show_value)d characters. Midjourney takes up to %(limit_value)d.",
        },
    )

    AUTO_ID: ClassVar = "id_%s"
    """How its fields are named in a page that may have another form."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **{"auto_id": self.AUTO_ID, **named})

    @classmethod
    def blank(cls, **initial: object) -> Self:
        """A fresh form with a nonce of its own, and `initial` to start from."""
        return cls(initial={"motion": Task.Motion.LOW, **initial, "nonce": uuid.uuid4()})

    def clean(self) -> None:
        """Gives a form that came without a usable nonce a new one, so that pressing again can work."""
        if "nonce" in self.errors:
            self.data = {**dict(self.data.items()), "nonce": str(uuid.uuid4())}

    @property
    def note(self) -> str:
        """What was changed in what was typed, for the record; "" where nothing was."""
        typed = self.data.get("prompt", "")
        return "; the dashes before its parameters were mended" if mended(typed) != typed else ""


class MotionForm(PaidForm):
    """What is to happen in a video."""

    motion = forms.ChoiceField(
        choices=Task.Motion.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a motion.", "invalid_choice": "Choose calm or lively."},
    )
    image_url = forms.CharField(
        label="Start image",
        required=False,
        max_length=2000,
        widget=forms.URLInput,
        validators=[URLValidator(schemes=["http", "https"], message="Give an address that starts with https://.")],
    )

    def clean(self) -> None:
        """Refuses a motion that the words contradict."""
        super().clean()
        written, chosen = motion_of(self.cleaned_data.get("prompt", "")), self.cleaned_data.get("motion")
        if written and chosen and written != chosen:
            label = Task.Motion(chosen).label.lower()
            self.add_error("motion", f"The prompt says --motion {written}, but {label} is chosen. Make them agree.")


class ExtendForm(MotionForm):
    """What is to happen next, and after which clip."""

    parent_task_id = TaskIdField(label="APIFRAME task id")
    index = forms.TypedChoiceField(
        label="Clip",
        coerce=int,
        choices=[(str(index), f"Clip {index}") for index in range(1, 5)],
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose one of the four clips.",
            "invalid_choice": "Choose one of the four clips, 1 to 4.",
        },
    )

    @classmethod
    def blank(cls, **initial: object) -> Self:
        """A fresh form; unless `initial` says otherwise, for the first clip."""
        return super().blank(**{"index": 1, **initial})

    def refuse_missing_clip(self, parent: Task | None) -> None:
        """Says so beside the field where `parent` is known not to have the clip that was chosen."""
        if parent and parent.makes_pictures:
            self.add_error("parent_task_id", "Those are pictures. Bring one to life first.")
        index = self.cleaned_data.get("index")
        if parent and index and not parent.clip(index):
            self.add_error("index", f"That video has no clip {index}. Choose another.")

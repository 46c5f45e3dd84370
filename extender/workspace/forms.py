"""Shape and limits of what people type. Fields are named as APIFRAME names them."""

import uuid
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from extender.apiframe import MAX_ID
from extender.tasks.models import Clip, Picture, Task
from extender.tasks.models.queries import TaskQuerySet
from extender.tasks.prompts import is_blank, mended, motion_of

MAX_PROMPT = 2000
MAX_PICTURE_MB = 25
MOST_PICTURE_BYTES = MAX_PICTURE_MB << 20
MOST_RUNS = 4


class TaskIdField(forms.CharField):
    """An APIFRAME task id, byte for byte as it came: blanks around it may be part of it, or of what was pasted."""

    default_error_messages = {
        "required": "Paste the APIFRAME task id of the video to continue.",
        "invalid": "This is not an APIFRAME task id: they have up to 255 characters.",
    }

    def __init__(self, **named: Any) -> None:
        super().__init__(strip=False, **named)

    def to_python(self, value: object) -> str:
        text = super().to_python(value) or ""
        if len(text) > MAX_ID or "\0" in text:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return text if text.strip() else ""


class PromptField(forms.CharField):
    """Words for Midjourney. Browsers send CR LF for a line's end but count it as one character; so do we."""

    default_error_messages = {
        "max_length": "The prompt has %(show_value)d characters. Midjourney takes up to %(limit_value)d.",
    }

    def __init__(self, **named: Any) -> None:
        super().__init__(max_length=MAX_PROMPT, **named)

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


class NonceForm(forms.Form):
    """The nonce under which a form is one row, however often it is posted."""

    nonce = forms.UUIDField(
        widget=forms.HiddenInput, error_messages={"required": "This page was incomplete. Press the button again."}
    )


class PaidForm(NonceForm):
    """Words for one paid request."""

    prompt = PromptField(
        label="What happens next",
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        error_messages={"required": "Say what happens next."},
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

    def refuse(self, reason: str) -> None:
        """Says beside the words why nothing may be asked for; "" is no reason."""
        if reason:
            self.add_error("prompt", reason)

    @property
    def note(self) -> str:
        """What was changed in what was typed, for the record; "" where nothing was."""
        typed = self.data.get("prompt", "")
        return "; the dashes before its parameters were mended" if mended(typed) != typed else ""


class MotionForm(PaidForm):
    """What is to happen in a video, and its start picture: a file, one that was given before, or an address."""

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
        validators=[URLValidator(schemes=["https"], message="Give an address that starts with https://.")],
    )
    file = forms.FileField(required=False, error_messages={"empty": "That file is empty."})
    picture = forms.UUIDField(required=False)

    ASKED: ClassVar[tuple[str, ...]] = ("prompt", "motion", "image_url")
    """The columns of a task that it fills in, the picture aside."""

    start: Picture | Clip | None = None
    """The picture that was given, as it is kept, or one that was made here; before an address."""

    @classmethod
    def again(cls, task: Task) -> Self:
        """A fresh form that asks for what `task` asked for."""
        form = cls.blank(**{name: getattr(task, name) for name in cls.ASKED})
        form.start = Picture.objects.light().get(pk=task.picture_id) if task.picture_id else task.start_clip
        if form.start:
            form.initial["image_url"] = ""
        return form

    def anew(self) -> Self:
        """A fresh form that asks for the same under another nonce."""
        form = self.blank(**{name: self.cleaned_data[name] for name in self.ASKED})
        form.start = self.start
        return form

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, by the columns of a task. A picture comes before an address."""
        asked = {name: self.cleaned_data[name] for name in self.ASKED}
        asked |= {"picture_id": None, "start_clip_id": None}
        match self.start:
            case Picture(pk=pk):
                return asked | {"image_url": "", "picture_id": pk}
            case Clip(pk=pk, source_url=address):
                return asked | {"image_url": address, "start_clip_id": pk}
        return asked

    def of_the_picture_alone(self) -> Self:
        """The same form, where nothing is to be sent yet: what is wrong with other fields is not said."""
        for name in self.errors.keys() - {"file", "picture", "image_url"}:
            del self.errors[name]
        return self

    def clean_file(self) -> Any:
        """Refuses a file that is too large to be looked into."""
        given = self.cleaned_data["file"]
        if given and given.size > MOST_PICTURE_BYTES:
            raise ValidationError(f"The picture is too large: it may have {MAX_PICTURE_MB} MB.")
        return given

    def clean(self) -> None:
        """Refuses a motion that the words contradict."""
        super().clean()
        written, chosen = motion_of(self.cleaned_data.get("prompt", "")), self.cleaned_data.get("motion")
        if written and chosen and written != chosen:
            label = Task.Motion(chosen).label.lower()
            self.add_error("motion", f"The prompt says --motion {written}, but {label} is chosen. Make them agree.")


class ExtendForm(MotionForm):
    """What is to happen next, and after which clip."""

    ASKED = ("parent_task_id", "index", *MotionForm.ASKED)

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

    def parent_among(self, tasks: TaskQuerySet) -> Task | None:
        """The parent, if it is one of `tasks`: its id is then as APIFRAME spells it, else without blanks."""
        typed = self.cleaned_data.get("parent_task_id", "")
        parent = tasks.with_remote_id(typed)
        self.cleaned_data["parent_task_id"] = parent.remote_id if parent else typed.strip()
        return parent

    def refuse_missing_clip(self, parent: Task | None) -> None:
        """Says so beside the field where `parent` is known not to have the clip that was chosen."""
        if parent and parent.makes_pictures:
            self.add_error("parent_task_id", "Those are pictures. Bring one to life first.")
        index = self.cleaned_data.get("index")
        if not (parent and index):
            return
        clip = parent.clip(index)
        if not clip:
            self.add_error("index", f"That video has no clip {index}. Choose another.")
        elif clip.is_lost:
            self.add_error("index", f"Clip {index} is lost: APIFRAME no longer has it. Choose another.")


class ComposerForm(ExtendForm):
    """What is to happen next, under the wall of the task that is continued, and how many times it is asked for."""

    AUTO_ID = "composer_%s"

    parent_task_id = None  # type: ignore[assignment]  # so Django leaves it out: the address names the task
    runs = forms.TypedChoiceField(
        coerce=int,
        choices=[(number, f"{number} ×") for number in range(1, MOST_RUNS + 1)],
        error_messages={"required": "Choose how many requests.", "invalid_choice": "Choose 1 to 4 requests."},
    )
    prompt = PromptField(
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto", "placeholder": "What happens next"}),
        error_messages=PaidForm.base_fields["prompt"].error_messages,
    )

    ASKED = ("index", *MotionForm.ASKED)

    @classmethod
    def under(cls, task: Task, chosen: str | None = None) -> Self:
        """A fresh form under the wall of `task`: its words and motion, clip `chosen` or the likeliest to go on."""
        clip = task.clip(chosen) or task.first_choice
        return cls.blank(index=clip.index if clip else 1, prompt=task.prompt, motion=task.motion)

    @classmethod
    def blank(cls, **initial: object) -> Self:
        """A fresh form; unless `initial` says otherwise, for one request."""
        return super().blank(**{"runs": 1, **initial})

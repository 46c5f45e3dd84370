"""What the first visitors of a process would wait for, loaded before it serves anybody."""

from pathlib import Path

from django.conf import settings
from django.template import loader
from django.urls import reverse


def load() -> None:
    """Reads every template of ours, and all addresses."""
    reverse("home")
    root: Path = settings.BASE_DIR / "templates"
    for path in root.rglob("*.html"):
        loader.get_template(str(path.relative_to(root)))

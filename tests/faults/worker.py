"""`manage.py worker`, with the failpoints: `python -m tests.faults.worker`."""

import os

import django
from django.core.management import call_command

from tests.faults import failpoints

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    django.setup()
    failpoints.install()
    call_command("worker", no_copies=True)

"""`manage.py restore DIR`: a backup into an empty installation."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from extender.archive.storage import StoreTrouble
from extender.operations.backup.folder import Damaged, NoBackup
from extender.operations.backup.restoring import NotEmpty, restore


class Command(BaseCommand):
    """Exit codes: 0 it is all here, 1 the backup is damaged (each file is named), 2 it may not or cannot be."""

    help = (
        "Puts a backup into an empty installation: tables, rows and files. Run again, it goes on where it was killed."
    )
    # The tables may still be missing.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--damaged-too", action="store_true", help="have the clips of damaged files copied again from APIFRAME"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tqdm(unit="file", disable=None) as bar:
                restored = restore(options["directory"], bar.update, damaged_too=options["damaged_too"])
        except Damaged as error:
            raise CommandError(str(error), returncode=1) from error
        except (NoBackup, NotEmpty, StoreTrouble, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{restored.rows} rows and {restored.files} files of {restored.taken_at} are here.")
        if restored.unconfirmed:
            self.stdout.write(
                f"Tasks that may have been sent since, and are unconfirmed now: {restored.unconfirmed}."
            )
        if restored.without_file:
            self.stdout.write(f"Clips without a whole file, to be copied again: {restored.without_file}.")
        if not restored.same_key:
            self.stderr.write(
                "SECRET_KEY is not the one of the backup: webhooks about what is under way will not be known."
                " Put the old one into SECRET_KEY_FALLBACKS."
            )
        self.stdout.write("Nobody is signed in. Run migrate_once, then start the site and the workers.")

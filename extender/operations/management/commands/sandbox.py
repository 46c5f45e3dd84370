"""`manage.py sandbox`: a pretend APIFRAME, for work and tests without a bill."""

import sys
from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from extender.sandbox import command


class Command(BaseCommand):
    help = command.HELP
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **chosen: Any) -> None:
        if code := command.run(Namespace(**chosen)):
            sys.exit(code)

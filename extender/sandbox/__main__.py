"""`python -m extender.sandbox`: the same command as `manage.py sandbox`, without Django."""

import argparse
import sys

from extender.sandbox import command

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sandbox", description=command.HELP)
    command.add_arguments(parser)
    sys.exit(command.run(parser.parse_args()))

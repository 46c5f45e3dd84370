"""What a file may cost. A hostile one is stopped here, and takes nothing but its own process along."""

import os
import resource

MAX_PIXELS = 4096 * 2304  # of one picture
MAX_SIDE = 8192
MAX_FRAMES = 7200
MAX_SECONDS = 300  # of film
MAX_PICTURE_PIXELS = 51_000_000  # of a picture that somebody gives: phones make up to 8192 × 6144
LEAST_PICTURE_SIDE = 64
CPU_SECONDS = 30
MEMORY_BYTES = 1 << 30  # address space; a clip of ours needs a quarter
FILE_BYTES = 4 << 20  # of each picture written
OPEN_FILES = 32
NICENESS = 10


def confine() -> None:
    """Limits this process for good. Comes before the decoders are loaded, and long before a file is read."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        unlimited = allowed == resource.RLIM_INFINITY
        # The hard limit lies above: there a busy process is killed as by anybody, here by a signal that says why.
        soft, hard = (limit if unlimited else min(limit, allowed) for limit in (most, most + 1))
        resource.setrlimit(kind, (soft, hard))
    os.nice(NICENESS)

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
FRAME_BYTES = 64 << 20  # of a frame at full size, which nothing packs well
OPEN_FILES = 32
# To make a film, of which each part has an open file:
FILM_CPU_SECONDS = 1200
FILM_MEMORY_BYTES = 3 << 29
FILM_BYTES = 1 << 30
FILM_OPEN_FILES = 256
NICENESS = 10
WRITTEN_BYTES = {"export": FILM_BYTES, "frame": FRAME_BYTES}


def confine(verb: str = "examine") -> None:
    """Limits this process for good. Comes before the decoders are loaded, and long before a file is read."""
    makes = verb == "export"
    for kind, most in (
        (resource.RLIMIT_AS, FILM_MEMORY_BYTES if makes else MEMORY_BYTES),
        (resource.RLIMIT_CPU, FILM_CPU_SECONDS if makes else CPU_SECONDS),
        (resource.RLIMIT_FSIZE, WRITTEN_BYTES.get(verb, FILE_BYTES)),
        (resource.RLIMIT_NOFILE, FILM_OPEN_FILES if makes else OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, allowed = resource.getrlimit(kind)
        unlimited = allowed == resource.RLIM_INFINITY
        # The hard limit lies above: there a busy process is killed as by anybody, here by a signal that says why.
        soft, hard = (limit if unlimited else min(limit, allowed) for limit in (most, most + 1))
        resource.setrlimit(kind, (soft, hard))
    os.nice(NICENESS)

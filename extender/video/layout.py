"""What the pictures of a clip are called, and how they are laid out. Pages scrub by these numbers."""

POSTER = "poster.webp"  # where the clip leads; stands in the player until it plays
THUMBNAIL = "thumbnail.webp"  # near its end, where the four takes of one task differ; small, for lists
STORYBOARD = "storyboard.webp"  # one sheet of tiles, read like a page: left to right, then down
FLIPBOOK = "flipbook"  # all of it, so small that other clips are compared with it: for no page
FRAME = "frame.png"  # one picture of a clip, at full size

PREPARED = "prepared.jpg"  # a picture that somebody gave, as APIFRAME gets it
PREPARED_BYTES = 2_000_000  # at most; APIFRAME takes 2 MB, of whichever size

PICTURE_SUFFIXES = {"jpeg": ".jpg", "png": ".png", "webp": ".webp"}  # of pictures that are stored as they came

POSTER_SIDE, THUMBNAIL_SIDE, TILE_SIDE = 640, 320, 240  # pixels of the longer side
POSTER_BYTES, THUMBNAIL_BYTES, STORYBOARD_BYTES = 40_000, 12_000, 110_000  # at most, however busy the pictures are
FLIPBOOK_BYTES = 4_000_000  # at most: for a minute, in which not all is noise

COLUMNS, ROWS = 6, 4
TILES = COLUMNS * ROWS
# Tile number n (from 0) shows the moment n / (TILES - 1) of the clip: the first its first picture, the last its last.


def film(kind: str) -> str:
    """What a film of several clips is called: "film.mp4", "film.gif", "film.webp"."""
    return f"film.{kind}"

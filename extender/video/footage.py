"""Opens one video file with every door but its own shut, and gives its pictures in order, upright and scaled."""

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO, NamedTuple, NoReturn

import av
import av.subtitles.stream  # loaded late by av itself
import numpy as np
from av.video.reformatter import Colorspace, ColorTrc, Interpolation, VideoReformatter

from extender.video import colour
from extender.video.facts import NotAVideo
from extender.video.limits import MAX_FRAMES, MAX_PIXELS, MAX_SECONDS, MAX_SIDE

# What browsers play, and no more: each of the hundreds of others is one more way in.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"
CODECS = ("h264", "hevc", "av1", "libdav1d", "vp8", "vp9")
OPTIONS = {
    "format_whitelist": CONTAINERS,
    "codec_whitelist": ",".join(CODECS),
    "protocol_whitelist": "none",
    "max_pixels": str(MAX_PIXELS),
}
COMPLETE = 0.95  # of the pictures that a file announces must be there; decoders drop a few for good reasons
UNSPECIFIED = 2  # of a frame's colour space
HD_HEIGHT = 720
LEAST = 4  # pixels to a side; with fewer nothing can be measured
# Without the flags colours come out half a step off, and differently so for each size.
SCALING = (
    Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.FULL_CHR_H_INP
)


class Picture(NamedTuple):
    """One frame as it came, and when: seconds after the first."""

    seconds: float
    frame: av.VideoFrame


def open_footage(file: BinaryIO) -> "Footage":
    """The first film in `file`. Raises `NotAVideo`."""
    try:
        # `io_open` is asked for whatever else a file refers to. There is nothing else.
        container = av.open(file, "r", options=OPTIONS, io_open=_refuse, metadata_errors="replace")
    except (av.FFmpegError, PermissionError) as error:
        _reraise_memory_error(error)
        raise NotAVideo("This is not a video that browsers play.") from error
    return Footage(container)


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise PermissionError("a video refers to another file")


class Footage:
    """A film that has been opened: its sizes, and its pictures once."""

    def __init__(self, container: Any) -> None:
        films = [stream for stream in container.streams.video if not _is_cover(stream)]
        if not films:
            raise NotAVideo("There are no moving pictures in this file.")
        self._container = container
        self._stream = films[0]
        if not self._stream.codec_context or self._stream.codec_context.name not in CODECS:
            raise NotAVideo("Browsers cannot play this kind of video.")
        self._stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        self._stream.thread_count = 1
        self.codec = "av1" if self._stream.codec_context.name == "libdav1d" else self._stream.codec_context.name
        check_size(self._stream.width, self._stream.height)
        _check_count(self._stream.frames)
        self._seen = 0  # packets, each of which holds one picture
        self._clock = Clock(self.declared_rate)
        self._pixel = _pixel_aspect(self._stream.sample_aspect_ratio)
        # To make one takes as long as to scale a picture by it. By the longer side: of these few are asked for.
        self._scalers: defaultdict[int, VideoReformatter] = defaultdict(VideoReformatter)

    def __enter__(self) -> "Footage":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def declared_rate(self) -> float | None:
        """Pictures per second, as the file has it."""
        return float(self.exact_rate) if self.exact_rate else None

    @property
    def exact_rate(self) -> Fraction | None:
        """The same, as the fraction that it is."""
        return self._stream.average_rate or None

    @property
    def announced(self) -> int:
        """How many pictures the file claims to have; 0 where it does not say."""
        return int(self._stream.frames)

    @property
    def stream(self) -> Any:
        """What its packets are of."""
        return self._stream

    @property
    def parameters(self) -> tuple[object, ...]:
        """How its pictures are coded: a decoder that was made for one file takes those of another with the same."""
        context = self._stream.codec_context
        return self.codec, context.pix_fmt, context.width, context.height, self._pixel, context.extradata

    @property
    def starts(self) -> float:
        """When its first picture comes by the file's own clock, in seconds; known once that has been seen."""
        return self._clock.zero

    def pictures(self) -> Iterator[Picture]:
        """Every picture, in order. Raises `NotAVideo` where they are too many or too large, or some are missing."""
        count = 0
        for count, frame in enumerate(self._frames(), 1):
            check_size(frame.width, frame.height)
            seconds = self._clock.at(frame.time)
            _check_count(count)
            if seconds > MAX_SECONDS:
                raise NotAVideo(f"It is longer than {MAX_SECONDS // 60} minutes.")
            yield Picture(seconds, frame)
        if count < COMPLETE * (announced := self._announced()):
            raise NotAVideo(f"It is damaged: only {count} of its {announced} pictures can be read.")
        if count < 2:
            raise NotAVideo("There are no moving pictures in this file.")

    def _frames(self) -> Iterator[av.VideoFrame]:
        """What can be decoded; what cannot is left out, as players do."""
        for packet in self.packets():
            try:
                frames = packet.decode()
            except av.FFmpegError as error:
                _reraise_memory_error(error)
                continue
            yield from frames

    def packets(self) -> Iterator[av.Packet]:
        """What the film is coded in, as the file has it; the last, which is empty, ends a decoder's work."""
        try:
            for packet in self._container.demux(self._stream):
                self._seen += bool(packet.size and not packet.is_discard)
                yield packet
        except av.FFmpegError as error:
            _reraise_memory_error(error)  # else the file breaks off here

    def _announced(self) -> int:
        entries = self._stream.index_entries
        listed = len(entries) if len(entries) <= MAX_FRAMES else 0
        return max(self._seen, sum(not entries[number].is_discard for number in range(listed)))

    def shape(self, frame: av.VideoFrame, side: int | None = None) -> tuple[int, int]:
        """Height and width as `frame` is shown, its longer side at most `side` pixels."""
        height, width = float(frame.height), frame.width * self._pixel
        scale = min(1.0, side / max(height, width)) if side else 1.0
        upright = (height, width) if quarter_turns(frame) % 2 == 0 else (width, height)
        return max(LEAST, round(upright[0] * scale)), max(LEAST, round(upright[1] * scale))

    def rgb(self, frame: av.VideoFrame, shape: tuple[int, int]) -> np.ndarray:
        """The picture upright, in sRGB and of this `shape` (height, width): uint8 (height, width, 3)."""
        turns = quarter_turns(frame)
        height, width = shape if turns % 2 == 0 else reversed(shape)
        scaled = self._scalers[max(shape)].reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            interpolation=SCALING,
            src_colorspace=_colour_space(frame),
            threads=1,
        )
        pixels = scaled.to_ndarray()
        if is_hdr(frame):
            pixels = colour.from_hdr(pixels)
        return np.rot90(pixels, turns)


class Clock:
    """Time that only goes forwards, whatever the stamps of the pictures say."""

    def __init__(self, rate: float | None) -> None:
        self._step = 1 / min(max(rate or 24.0, 1.0), 240.0)
        self._zero: float | None = None
        self._last: float | None = None

    @property
    def zero(self) -> float:
        """The stamp of the first picture; 0 where it is less, for so players have it."""
        return max(0.0, self._zero or 0.0)

    def at(self, stamp: float | None) -> float:
        """Seconds after the first picture, for one that is stamped so."""
        expected = 0.0 if self._last is None else self._last + self._step
        if stamp is None:
            seconds = expected
        else:
            self._zero = stamp - expected if self._zero is None else self._zero
            seconds = stamp - self._zero
        if self._last is not None and seconds <= self._last:
            seconds = expected
        self._last = seconds
        return seconds


def _reraise_memory_error(error: BaseException) -> None:
    """Raises `error` again if it is about memory, which nobody here may take for a fault in one picture."""
    if isinstance(error, MemoryError):
        raise error


def _is_cover(stream: Any) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)


def _pixel_aspect(ratio: Fraction | None) -> float:
    """How wide a pixel is for its height. Absurd claims count for none."""
    return float(ratio) if ratio and 0.25 <= ratio <= 4 else 1.0


def is_hdr(frame: av.VideoFrame) -> bool:
    """Whether it is for bright screens, in the curve of HDR10."""
    return frame.color_trc == ColorTrc.SMPTE2084


def quarter_turns(frame: av.VideoFrame) -> int:
    """How often the picture must be turned by 90 degrees, counterclockwise, to stand upright."""
    return round(frame.rotation / 90) % 4


def _colour_space(frame: av.VideoFrame) -> int | None:
    # What does not say is BT.601, or BT.709 from 720 lines on: so browsers guess, and a poster looks like its clip.
    return Colorspace.ITU709 if frame.colorspace == UNSPECIFIED and frame.height >= HD_HEIGHT else None


def check_size(width: int, height: int) -> None:
    """Raises `NotAVideo` where pictures of this size are more than a process may take."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise NotAVideo(f"Its pictures are too large ({width} × {height}).")


def _check_count(frames: int) -> None:
    if frames > MAX_FRAMES:
        raise NotAVideo(f"It has more than {MAX_FRAMES:,} pictures.")

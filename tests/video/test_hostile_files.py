"""Files that are no videos, or mean harm: refused in words, within limits, and whoever asked lives on."""

import json
import os
import re
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from extender.sandbox.encoding import write_video
from extender.video import layout, limits
from extender.video import process as probing
from extender.video.facts import NotAPicture, NotAVideo
from tests import films
from tests.helpers import eventually
from tests.sizes import TORTURE
from tests.video import hostile
from tests.video.inside import run_instead

MADE = {*probing.MADE, layout.PREPARED}


def refusal(path: Path, into: Path | None = None) -> str:
    """Why a file is refused; its pictures would be written into its own folder, or into `into`."""
    into = into or path.parent
    with pytest.raises(NotAVideo) as reason:
        probing.examine(path, into)
    assert not (into / layout.POSTER).exists()
    return str(reason.value)


@pytest.fixture
def clip(tmp_path) -> Path:
    return films.write(tmp_path / "clip.mp4", films.pan(48))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 10_000,
        b"<!doctype html><title>Not found</title>" * 50,
        b'{"error": "expired"}',
        b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nclip.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile clip.mp4\n",
        b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
    ],
    ids=["empty", "zeros", "html", "json", "playlist", "concat", "only a beginning"],
)
def test_what_is_no_video_is_refused(content, clip):
    """The lists name a clip that lies beside them: nothing follows them there."""
    path = clip.with_name("other.mp4")
    path.write_bytes(content)
    assert refusal(path) in ("This is not a video that browsers play.", "There are no moving pictures in this file.")


def test_a_picture_with_the_wrong_name_is_refused(tmp_path):
    path = tmp_path / "clip.mp4"
    for kind in ("JPEG", "GIF", "AVIF"):
        Image.fromarray(films.pan(1)[0]).save(path, kind)
        assert refusal(path)


def test_sound_alone_is_refused(tmp_path):
    assert refusal(films.write_sound(tmp_path / "clip.mp4")) == "There are no moving pictures in this file."


def test_one_picture_does_not_move(tmp_path):
    assert refusal(films.write(tmp_path / "clip.mp4", films.pan(1))) == "There are no moving pictures in this file."


def test_what_browsers_do_not_play_is_refused(tmp_path):
    clip = films.write(tmp_path / "clip.mp4", films.pan(4), codec="mpeg4", options={})
    assert refusal(clip) == "Browsers cannot play this kind of video."


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_breaks_off_is_refused(share, tmp_path):
    options = {"preset": "ultrafast", "g": "12"}
    clip = films.write(tmp_path / "whole.mp4", films.pan(100), options=options)
    whole = clip.read_bytes()
    assert whole.index(b"mdat") < whole.index(b"moov")
    clip.write_bytes(whole[: int(share * len(whole))])  # its index, at the end, is gone
    assert refusal(clip) == "This is not a video that browsers play."


def test_a_film_whose_second_half_is_missing_is_refused(tmp_path):
    """Its index is at the front, and whole."""
    clip = tmp_path / "clip.mp4"
    write_video(np.random.default_rng(1).random((20, 3, 360, 640), np.float32), (640, 360), 24, clip)
    whole = clip.read_bytes()
    assert whole.index(b"moov") < whole.index(b"mdat")
    clip.write_bytes(whole[: len(whole) // 2])
    assert refusal(clip).startswith("It is damaged: only ")


def test_a_few_broken_bytes_do_not_cost_a_clip(clip):
    content = bytearray(clip.read_bytes())
    middle = content.index(b"mdat") + 3 * (content.index(b"moov") - content.index(b"mdat")) // 4
    content[middle : middle + 4] = b"\xff" * 4
    clip.write_bytes(content)
    assert probing.examine(clip, clip.parent).frames >= 46


def around(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder, to tell whether anything of it changes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_of_hostile_files_nothing_runs_leaves_or_is_written_elsewhere(tmp_path):
    """Some of them, or all 500: films and pictures that are spoilt, lie, burst, or reach for what is not theirs."""
    mine = tmp_path / "mine"
    mine.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = f"http://127.0.0.1:{listener.getsockname()[1]}"
        given = hostile.files(mine, server, tmp_path / "ran")
        assert len(given) >= 500
        some = list(given.items())[:: 1 if TORTURE else len(given) // 8]
        for number, (name, (kind, content)) in enumerate(some):
            file, into = mine / f"{number}.mp4", tmp_path / "into"
            file.write_bytes(content)
            into.mkdir()
            before, asked = around(mine), [probing.examine] if kind == "film" else [probing.prepare, probing.look]
            for ask in asked:
                # Any other outcome is a defect.
                with suppress(NotAVideo, NotAPicture):
                    ask(file, into)
            assert {path.name for path in into.iterdir()} <= MADE, name
            shutil.rmtree(into)
            assert around(mine) == before, name
            assert [path.name for path in tmp_path.iterdir()] == ["mine"], name
            file.unlink()
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_huge_canvas_is_refused_before_it_is_painted(tmp_path):
    huge = films.write(tmp_path / "clip.mp4", [films.flat((9, 9, 9), 8192, 2048)] * 2)
    assert huge.stat().st_size < 1_000_000
    assert refusal(huge) == "Its pictures are too large (8192 × 2048)."


def test_a_canvas_that_is_huge_only_inside_is_refused(tmp_path):
    """The container says 160 by 90, the film in it 8192 by 2048."""
    huge = films.write(tmp_path / "clip.mp4", [films.flat((9, 9, 9), 8192, 2048)] * 2)
    large, small = (b"".join(side.to_bytes(2, "big") for side in size) for size in ((8192, 2048), (160, 90)))
    content = huge.read_bytes().replace(large, small)
    assert content != huge.read_bytes()
    huge.write_bytes(content)
    assert refusal(huge)


def test_a_bomb_of_pictures_is_refused_at_once(tmp_path):
    bomb = films.write(tmp_path / "clip.mp4", [films.flat((9, 9, 9), 16, 16)] * 7_300, rate=1000)
    before = os.times()
    assert refusal(bomb) == "It has more than 7,200 pictures."
    after = os.times()
    assert after.children_user - before.children_user < 5


def test_a_bomb_that_hides_its_number_is_refused_too(tmp_path, monkeypatch):
    run_instead(monkeypatch, "limits.MAX_FRAMES = 100; main()")
    bomb = films.write(tmp_path / "clip.mkv", [films.flat((9, 9, 9), 16, 16)] * 120, rate=1000)
    assert refusal(bomb) == "It has more than 100 pictures."


def test_a_film_that_claims_to_last_for_days_is_refused(tmp_path):
    assert refusal(films.write(tmp_path / "clip.mkv", films.pan(3), stamps=[0, 1, 24 * 90_000])) == (
        "It is longer than 5 minutes."
    )


@pytest.fixture(scope="module")
def largest_film(tmp_path_factory) -> Path:
    """As much as a decoder may be asked to hold; it takes three times the addresses of a usual clip."""
    frames = [films.flat((9, 9, 9), 4096, 2304)] * 20
    options = {"preset": "ultrafast", "x264-params": "ref=16"}
    path = tmp_path_factory.mktemp("largest") / "largest.mp4"
    return films.write(path, frames, pix_fmt="yuv420p10le", options=options)


def test_the_largest_film_fits_into_the_memory_that_a_process_may_take(clip, largest_film, monkeypatch, say):
    run_instead(
        monkeypatch,
        "from extender.video.__main__ import answer\nconfine(); assert 'seen' in answer(*sys.argv[1:])\n"
        "print(json.dumps({'not_a_video': open('/proc/self/status').read()}))",
    )
    for path in (clip, largest_film):
        with pytest.raises(NotAVideo) as status:
            probing.examine(path, clip.parent)
        sizes = {key: int(value.split()[0]) for key, value in re.findall(r"(VmPeak|VmHWM):(.*)", str(status.value))}
        say(f"{path.name}: {sizes['VmHWM'] >> 10} MB of memory, {sizes['VmPeak'] >> 10} MB of addresses")
        assert sizes["VmPeak"] << 10 <= limits.MEMORY_BYTES


def test_a_film_that_takes_too_much_memory_is_refused(largest_film, tmp_path, monkeypatch):
    run_instead(monkeypatch, "limits.MEMORY_BYTES = 480 << 20; main()")
    # A decoder that gets no memory for a picture leaves it out.
    assert re.match("It takes too much memory|It is damaged", refusal(largest_film, tmp_path))


def test_a_film_that_takes_too_long_is_refused(tmp_path, monkeypatch):
    run_instead(monkeypatch, "limits.CPU_SECONDS = 1; main()")
    noise = np.random.default_rng(1).integers(0, 255, (2, 720, 1280, 3), np.uint8)
    options = {"preset": "ultrafast", "qp": "1", "g": "1"}  # quickly written, and slowly read
    long = films.write(tmp_path / "clip.mp4", [noise[number % 2] for number in range(40)], options=options)
    assert refusal(long) == "It takes too long to read."


@pytest.mark.parametrize("death", ["SIGSEGV", "SIGABRT", "SIGBUS"])
def test_a_file_that_crashes_the_decoder_is_refused(death, clip, monkeypatch):
    run_instead(monkeypatch, f"confine(); os.kill(os.getpid(), signal.{death})")
    assert refusal(clip) == "It cannot be read."


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "status -9"),  # as the system does where it has no memory left
        ("sys.exit(3)", "status 3"),
        ("print('{')", "status 0"),
        ("print('x' * 10_000_000)", "too much"),
        ("raise MemoryError", "status 1"),
        ("sys.argv[2] = '99'; main()", "Bad file descriptor"),
        ("sys.argv[2] = 'x'; main()", "ValueError"),
    ],
)
def test_trouble_of_ours_is_not_the_files_fault(code, told, clip, monkeypatch):
    run_instead(monkeypatch, code)
    with pytest.raises((probing.ProbeFailed, OSError), match=told):
        probing.examine(clip, clip.parent)


def test_a_process_that_cannot_be_started_is_trouble_of_ours(clip, monkeypatch):
    # Python itself cannot be taken away from under the tests.
    monkeypatch.setattr(probing, "COMMAND", ("/nowhere/python",))
    with pytest.raises(probing.ProbeFailed):
        probing.examine(clip, clip.parent)


def is_dead(pid: str) -> bool:
    """Whether a process runs no more. An orphan may keep its number until somebody looks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.mark.parametrize("farewell", ["", "os.close(1)"])
def test_a_process_that_hangs_is_ended_with_all_that_it_started(farewell, clip, monkeypatch, shorten):
    note = clip.with_name("pids")
    run_instead(
        monkeypatch,
        f"child = os.fork()\nif child: open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{child}}')\n"
        f"{farewell}\ntime.sleep(600)",
    )
    # A busy machine needs more for the process to begin at all.
    for seconds in (1, 4, 16, 64):
        shorten("extender.video.process.SECONDS", seconds)
        with pytest.raises(probing.ProbeFailed, match="in time"):
            probing.examine(clip, clip.parent)
        if note.exists():
            break
    parent, child = note.read_text().split()
    assert not Path(f"/proc/{parent}").exists()
    eventually(lambda: is_dead(child))


def test_the_process_sees_neither_keys_nor_files_of_ours(clip, monkeypatch):
    monkeypatch.setenv("APIFRAME_API_KEY", "very-secret")
    with clip.open("rb") as ours:
        os.set_inheritable(ours.fileno(), True)
        run_instead(
            monkeypatch,
            "print(json.dumps({'not_a_video': json.dumps([dict(os.environ), len(os.listdir('/proc/self/fd'))])}))",
        )
        environment, files = json.loads(refusal(clip))
    assert set(environment) <= {*probing.PASSED_ON, "LC_ALL", "OPENBLAS_NUM_THREADS", "PYTHONPATH", "LC_CTYPE"}
    assert files == 5  # three of its own, the clip, and the folder it lists


@pytest.mark.parametrize("verb", ["examine", "export"])
def test_the_process_confines_itself(verb, clip, monkeypatch):
    run_instead(
        monkeypatch,
        f"import resource; confine({verb!r}); print(json.dumps({{'not_a_video': json.dumps([os.nice(0), "
        "*(resource.getrlimit(getattr(resource, 'RLIMIT_' + name))[0] "
        "for name in ('AS', 'CPU', 'FSIZE', 'NOFILE', 'CORE'))])}))",
    )
    nice, memory, work, size, files, core = json.loads(refusal(clip))
    film = "FILM_" if verb == "export" else ""
    assert nice >= limits.NICENESS
    assert memory <= getattr(limits, film + "MEMORY_BYTES")
    assert work <= getattr(limits, film + "CPU_SECONDS")
    assert size <= (limits.FILM_BYTES if film else limits.FILE_BYTES)
    assert files <= getattr(limits, film + "OPEN_FILES")
    assert core == 0


def children() -> set[str]:
    """The processes that this one has started and not yet seen the end of."""
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def test_many_ask_at_once_and_no_process_is_left(clip):
    def look(number: int) -> int:
        folder = clip.with_name(str(number))
        folder.mkdir()
        return probing.examine(clip, folder).frames

    before = children()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(look, range(4))) == [48] * 4
    assert children() == before

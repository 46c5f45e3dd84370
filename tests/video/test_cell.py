"""The cell in which strangers' files are read: whoever takes that process over has nothing of this machine."""

import json
import os
import socket
from pathlib import Path

import pytest

from extender.video import cell
from extender.video import process as probing
from extender.video.facts import NotAVideo
from tests import films
from tests.video.inside import run_instead

pytestmark = pytest.mark.skipif(bool(cell.missing()), reason="this machine has no walls for a cell")

# What a file might do that has taken over the decoder, each a line of Python (numbers of calls are those of x86-64).
# `given` are a port, a path outside, a file of ours, and our number.
TRIES = {
    "reach this machine": "socket.create_connection(('127.0.0.1', given[0]), 1)",
    "ask a name server": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "reach a server beside it": "socket.socket(socket.AF_UNIX)",
    "read the system's files": "open('/etc/passwd').read()",
    "read what lies around the folder": "open('../clip.mp4', 'rb').read()",
    "read the program": "open(cell.__file__).read()",
    "read the environment of others": "open(f'/proc/{given[3]}/environ').read()",
    "read its own": "open('/proc/self/environ').read()",
    "list the machine": "os.listdir('/')",
    "write elsewhere": "open(given[1], 'w')",
    "make a link out": "os.symlink('/etc/passwd', 'poster.webp')",
    "link a file of others": "os.link(given[2], 'poster.webp')",
    "move a file out": "open('mine', 'w').close() or os.rename('mine', given[1])",
    "change rights": "open('mine', 'w').close() or os.chmod('mine', 0o4777)",
    "start a program": "os.execv('/bin/true', ['true'])",
    "multiply": "os.fork()",
    "leave its group": "os.setsid()",
    "end others": "os.kill(given[3], 0)",
    "look into others": "called(101, 16, given[3], 0, 0)",
    "read memory of others": "called(310, given[3], 0, 0, 0, 0, 0)",
    "enter a world of its own": "called(272, 0x10000000)",
    "mount": "called(165, 0, b'/', 0, 0, 0)",
    "load what runs": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)",
    "become root again": "os.setuid(0)",
    "limit others": "resource.prlimit(given[3], resource.RLIMIT_CPU, (1, 1))",
    "open more room": "called(444, 0, 0, 1)",
}

TAKEN_OVER = """
import ctypes, encodings.idna, errno, mmap, os, resource, socket
from extender.video import cell, examination
from extender.video.facts import NotAVideo
libc = ctypes.CDLL(None, use_errno=True)
def called(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
def outcome(line):
    try:
        eval(line)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "did it"
def examine(*_):
    found = {name: outcome(line) for name, line in tries.items()}
    made = os.fstat(os.open("made", os.O_CREAT | os.O_WRONLY))
    raise NotAVideo(json.dumps([found, [made.st_uid, made.st_gid], dict(os.environ)]))
examination.examine = examine
"""


@pytest.fixture
def taken_over(tmp_path, monkeypatch) -> list:
    """What a process got that tries all of them: by try, whose it is, its environment."""
    for name in ("APIFRAME_API_KEY", "SECRET_KEY", "DATABASE_URL"):
        monkeypatch.setenv(name, "very-secret")
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    outside = tmp_path / "outside"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = (listener.getsockname()[1], str(outside), str(clip), os.getpid())
        run_instead(monkeypatch, f"tries, given = {TRIES!r}, {given!r}\n{TAKEN_OVER}main()")
        with pytest.raises(NotAVideo) as found:
            probing.examine(clip, tmp_path)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    return json.loads(str(found.value))


def test_who_takes_the_process_over_reaches_nothing(taken_over):
    outcomes, owner, environment = taken_over
    assert {name: code for name, code in outcomes.items() if code not in ("EPERM", "EACCES")} == {}
    assert "very-secret" not in environment.values()
    if os.geteuid() == 0:
        assert owner == [probing.USER] * 2


@pytest.mark.parametrize("wall", ["seccomp", "landlock"])
def test_each_wall_holds_alone(wall, tmp_path, monkeypatch):
    """No file, no connection: by either of the two. (A landlock knows TCP from its version 4 on.)"""
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    without = {"seccomp": "cell._landlock_version = lambda: 0", "landlock": "cell._seccomp = lambda: None"}[wall]
    tries = {name: TRIES[name] for name in ("read the system's files", "reach this machine", "start a program")}
    run_instead(monkeypatch, f"tries, given = {tries!r}, (9,)\n{TAKEN_OVER}{without}\nmain()")
    with pytest.raises(NotAVideo) as found:
        probing.examine(clip, tmp_path)
    outcomes = json.loads(str(found.value))[0]
    if wall == "seccomp":
        assert outcomes.pop("read the system's files") == "did it"
    assert set(outcomes.values()) <= {"EPERM", "EACCES"}


def test_a_machine_without_walls_works(tmp_path, monkeypatch):
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    run_instead(
        monkeypatch,
        "from extender.video import cell\ncell._landlock_version = lambda: 0; cell._seccomp = lambda: None\n"
        "assert cell.missing() == ['landlock', 'seccomp']; main()",
    )
    assert probing.examine(clip, tmp_path).frames == 4


@pytest.mark.parametrize(
    "made",
    ["os.symlink('/etc/passwd', name)", "os.mkdir(name)", "os.mkfifo(name)", "os.link(sys.argv[3], name)", "0"],
)
def test_only_plain_files_are_taken_from_it(made, tmp_path, monkeypatch):
    """Even where no wall stands: what the process leaves is looked at before it is ours."""
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    run_instead(
        monkeypatch,
        f"sys.argv.append({str(clip)!r}); name = 'poster.webp'\n{made}\n"
        "print(json.dumps({'facts': {'width': 1, 'height': 1, 'codec': 'png'}}))",
    )
    with pytest.raises(probing.ProbeFailed, match=r"the process made .*poster\.webp"):
        probing.look(clip, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_what_it_made_is_ours(tmp_path):
    clip = films.write(tmp_path / "clip.mp4", films.pan(4))
    into = tmp_path / "into"
    into.mkdir()
    probing.examine(clip, into)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in into.iterdir()} == {(os.geteuid(), os.getegid())}
    assert Path(into).stat().st_uid == os.geteuid()

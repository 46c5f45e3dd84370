"""Shuts a process in that will read strangers' files: no network, no file but its folder's, few calls of the system.

Each wall stands alone. Where the system lacks one the others hold, and `missing()` names it. What was opened before
stays open; what has to be imported is imported before: from inside nothing of it can be seen.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2  # of prctl
# The numbers of these calls are the same on every processor of today.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
# What landlock knows of files and of TCP, by its versions; whatever it knows is forbidden.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
TCP_RIGHTS = {4: 0b11}
SCOPES = {6: 0b11}  # other processes: their abstract sockets, and signals to them
# In its folder: write, read, remove and make files, cut them off. No folders, no links.
IN_THE_FOLDER = {1: 1 << 1 | 1 << 2 | 1 << 5 | 1 << 8, 3: 1 << 14}

ALLOW, REFUSE = 0x7FFF0000, 0x00050000
EQUAL, MASKED_EQUAL = 4, 7
THREAD = 0x00010000  # of clone: no process of its own
EXECUTABLE = 4  # of memory
CLOSE_ON_EXEC = 2  # of fcntl
FREE = """
    read readv pread64 write writev pwrite64 lseek close fstat newfstatat fstatat64 statx
    open openat rename renameat renameat2 unlink unlinkat ftruncate
    brk munmap mremap madvise futex set_robust_list rseq membarrier sched_yield sched_getaffinity
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall exit exit_group
    getpid gettid getrandom clock_gettime clock_nanosleep nanosleep gettimeofday sysinfo uname
"""


class _Argument(ctypes.Structure):
    """What an argument of a call has to be: of libseccomp's `scmp_arg_cmp`."""

    _fields_ = [("number", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("rights", ctypes.c_uint64), ("folder", ctypes.c_int32)]


# Allowed where they are about threads, about data, about this process alone.
BOUND = {
    "clone": _Argument(0, MASKED_EQUAL, THREAD, THREAD),
    "mmap": _Argument(2, MASKED_EQUAL, EXECUTABLE, 0),
    "mprotect": _Argument(2, MASKED_EQUAL, EXECUTABLE, 0),
    "fcntl": _Argument(1, EQUAL, CLOSE_ON_EXEC, 0),
}


def missing() -> list[str]:
    """The walls that cannot be built on this machine."""
    walls = {
        "landlock": _landlock_version() > 0,
        "seccomp": _seccomp() is not None,
    }
    return [name for name, stands in walls.items() if not stands]


def close() -> None:
    """Shuts this process in for good. The working directory is its folder: it may write and read there alone.

    Where root started it, it becomes whoever owns that folder. Raises OSError where a wall that could stand does not.
    """
    # Both are prepared first: behind the one, the library of the other cannot be read.
    files, calls = _rules_of_files(), _rules_of_calls()
    if os.geteuid() == 0:
        _become(Path().stat().st_uid)
    if files or calls:
        ctypes.CDLL(None).prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    if files:
        files()
    if calls:
        calls()


def _become(user: int) -> None:
    with suppress(OSError):  # a container may forbid it, or not know the number
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)


def _landlock_version() -> int:
    if sys.platform != "linux":
        return 0
    return max(0, ctypes.CDLL(None).syscall(CREATE_RULESET, None, 0, 1))


def _rules_of_files() -> Callable[[], None] | None:
    """What shuts this process out of all that is no file of its folder; None where there is no landlock."""
    if not (version := _landlock_version()):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    asked = _Ruleset(*(_known(rights, version) for rights in (FILE_RIGHTS, TCP_RIGHTS, SCOPES)))
    # An older one wants to hear of no more than it knows.
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _checked(libc.syscall(CREATE_RULESET, ctypes.byref(asked), ctypes.c_size_t(size), 0))
    allowed = sum(rights for since, rights in IN_THE_FOLDER.items() if since <= version)
    folder = os.open(".", os.O_PATH | os.O_DIRECTORY)
    _checked(libc.syscall(ADD_RULE, rules, 1, ctypes.byref(_Beneath(allowed, folder)), 0))
    os.close(folder)

    def enforce() -> None:
        _checked(libc.syscall(RESTRICT_SELF, rules, 0))
        os.close(rules)

    return enforce


def _known(rights: dict[int, int], version: int) -> int:
    return max((right for since, right in rights.items() if since <= version), default=0)


def _seccomp() -> ctypes.CDLL | None:
    """The library that knows each processor's calls by name; None where it or the kernel's part is missing."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Asked for without rules, a kernel that could enforce some looks for them where nothing is.
    if sys.platform != "linux" or libc.prctl(SET_SECCOMP, FILTER, 0, 0, 0) == 0 or ctypes.get_errno() != errno.EFAULT:
        return None
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    return library


def _rules_of_calls() -> Callable[[], None] | None:
    """What leaves this process few calls; None where there is no seccomp, or no library for it."""
    if not (library := _seccomp()):
        return None
    rules = ctypes.c_void_p(library.seccomp_init(REFUSE | errno.EPERM))
    for name in FREE.split():
        _rule(library, rules, ALLOW, name)
    for name, argument in BOUND.items():
        _rule(library, rules, ALLOW, name, argument)
    # Whose arguments cannot be looked at: who is told that there is none takes `clone`.
    _rule(library, rules, REFUSE | errno.ENOSYS, "clone3")

    def enforce() -> None:
        if outcome := library.seccomp_load(rules):
            raise OSError(-outcome, os.strerror(-outcome))

    return enforce


def _rule(library: ctypes.CDLL, rules: ctypes.c_void_p, action: int, name: str, *arguments: _Argument) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:  # this processor has no call of that name
        return
    if outcome := library.seccomp_rule_add_array(
        rules, action, number, len(arguments), (_Argument * len(arguments))(*arguments)
    ):
        raise OSError(-outcome, os.strerror(-outcome))


def _checked(outcome: int) -> int:
    if outcome < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return outcome

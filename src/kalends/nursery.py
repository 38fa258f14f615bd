"""What runs in the worker processes: the nursery that forks them, and the work itself.

``python -m kalends.nursery`` imports once what the work needs, then forks a worker for every
socket it is handed: a worker costs milliseconds instead of a second, and shares memory with the
others. It has one thread, so that forking is safe. When the engine dies, its end of the control
socket closes and the nursery ends; when the nursery ends, the kernel kills its workers.

A worker answers one call after another. Bounds are the kernel's: CPU time by ``ITIMER_PROF``
whose signal ends the process even within C code, memory by ``RLIMIT_AS``.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pickle
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Any, Final

from kalends.errors import KalendsError, TooLarge
from kalends.runtime import resolve

LENGTH: Final = struct.Struct("!I")
"""Every message: its length, then a pickle."""
_PR_SET_PDEATHSIG: Final = 1
_PAGE: Final = resource.getpagesize()


def main() -> None:
    """Serve the control socket (descriptor 0) until it closes."""
    setup = json.loads(sys.argv[1])
    sys.path[:] = setup["path"]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the supervisor
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    for module in setup["preload"]:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    gc.collect()
    gc.freeze()  # what is imported stays shared between the workers
    control = socket.socket(fileno=0)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        for descriptor in descriptors:
            if os.fork() == 0:
                control.close()
                _worker(socket.socket(fileno=descriptor))
            os.close(descriptor)


def _worker(wire: socket.socket) -> None:
    """Answer calls until the other end closes; never returns."""
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _send(wire, str(os.getpid()).encode())
        while True:
            # Our own engine wrote this: the other direction is the one to be careful with.
            function, arguments, seconds, memory = pickle.loads(_receive(wire))  # noqa: S301
            _send(wire, pickle.dumps(_answer(function, arguments, seconds, memory), 5))
    except (EOFError, OSError):
        os._exit(0)
    finally:
        os._exit(1)  # whatever it was: nothing of the nursery's may run twice


def _answer(function: str, arguments: tuple[Any, ...], seconds: float, memory: int) -> Any:
    """Return ``(True, result)`` or ``(False, error)`` of one call within its bounds."""
    try:
        work = resolve(function)  # an import is our cost, not the outsider's
        with _bounds(seconds, memory):
            return True, pickle.dumps(work(*arguments), 5)
    except KalendsError as error:
        return False, (type(error), error.args, error.__dict__)
    except (MemoryError, RecursionError) as error:
        bound = "memory" if isinstance(error, MemoryError) else "depth"
        return False, (TooLarge, (f"the work passed its bound of {bound}",), {})
    except Exception as error:  # a stranger's error crosses as type and place only
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "?"
        return False, (RuntimeError, (f"{type(error).__name__} in a worker at {where}",), {})


@contextlib.contextmanager
def _bounds(seconds: float, memory: int) -> Iterator[None]:
    with open("/proc/self/statm", "rb") as statm:  # noqa: PTH123 - every call pays for this
        size = int(statm.read().split()[0]) * _PAGE
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size + memory, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _send(wire: socket.socket, data: bytes) -> None:
    wire.sendall(LENGTH.pack(len(data)) + data)


def _receive(wire: socket.socket) -> bytes:
    return _exactly(wire, LENGTH.unpack(_exactly(wire, LENGTH.size))[0])


def _exactly(wire: socket.socket, size: int) -> bytes:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = wire.recv_into(view)
        if not count:
            raise EOFError
        view = view[count:]
    return bytes(data)


if __name__ == "__main__":
    main()

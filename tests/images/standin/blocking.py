"""A C call that no signal ends: Python's handlers do not run until it returns by itself."""

import ctypes
import time


class _Timespec(ctypes.Structure):
    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


def block(seconds: float, *, hold_gil: bool = False) -> None:
    """Waits for a mutex that this thread itself holds.

    `sleep` and `poll` return early when a signal arrives; a mutex wait goes on. With the GIL held no
    other thread runs either, as with a native library that forgot to release it.
    """
    library = ctypes.PyDLL(None) if hold_gil else ctypes.CDLL(None)
    # All zero bytes is glibc's PTHREAD_MUTEX_INITIALIZER; the size is generous for every architecture.
    mutex = (ctypes.c_char * 64)()
    library.pthread_mutex_lock(ctypes.byref(mutex))
    end = time.time() + seconds
    deadline = _Timespec(int(end), int((end % 1) * 1e9))
    library.pthread_mutex_timedlock(ctypes.byref(mutex), ctypes.byref(deadline))

"""Holds one thread of a process by ptrace until the process ends: hold-thread.py TID"""

import ctypes
import os
import sys

PTRACE_ATTACH = 16
WALL = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
thread = int(sys.argv[1])
if libc.ptrace(PTRACE_ATTACH, thread, None, None) != 0:
    sys.exit(f"ptrace of thread {thread}: {os.strerror(ctypes.get_errno())}")
os.waitpid(thread, WALL)
print("held", flush=True)
# It is never let go on: only its end ends the wait.
try:
    while not (os.WIFEXITED(status := os.waitpid(thread, WALL)[1]) or os.WIFSIGNALED(status)):
        pass
except ChildProcessError:
    pass

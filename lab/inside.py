"""A socket in a lab host's network, made and used by this process itself.

setns changes the calling thread only, and a socket stays where it was made; so a test speaks from inside a host without a
helper program between it and the wire.
"""
import ctypes
import os
import socket
import threading

from .net import Host, LabError

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_moving = threading.Lock()


def socket_inside(host: Host, family: int) -> socket.socket:
    """A TCP socket that lives in `host`'s network."""
    def move(path: str) -> None:
        with open(path, "rb") as namespace:
            if _libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                raise LabError(f"cannot enter {path}: {os.strerror(ctypes.get_errno())}")
    with _moving:
        own = f"/proc/self/task/{threading.get_native_id()}/ns/net"
        with open(own, "rb") as home:
            move(f"/run/netns/{host.namespace}")
            try:
                return socket.socket(family, socket.SOCK_STREAM)
            finally:
                if _libc.setns(home.fileno(), CLONE_NEWNET) != 0:
                    os._exit(3)  # this thread is in the wrong network: nothing it does is what it says

#!/usr/bin/python3
"""Turn this process into the keeper of one lab host's namespaces: `cell.py spec.json` (started by net.py only).

net.py starts it inside the host's network namespace. It makes a mount namespace in which the unpacked
programs of others appear under /usr, and in which /etc, /var and /run are the host's own, so Postfix or
Dovecot run from the paths they were compiled for while the machine's own files stay untouched and invisible
to change. It gives the network its addresses, prints "ready" and sleeps; everything it mounted disappears
with the last process of the host.

Layers are laid with overlayfs, read-only (no upper layer, so it works on top of a container's overlay too).
Where the kernel has no overlayfs, the same view is made of symbolic links on a tmpfs.
Set DANEWERK_LAB_NO_OVERLAY=1 to try that.
"""
import ctypes
import json
import os
import subprocess
import sys

CLONE_NEWNS, CLONE_NEWUTS = 0x00020000, 0x04000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def fail(what: str) -> None:
    number = ctypes.get_errno()
    sys.exit(f"cell: {what}: {os.strerror(number)} (lab hosts need root and the kernel's namespaces)")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> bool:
    return LIBC.mount(source.encode(), target.encode(), kind.encode() or None, flags, data.encode() or None) == 0


def bind(source: str, target: str) -> None:
    if not mount(source, target, flags=MS_BIND | MS_REC):
        fail(f"bind {source} over {target}")


def link_union(layers: list[str], into: str) -> None:
    """Make `into` look like all layers at once, first one on top: a link where one layer alone has a name,
    a real directory where several have it."""
    holders: dict[str, list[str]] = {}
    for layer in layers:
        for name in os.listdir(layer):
            holders.setdefault(name, []).append(f"{layer}/{name}")
    for name, paths in holders.items():
        folders = [p for p in paths if os.path.isdir(p) and not os.path.islink(p)]
        if len(folders) > 1 and folders[0] == paths[0]:
            os.mkdir(f"{into}/{name}", 0o755)
            link_union(folders, f"{into}/{name}")
        else:
            os.symlink(paths[0], f"{into}/{name}")


def lay_by_links(upper: list[str], base: str, stage: str) -> None:
    """The fallback: a tmpfs holding the layers themselves under .layers, and links to them."""
    if not mount("tmpfs", stage, "tmpfs", data="mode=755"):
        fail(f"tmpfs on {stage}")
    for number, layer in enumerate([*upper, base]):
        os.makedirs(f"{stage}/.layers/{number}")
        bind(layer, f"{stage}/.layers/{number}")
    bind(stage, base)
    link_union([f"{base}/.layers/{n}" for n in range(len(upper) + 1)], base)


def lay(upper: list[str], base: str, stage: str) -> None:
    """Lay the directories of `upper` over `base`, read-only, the first one on top."""
    if not upper:
        return
    escaped = [p.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,") for p in [*upper, base]]
    if os.environ.get("DANEWERK_LAB_NO_OVERLAY") or not mount(
            "overlay", base, "overlay", data="lowerdir=" + ":".join(escaped)):
        lay_by_links(upper, base, stage)


def lay_private(own: dict[str, str], keep: list[str]) -> None:
    """Put the host's own directory over each key of `own` (/var, /run), but leave `keep` reachable at its path:
    the project itself may lie below one of them."""
    open_kept = [(path, os.open(path, os.O_PATH | os.O_DIRECTORY)) for path in keep]
    for target, source in own.items():
        bind(source, target)
        for path, handle in open_kept:
            if (path + "/").startswith(target + "/"):
                os.makedirs(path, exist_ok=True)
                bind(f"/proc/self/fd/{handle}", path)
    for _, handle in open_kept:
        os.close(handle)


def forget_foreign_namespaces() -> None:
    """A copy of the machine's /run/netns mounts in here would keep other hosts' networks alive after their end."""
    with open("/proc/self/mounts", encoding="utf-8") as table:
        points = [line.split()[1] for line in table]
    for point in reversed(points):
        if point.startswith("/run/netns/"):
            LIBC.umount2(point.encode(), MNT_DETACH)


def set_network(spec: dict) -> None:
    """Addresses usable at once: no duplicate address detection, no router to wait for."""
    for scope in ("all", "default", "eth0"):
        for name, value in (("disable_ipv6", "0"), ("accept_dad", "0"), ("accept_ra", "0"), ("dad_transmits", "0")):
            try:
                with open(f"/proc/sys/net/ipv6/conf/{scope}/{name}", "w", encoding="ascii") as knob:
                    knob.write(value)
            except FileNotFoundError:
                pass  # no eth0 in the bridge's own namespace
    batch = "\n".join(spec["ip_batch"]) + "\n"
    done = subprocess.run([*spec["ip"], "-batch", "-"], input=batch, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"cell: setting addresses failed: {done.stderr.strip()}")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    if LIBC.unshare(CLONE_NEWNS | CLONE_NEWUTS) != 0:
        fail("unshare")
    if not mount("none", "/", flags=MS_REC | MS_PRIVATE):
        fail("make mounts private")
    LIBC.sethostname(spec["hostname"].encode(), len(spec["hostname"].encode()))
    forget_foreign_namespaces()
    set_network(spec)
    lay([f"{tree}/usr" for tree in spec["trees"]], "/usr", spec["stage_usr"])
    lay([spec["etc"]], "/etc", spec["stage_etc"])
    for name in sorted(os.listdir(spec["etc"])):  # bound, so that later changes from outside are seen inside
        bind(f"{spec['etc']}/{name}", f"/etc/{name}")
    lay_private(spec["private"], spec["keep"])
    print("ready", flush=True)
    null = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.chdir("/")
    os.execv("/usr/bin/sleep", [f"dwl-cell-{spec['name']}", "infinity"])


if __name__ == "__main__":
    main()

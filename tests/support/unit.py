"""A systemd unit without systemd: reads it, and runs its command the way systemd would box it.

Read: Unit(path). Run: `unshare -m python3 unit.py UNIT [BIND=PLACE ...]`, as root; BINDs are laid over the
places of this machine first, then the unit's own restrictions follow: mounts (ProtectSystem, ReadWritePaths,
ProtectHome, PrivateTmp, PrivateDevices, ProtectKernelTunables), limits, umask, capabilities, no_new_privs,
and the system call filters (SystemCallFilter, RestrictAddressFamilies, RestrictNamespaces,
RestrictSUIDSGID, MemoryDenyWriteExecute), the last by libseccomp. What is not known here is refused, so
that a new line in the unit is not thought proven; IGNORED names what cannot be shown.
"""
import ctypes
import ctypes.util
import errno
import os
import re
import resource
import shlex
import subprocess
import sys

IGNORED = {  # for the manager, or of no effect on the processes' own rights
    "Type", "NotifyAccess", "ExecStart", "ExecReload", "WatchdogSec", "Restart", "RestartSec", "TimeoutStartSec",
    "TimeoutStopSec", "KillMode", "TasksMax", "OOMPolicy", "PrivateMounts", "SystemCallErrorNumber",
    "SystemCallArchitectures",
    # Cannot be had without systemd, or not in a container.
    "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules",
    "ProtectProc", "RestrictRealtime", "LockPersonality"}
CAPABILITIES = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7, "CAP_SYS_CHROOT": 18}
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
NAMESPACES = {"cgroup": 0x02000000, "uts": 0x04000000, "ipc": 0x08000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000, "mnt": 0x00020000, "time": 0x00000080}


class Unit:
    def __init__(self, path):
        self.settings = []  # (section, name, value) in order
        section = ""
        with open(path, encoding="utf-8") as text:
            lines = text.read().splitlines()
        for line in map(str.strip, lines):
            if not line or line[0] in "#;":
                continue
            if line[0] == "[":
                section = line[1:-1]
            else:
                name, _, value = line.partition("=")
                self.settings.append((section, name.strip(), value.strip()))

    def all(self, name, section="Service"):
        return [value for where, what, value in self.settings if (where, what) == (section, name)]

    def one(self, name, section="Service"):
        found = self.all(name, section)
        if len(found) != 1:
            raise KeyError("%s stands %d times" % (name, len(found)))
        return found[0]

    def system_calls(self):
        """The names that SystemCallFilter allows, as this systemd knows its groups."""
        allowed = set()
        for value in self.all("SystemCallFilter"):
            without = value.startswith("~")
            for word in value.lstrip("~").split():
                names = group(word) if word[0] == "@" else {word}
                allowed = allowed - names if without else allowed | names
        return allowed | group("@default")


def group(name):
    out = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True,
                         env={"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0"}).stdout
    words = re.findall(r"^    ([@a-z0-9_-]+)$", out, re.M)
    if not words:
        raise ValueError("systemd-analyze knows no " + name)
    names = set()
    for word in words:
        names |= group(word) if word[0] == "@" else {word}
    return names


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Filter:
    """One seccomp filter; all that are loaded hold."""
    class Compare(ctypes.Structure):
        _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
    ALLOW, EQUAL, GREATER, MASKED = 0x7fff0000, 4, 6, 7

    def __init__(self, otherwise):
        self.library = ctypes.CDLL("libseccomp.so.2")
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(otherwise)))

    def add(self, action, name, *compares):
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # not of this machine's kind
        array = (self.Compare * max(1, len(compares)))(*compares)
        code = self.library.seccomp_rule_add_array(self.context, ctypes.c_uint32(action), number, len(compares), array)
        if code != 0:
            raise OSError(-code, "seccomp rule for " + name)

    def load(self):
        code = self.library.seccomp_load(self.context)
        if code != 0:
            raise OSError(-code, "seccomp_load")


def refused(number):
    return 0x00050000 | number


def load_filters(unit):
    some = Filter(Filter.ALLOW)
    families = [FAMILIES[word] for word in unit.one("RestrictAddressFamilies").split()]
    for family in set(range(64)) - set(families):
        some.add(refused(errno.EAFNOSUPPORT), "socket", Filter.Compare(0, Filter.EQUAL, family, 0))
    some.add(refused(errno.EAFNOSUPPORT), "socket", Filter.Compare(0, Filter.GREATER, 63, 0))
    allowed = unit.one("RestrictNamespaces").split()
    for name, bit in NAMESPACES.items():
        if name not in allowed:
            for call in ("unshare", "clone"):
                some.add(refused(errno.EPERM), call, Filter.Compare(0, Filter.MASKED, bit, bit))
    some.add(refused(errno.ENOSYS), "clone3")
    if unit.one("RestrictSUIDSGID") == "yes":
        for call, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1), ("mkdirat", 2)):
            for bit in (0o4000, 0o2000):
                some.add(refused(errno.EPERM), call, Filter.Compare(argument, Filter.MASKED, bit, bit))
    if unit.one("MemoryDenyWriteExecute") == "yes":
        some.add(refused(errno.EPERM), "mmap", Filter.Compare(2, Filter.MASKED, 6, 6))
        for call in ("mprotect", "pkey_mprotect"):
            some.add(refused(errno.EPERM), call, Filter.Compare(2, Filter.MASKED, 4, 4))
    listed = Filter(refused(errno.EPERM))
    for name in sorted(unit.system_calls()):
        listed.add(Filter.ALLOW, name)
    some.load()
    listed.load()


def mount_all(unit, binds):
    for bind in binds:
        source, _, place = bind.partition("=")
        mount("--bind", source, place)
    writable = [path.lstrip("-") for path in unit.one("ReadWritePaths").split()]
    for path in writable:
        mount("--bind", path, path)
    if unit.one("PrivateDevices") == "yes":
        mount("-t", "tmpfs", "-o", "mode=0755,nosuid", "none", "/mnt")
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            open("/mnt/" + name, "w").close()
            mount("--bind", "/dev/" + name, "/mnt/" + name)
        os.mkdir("/mnt/shm")
        mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "none", "/mnt/shm")
        mount("--rbind", "/mnt", "/dev")
    if unit.one("ProtectHome") == "yes":
        for path in ("/home", "/root"):
            mount("-t", "tmpfs", "-o", "mode=0,ro,nosuid,nodev", "none", path)
    if unit.one("PrivateTmp") == "yes":
        for path in ("/tmp", "/var/tmp"):
            mount("-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "none", path)
    keep = ("/proc", "/sys", "/dev", "/tmp", "/var/tmp", *writable)
    for line in open("/proc/self/mountinfo"):
        place = line.split()[4].encode().decode("unicode_escape")
        if not any(place == one or place.startswith(one + "/") for one in keep):
            subprocess.run(["mount", "-o", "remount,bind,ro", place], stderr=subprocess.DEVNULL)
    if unit.one("ProtectKernelTunables") == "yes":
        for path in ("/proc/sys", "/sys"):
            mount("--rbind", path, path)
            subprocess.run(["mount", "-o", "remount,bind,ro", path], stderr=subprocess.DEVNULL)


def drop_capabilities(unit):
    libc = ctypes.CDLL(None, use_errno=True)
    keep = [CAPABILITIES[word] for word in unit.one("CapabilityBoundingSet").split()]
    if unit.one("AmbientCapabilities"):
        raise ValueError("AmbientCapabilities is not known here")
    for number in range(64):
        if number not in keep and libc.prctl(24, number, 0, 0, 0) != 0 and ctypes.get_errno() != errno.EINVAL:
            raise OSError(ctypes.get_errno(), "PR_CAPBSET_DROP")
    libc.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT_CLEAR_ALL
    if unit.one("NoNewPrivileges") == "yes":
        libc.prctl(38, 1, 0, 0, 0)


def run(path, binds):
    unit = Unit(path)
    known = IGNORED | {
        "LimitNOFILE", "LimitCORE", "OOMScoreAdjust", "UMask", "CapabilityBoundingSet", "AmbientCapabilities",
        "NoNewPrivileges", "ProtectSystem", "ReadWritePaths", "ProtectHome", "PrivateTmp", "PrivateDevices",
        "ProtectKernelTunables", "RestrictAddressFamilies", "RestrictNamespaces", "RestrictSUIDSGID",
        "MemoryDenyWriteExecute", "SystemCallFilter"}
    strange = {name for section, name, _ in unit.settings if section == "Service"} - known
    if strange or unit.one("ProtectSystem") != "strict":
        raise ValueError("not known here: %s" % sorted(strange))
    command = shlex.split(unit.one("ExecStart"))
    unit.system_calls()  # asked of systemd-analyze while it can run
    allowed = unit.system_calls()
    unit.system_calls = lambda: allowed
    mount_all(unit, binds)
    try:
        with open("/proc/self/oom_score_adj", "w") as out:
            out.write(unit.one("OOMScoreAdjust"))
    except OSError:
        pass  # below what a container may give itself
    files = min(int(unit.one("LimitNOFILE")), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(int(unit.one("UMask"), 8))
    os.chdir("/")
    drop_capabilities(unit)
    load_filters(unit)
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8",
                   "INVOCATION_ID": "0" * 32}
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        if name in os.environ:
            environment[name] = os.environ[name]
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])

"""Looks at a tree of processes through /proc. Only reads, and signals by process id."""
import os


class Process:
    def __init__(self, pid, parent, state, program):
        self.pid, self.parent, self.state, self.program = pid, parent, state, program

    def __repr__(self):
        return "%s[%d]" % (self.program, self.pid)


def snapshot():
    """{pid: Process} of everything that runs now."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry) as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            program = os.path.basename(os.readlink("/proc/%s/exe" % entry).split(" (deleted)")[0])
        except OSError:
            continue  # it ended meanwhile, or is a kernel thread
        found[int(entry)] = Process(int(entry), int(fields[1]), fields[0], program)
    return found


def below(pid):
    """All descendants of pid, parents first."""
    everything, found, todo = snapshot(), [], [pid]
    while todo:
        parent = todo.pop(0)
        children = [one for one in everything.values() if one.parent == parent]
        found += children
        todo += [one.pid for one in children]
    return found


def is_alive(pid):
    one = snapshot().get(pid)
    return one is not None and one.state not in "ZX"


def kill(pid, signal_number):
    """True when the process was there."""
    try:
        os.kill(pid, signal_number)
        return True
    except ProcessLookupError:
        return False


def pss_kib(pid):
    """Memory of the process, what it shares counted by its share; 0 when it ended."""
    return _field("/proc/%d/smaps_rollup" % pid, "Pss:")


def anonymous_kib(pid):
    """Memory that is no file's, what it shares counted by its share: what can leak. Unlike pss_kib it does not
    move with what other processes map of the same libraries."""
    return _field("/proc/%d/smaps_rollup" % pid, "Pss_Anon:") + _field("/proc/%d/smaps_rollup" % pid, "Pss_Shmem:")


def rss_kib(pid):
    return _field("/proc/%d/status" % pid, "VmRSS:")


def threads(pid):
    return _field("/proc/%d/status" % pid, "Threads:")


def descriptors(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return 0


def cpu_seconds(pid):
    """User and system time so far."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _field(path, name):
    try:
        with open(path) as text:
            return next((int(line.split()[1]) for line in text if line.startswith(name)), 0)
    except OSError:
        return 0

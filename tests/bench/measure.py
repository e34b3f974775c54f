"""What processes cost: CPU time and memory of a group of them, and the share of the machine that others
had meanwhile. CPU comes from an own control group where one can be made (children that ended are in it),
else from /proc."""
import contextlib
import os
import re
import statistics

from support import processes

TICK = os.sysconf("SC_CLK_TCK")
V1 = "/sys/fs/cgroup/cpuacct"
V2 = "/sys/fs/cgroup"


def group_folder(name):
    """A fresh control group for accounting, or None."""
    for top in (V1, V2):
        if not os.path.exists(os.path.join(top, "cpuacct.usage" if top == V1 else "cgroup.controllers")):
            continue
        folder = os.path.join(top, "lazaret-bench-%d-%s" % (os.getpid(), name))
        try:
            os.mkdir(folder)
        except OSError:
            continue
        return folder
    return None


class Group:
    """All processes that are started inside `with group.starting()`, and their children."""

    def __init__(self, name):
        self.folder, self.first = group_folder(name), None

    @contextlib.contextmanager
    def starting(self):
        if self.folder is None:
            before = set(one.pid for one in processes.below(os.getpid()))
            yield
            self.first = [one.pid for one in processes.below(os.getpid()) if one.pid not in before]
            return
        self._move_here(self.folder)
        try:
            yield
        finally:
            self._move_here(os.path.dirname(self.folder))

    @staticmethod
    def _move_here(folder):
        with open(os.path.join(folder, "cgroup.procs"), "w") as procs:
            procs.write(str(os.getpid()))

    def pids(self):
        if self.folder:
            with open(os.path.join(self.folder, "cgroup.procs")) as procs:
                return [int(pid) for pid in procs.read().split()]
        below = [one.pid for first in self.first or [] for one in processes.below(first)]
        return sorted(set((self.first or []) + below))

    def cpu(self):
        """Seconds so far, user and system."""
        if self.folder is None:
            return sum(cpu_of(pid) for pid in self.pids())
        if self.folder.startswith(V1 + "/"):
            with open(os.path.join(self.folder, "cpuacct.usage")) as usage:
                return int(usage.read()) / 1e9
        with open(os.path.join(self.folder, "cpu.stat")) as stat:
            return int(stat.readline().split()[1]) / 1e6

    def close(self):
        """After its processes have ended."""
        if self.folder:
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)


def cpu_of(pid):
    """Seconds of a process and of its children that ended."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(value) for value in fields[11:15]) / TICK


def pss_mb(pids):
    """Proportional share of memory of these processes."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, AttributeError):
            with open("/proc/%d/smaps_rollup" % pid) as rollup:
                total += int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1))
    return total / 1024


def machine_cpu():
    """Seconds that all processes of the machine had so far."""
    with open("/proc/stat") as stat:
        fields = [int(value) for value in stat.readline().split()[1:9]]
    idle_wait_steal = fields[3] + fields[4] + fields[7]
    return (sum(fields) - idle_wait_steal) / TICK


def own_children_cpu():
    """Seconds of ended children of this program: the load generator's among them."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def median(values):
    return statistics.median(values)

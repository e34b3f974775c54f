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

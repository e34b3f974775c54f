"""Free loopback ports and waiting for something to become true. Standard library only."""
import socket
import time


def free_ports(count):
    """Ports that were free a moment ago, each different."""
    held = []
    for _ in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        held.append(one)
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_until(what, test, seconds=30, every=0.05):
    """The first true answer of test(); TimeoutError naming `what` when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        answer = test()
        if answer:
            return answer
        if time.monotonic() > end:
            raise TimeoutError("%s: not within %d s" % (what, seconds))
        time.sleep(every)


def accepts(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return True
    except OSError:
        return False

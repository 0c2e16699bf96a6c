"""Ports for programs that cannot be given port 0: configured before they start, or started again on the same one."""
import pathlib, random, socket

_held = []


def free_ports(count):
    """`count` free TCP ports of 127.0.0.1, none of those that the system gives to outgoing connections.

    A port from that range, once let go, may be anybody's before the program binds it, also while the program is killed
    and started again; and who connects to it meanwhile may reach himself. Another test gets other ports as long as this
    process lives.
    """
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    every = range(10000, 65536)
    wanted, ports = [port for port in every if not first <= port <= last] or list(every), []
    random.shuffle(wanted)
    for port in wanted:
        mark, probe = socket.socket(socket.AF_UNIX), socket.socket()
        try:
            mark.bind(f"\0culprit-test-port-{port}")
            probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        finally:
            probe.close()
        _held.append(mark)
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError(f"no {count} free ports")

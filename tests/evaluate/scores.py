"""Functions that score an architecture, most of which fail: the source of a file for workers."""

SCORES = """
import ctypes, inspect, os, random, resource, signal, subprocess, sys, threading, time
import numpy
import archwright as aw

def call_named(architecture, budget, seed, report, settings):
    # calls the function that the architecture names
    function, arguments = globals()[settings["function"]], locals()
    return function(**{name: arguments[name] for name in inspect.signature(function).parameters})

def units(architecture, budget):
    return architecture.units

def raises(architecture, budget):
    print("before")
    return inner(architecture)

def reports_no_epoch(architecture, budget, seed, report):
    report(("one", 0, -3, 1.5, True)[seed], accuracy=0.5)

class UnprintableError(Exception):
    def __str__(self):
        raise ValueError("not even this")

def reports_from_threads(architecture, budget, report):
    metrics = {f"{i}_{'x' * 60}": 0.5 for i in range(1000)}  # more than a pipe holds

    def send_reports(first):
        for epoch in range(first, first + 10):
            report(epoch, **metrics)

    threads = [threading.Thread(target=send_reports, args=(first,)) for first in (1, 11, 21, 31)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 0.5

def raises_unprintable_error(architecture, budget):
    raise UnprintableError

def inner(architecture):
    raise ValueError("no good")

def exits(architecture, budget):
    sys.exit(3)

def breaks_json_and_stderr(architecture, budget):
    import json
    json.dumps = None
    sys.stderr.close()
    return 0.5

def exits_at_once(architecture, budget):
    print("last words", file=sys.stderr)
    os._exit(4)

def is_killed(architecture, budget):
    print("last words")
    os.kill(os.getpid(), signal.SIGKILL)

def aborts(architecture, budget):
    os.abort()

def segfaults(architecture, budget):
    ctypes.string_at(0)

def runs_out_of_memory(architecture, budget):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, resource.RLIM_INFINITY))
    try:
        return float(numpy.ones(2**30)[-1])  # 8 GiB
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

def is_killed_by_unnamed_signal(architecture, budget):
    os.kill(os.getpid(), signal.SIGRTMIN + 1)

def is_terminated(architecture, budget):
    os.kill(os.getpid(), signal.SIGTERM)

def stops(architecture, budget):
    os.kill(os.getpid(), signal.SIGSTOP)

def is_orphaned(architecture, budget):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)

def stops_its_guard(architecture, budget):
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(1000)

def detach_grandchild():
    # a grandchild in a session of its own whose parent is gone
    read_end, write_end = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write_end, str(os.getpid()).encode())
            os.closerange(3, 100)
            time.sleep(1000)
        os._exit(0)
    os.waitpid(parent, 0)
    pid = os.read(read_end, 20).decode()
    with open(__file__ + ".detached", "w") as file:
        file.write(pid)

def detaches_and_hangs(architecture, budget):
    detach_grandchild()
    time.sleep(1000)

def detaches_and_segfaults(architecture, budget):
    detach_grandchild()
    ctypes.string_at(0)

def detaches_and_is_killed(architecture, budget):
    detach_grandchild()
    os.kill(os.getpid(), signal.SIGKILL)

def detaches(architecture, budget):
    detach_grandchild()
    return 1.0

def hangs(architecture, budget):
    child = subprocess.Popen(["sleep", "1000"])
    print("child", child.pid)
    while True:
        pass

def sleeps(architecture, budget):
    ctypes.PyDLL(None).sleep(1000)  # holds Python's lock: no thread of the worker runs

def floods(architecture, budget):
    for i in range(200):
        sys.stderr.write("x" * 50_000 + "\\n")
    raise ValueError("after the flood")

def prints(architecture, budget):
    print('["Ended",{}]')
    os.system("echo from a child")
    return 1

def forks(architecture, budget, report):
    codes = []
    for action in ("returns", "raises", "exits", "reports", "writes"):
        if os.fork() == 0:
            if action == "raises":
                raise ValueError("a child raises")
            if action == "exits":
                sys.exit(3)
            if action == "reports":
                report(1, accuracy=99.0)
            if action == "writes":
                for fd in range(3, 30):
                    try:
                        os.write(fd, b'["Ended",{}]\\n')
                    except OSError:
                        pass
            return 99.0
        codes.append(os.waitstatus_to_exitcode(os.wait()[1]))
    report(2, accuracy=0.25)
    return {"accuracy": 0.5} | dict(zip(("returned", "raised", "left", "reported", "wrote"), codes))

def inspects_signals(architecture, budget):
    signals = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD)
    ignored = [number for number in signals if signal.getsignal(number) == signal.SIG_IGN]
    return {"accuracy": 0.5, "ignored": len(ignored), "blocked": len(signal.pthread_sigmask(signal.SIG_BLOCK, ()))}

def writes_everywhere(architecture, budget):
    for fd in range(3, 256):
        try:
            os.write(fd, b"\\x00garbage\\n")
        except OSError:
            pass
    return 1

def closes_everything(architecture, budget):
    os.closerange(3, 256)
    time.sleep(1000)

def leaves_a_child(architecture, budget):
    if os.fork() == 0:
        time.sleep(30)
    os._exit(5)

def reports(architecture, budget, *, report, seed):
    for epoch in (1, 2):
        report(epoch, accuracy=epoch / 10, loss=float("nan"))
    return {"accuracy": 0.5, "seed": seed, "budget": budget.amount}

def reports_until_stopped(architecture, budget, report):
    for epoch in range(1, 1000):
        report(epoch, accuracy=1 / epoch)
        time.sleep(0.02)
    return 1.0

def reports_and_dies(architecture, budget, report):
    try:
        report(1, accuracy=0.1)
    except BaseException:
        pass  # the stop may have arrived already
    time.sleep(0.3)
    os._exit(4)

_reported = threading.Event()

def reports_after_its_end(architecture, budget, report):
    def send_reports():
        for epoch in range(1, 1_000_000):
            report(epoch, late=1.0)
            _reported.set()
            time.sleep(0.01)

    if budget.amount == 1:
        threading.Thread(target=send_reports, daemon=True).start()
    for _ in range(2):  # the second of two reports was begun during this job
        _reported.clear()
        assert _reported.wait(60)
    return 1.0

def returns_text(architecture, budget):
    return "0.9"

def returns_nothing(architecture, budget):
    pass

def returns_odd_metrics(architecture, budget):
    return {"accuracy": 0.5, "model": object()}

def returns_numpy(architecture, budget):
    return {"accuracy": numpy.float32(0.5), "ok": numpy.array([True])[0], "n": numpy.int64(3)}

def draws(architecture, budget):
    return {"python": random.random(), "numpy": numpy.random.rand()}

def has_imported_torch(architecture, budget):
    return "torch" in sys.modules

def process(architecture, budget):
    return os.getpid()

score = 3
"""

#!/usr/bin/env python3
"""loads.py [--build DIR] [--dir DIR] [FIGURE...]: what the workbench costs under load, against its limits.

Runs the program in a pseudo terminal of 120x36 and prints a line a figure: value, limit, and whether it held.
Stores are made once in --dir (tests/bench/load_store) and kept. Without names all figures are measured but
`watchers`, which takes fifteen minutes: name it, with pairs and seconds (watchers=5:60).

  frame      first whole frame with 1,000 runs (median of five)
  list       the same with 1,000 runs of 30 metrics of 1,000 points: 30 million points
  million    Curves of a run of 1,000,000 points
  marked     Curves of 50 marked runs of 10,000 points; memory with all drawn
  idle       CPU on finished runs; wake-ups of a frozen screen; memory
  keys       key to last byte on every screen while a run trains (95th percentile; ? opens and closes the help)
  ticks      bytes of a tick of one chart, bytes a second of live tokens, CPU while live
  storm      10,000 resizes: whole frames a second, memory, the same screen afterwards
  stall      a terminal that does not read for 30 s, while a run trains
  watchers   training with four screens open against none, a slice of 15 s of either in turn
"""
import argparse
import fcntl
import os
import pty
import select
import shutil
import signal
import sqlite3
import statistics
import struct
import subprocess
import sys
import termios
import time

TICK = os.sysconf("SC_CLK_TCK")
missed = []


def say(name, value, unit, limit, digits=1):
    held = value <= limit
    if not held:
        missed.append(name)
    print("%-44s %9.*f %-6s limit %g  %s" % (name, digits, value, unit, limit, "ok" if held else "MISSED"), flush=True)


class Screen:
    """The program in a terminal."""

    def __init__(self, command, env, size=(36, 120)):
        self.start = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
            os.execvpe(command[0], command, env)
        os.set_blocking(self.fd, False)
        self.total, self.clears, self.last = 0, 0, self.start

    def read(self, wait):
        """One read within so many seconds; the bytes."""
        if not select.select([self.fd], [], [], max(wait, 0))[0]:
            return b""
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        self.last = time.monotonic()
        self.total += len(data)
        self.clears += data.count(b"\x1b[H\x1b[2J")
        return data

    def settle(self, quiet=.08, most=10.0):
        """Reads until nothing came for `quiet` seconds; all of it."""
        end, out = time.monotonic() + most, b""
        while time.monotonic() < end:
            data = self.read(quiet)
            if not data:
                break
            out += data
        return out

    def first_frame(self):
        """Seconds from exec to the last byte of the first frame."""
        while not self.read(.01) and time.monotonic() - self.start < 10:
            pass
        self.settle()
        return self.last - self.start

    def key(self, key, quiet=.08, first=3.0):
        """Seconds from a key to the last byte that it caused; None: nothing came."""
        self.settle(.005, .5)
        start = time.monotonic()
        os.write(self.fd, key.encode())
        if not self.read(first):
            return None
        self.settle(quiet)
        return self.last - start

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def sleep(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(min(.1, end - time.monotonic()))

    @staticmethod
    def sleep_all(screens, seconds):
        """Asleep until one of them writes."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready = select.select([s.fd for s in screens], [], [], left)[0]
            for s in screens:
                if s.fd in ready:
                    s.read(0)

    def cpu(self):
        with open("/proc/%d/stat" % self.pid) as f:
            part = f.read().rsplit(")", 1)[1].split()
        return (int(part[11]) + int(part[12])) / TICK

    def status(self, field):
        with open("/proc/%d/status" % self.pid) as f:
            for line in f:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        return 0

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        for _ in range(100):
            self.read(.01)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


class Bench:
    def __init__(self, args):
        self.build, self.dir, self.live = os.path.abspath(args.build), os.path.abspath(args.dir), None
        self.env = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8", XDG_STATE_HOME=self.dir + "/state",
                        XDG_CONFIG_HOME=self.dir + "/config")
        os.makedirs(self.dir, exist_ok=True)

    def store(self, name, *parts):
        place = "%s/%s" % (self.dir, name)
        if not os.path.exists(place + "/ready"):
            shutil.rmtree(place, ignore_errors=True)
            os.makedirs(place)
            for part in parts:
                subprocess.run([self.build + "/tests/bench/load_store", place + "/runs.db", *part.split()], check=True)
            open(place + "/ready", "w").close()
        return place

    def open(self, place, *more):
        shutil.rmtree(self.dir + "/state", ignore_errors=True)
        return Screen([self.build + "/electroscope", "--workspace", place, *more], self.env)

    def training(self):
        """A workspace in which a run trains; until the end of this program."""
        if self.live is None:
            place = self.dir + "/live"
            shutil.rmtree(place, ignore_errors=True)
            os.makedirs(place)
            subprocess.run([self.build + "/tests/bench/load_store", place + "/runs.db", "some", "12", "500"], check=True)
            self.live = subprocess.Popen([self.build + "/electroscope", "demo", "--workspace", place, "--minutes", "60",
                                          "--headless"], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(600):
                time.sleep(.2)
                if self.step(place) > 20:
                    break
            else:
                sys.exit("loads: no run came to train")
        return self.dir + "/live"

    @staticmethod
    def step(place):
        try:
            with sqlite3.connect("file:%s/runs.db?mode=ro" % place, uri=True, timeout=5) as db:
                row = db.execute("SELECT step FROM run WHERE state = 'running'").fetchone()
            return row[0] or 0 if row else 0
        except sqlite3.OperationalError:
            return 0

    def end(self):
        if self.live:
            self.live.terminate()
            self.live.wait()

    def first(self, name, place, limit):
        times = []
        for _ in range(5):
            s = self.open(place)
            times.append(s.first_frame() * 1e3)
            s.close()
        say(name, statistics.median(times), "ms", limit)

    def frame(self):
        self.first("first frame, 1,000 runs", self.store("thousand", "runs 1000 30 40"), 100)

    def list(self):
        self.first("first frame, 1,000 runs of 30 x 1,000 points", self.store("large", "runs 1000 30 1000"), 100)

    def million(self):
        place, times = self.store("long", "long 1000000"), []
        for _ in range(5):
            s = self.open(place)
            s.first_frame()
            times.append((s.key("2") or 3) * 1e3)
            s.close()
        say("Curves of 1,000,000 points", statistics.median(times), "ms", 50)

    def marked(self):
        place, times, memory = self.store("some", "some 50 10000"), [], 0
        for _ in range(5):
            s = self.open(place)
            s.first_frame()
            for _ in range(50):
                os.write(s.fd, b" ")
                s.settle(.02)
            s.settle(.3)
            times.append((s.key("2") or 3) * 1e3)
            memory = max(memory, s.status("VmRSS"))
            s.close()
        say("Curves of 50 runs of 10,000 points", statistics.median(times), "ms", 300)
        say("memory with 50 runs drawn", memory / 1024, "MB", 100)

    def idle(self):
        s = self.open(self.store("thousand", "runs 1000 30 40"))
        s.first_frame()
        s.sleep(2)
        say("memory, 1,000 runs", s.status("VmRSS") / 1024, "MB", 30)
        for key, name in (("1", "Runs"), ("2", "Curves"), ("3", "Tokens"), ("4", "Ablations"), ("7", "Scores")):
            s.key(key)
            s.sleep(1)
            cpu, woken = s.cpu(), s.status("voluntary_ctxt_switches")
            s.sleep(30 if key == "1" else 6)
            seconds = 30 if key == "1" else 6
            say("CPU on finished runs, " + name, 100 * (s.cpu() - cpu) / seconds, "%", 1, 2)
            say("wake-ups in %d s, %s" % (seconds, name), s.status("voluntary_ctxt_switches") - woken, "", 0, 0)
        s.close()

    def frozen(self):
        """F on Curves and Tokens while a run trains: the store does not wake it."""
        s = self.open(self.training())
        s.first_frame()
        for key, name in (("2", "Curves"), ("3", "Tokens")):
            s.key(key)
            s.sleep(2)
            s.key("F")
            s.sleep(6)
            woken = s.status("voluntary_ctxt_switches")
            s.sleep(10)
            say("wake-ups in 10 s, frozen " + name, s.status("voluntary_ctxt_switches") - woken, "", 0, 0)
            s.key("F")
        s.close()

    def keys(self):
        s = self.open(self.training())
        s.first_frame()
        for key in " jj ":  # two runs to compare
            s.key(key)
        for key, name, pair in (("1", "Runs", "jk"), ("2", "Curves", "lh"), ("3", "Tokens", "??"), ("4", "Ablations", "??"),
                                ("5", "Launch", "jk"), ("6", "Compare", "jk"), ("7", "Scores", "??")):
            s.key(key)
            s.sleep(1.5)
            times = [t * 1e3 for t in (s.key(pair[i % 2], .008, .1) for i in range(60)) if t is not None]
            if len(times) < 5:
                print("%-44s nothing moved for the keys" % ("key to last byte, " + name))
                continue
            say("key to last byte, %s (%d keys, p95)" % (name, len(times)), statistics.quantiles(times, n=20)[-1], "ms", 16)
        s.close()

    def ticks(self):
        s = self.open(self.training())
        s.first_frame()
        s.key("2")
        os.write(s.fd, b"z")
        s.sleep(2)
        before, cpu = s.total, s.cpu()
        s.sleep(20)
        say("bytes of a tick, one chart", (s.total - before) / 20, "B", 4096, 0)
        say("CPU live, one chart", 100 * (s.cpu() - cpu) / 20, "%", 3, 2)
        s.key("3")
        s.sleep(3)
        before, cpu = s.total, s.cpu()
        s.sleep(20)
        say("bytes a second, live Tokens", (s.total - before) / 20, "B/s", 8192, 0)
        say("CPU live, Tokens", 100 * (s.cpu() - cpu) / 20, "%", 3, 2)
        s.key("1")
        s.sleep(1)
        cpu = s.cpu()
        s.sleep(20)
        say("CPU live, Runs", 100 * (s.cpu() - cpu) / 20, "%", 3, 2)
        s.close()

    def storm(self):
        place = self.store("thousand", "runs 1000 30 40")
        for key, name in (("1", "Runs"), ("2", "Curves"), ("4", "Ablations")):
            s = self.open(place)
            s.first_frame()
            s.key(key)
            s.resize(36, 119)
            s.settle(.3)
            s.resize(36, 120)
            same, warm = s.settle(.3), 0
            start, clears = time.monotonic(), s.clears
            for i in range(10000):
                s.resize(1 + i * 7919 % 70, 1 + i * 104729 % 220)
                s.read(.0005)
                if i == 2000:
                    warm = s.status("VmRSS")
            seconds, frames = time.monotonic() - start, s.clears - clears
            s.resize(36, 119)
            s.settle(.3)
            s.resize(36, 120)
            after = s.settle(.3)
            say("whole frames a second in a storm, " + name, frames / seconds, "", 30)
            say("memory grown, resizes 2,000 to 10,000, " + name, (s.status("VmRSS") - warm) / 1024, "MB", 1, 2)
            say("another screen afterwards, " + name, after != same, "", 0, 0)
            s.close()

    def rate(self, place, seconds):
        a, t = self.step(place), time.monotonic()
        time.sleep(seconds)
        return (self.step(place) - a) / (time.monotonic() - t)

    def stall(self):
        place = self.training()
        free = self.rate(place, 30)
        s = self.open(place)
        s.first_frame()
        s.key("3")
        s.sleep(2)
        stalled = self.rate(place, 30)
        before = s.total
        s.settle(.12, 3)
        say("slower while a terminal does not read", 100 * (1 - stalled / free), "%", 3, 2)
        say("bytes when it reads again", s.total - before, "B", 40000, 0)
        s.close()

    @staticmethod
    def logged(place):
        """Step and training time of the newest point."""
        with sqlite3.connect("file:%s/runs.db?mode=ro" % place, uri=True, timeout=5) as db:
            return db.execute("SELECT step, wall FROM logged WHERE held_out = 0 AND run = "
                              "(SELECT id FROM run WHERE state = 'running') ORDER BY step DESC LIMIT 1").fetchone()

    def slice(self, place, watched, seconds):
        """Steps, and the time they took by the run's own clock, under so many screens."""
        screens = [self.open(place) for _ in range(watched)]
        for s, key in zip(screens, "1233"):
            s.first_frame()
            s.key(key)
        Screen.sleep_all(screens, 2 if watched else 11)  # live tokens are sent for 10 s after they were asked for
        a = self.logged(place)
        Screen.sleep_all(screens, seconds)
        b = self.logged(place)
        for s in screens:
            s.close()
        return b[0] - a[0], b[1] - a[1]

    def watchers(self, pairs=5, seconds=60):
        place, slower, slices = self.training(), [], max(1, round(seconds / 15))
        for i in range(pairs):
            sums = {0: [0, 0], 4: [0, 0]}
            for k in range(slices):
                for watched in (0, 4) if (i + k) % 2 else (4, 0):
                    steps, took = self.slice(place, watched, seconds / slices)
                    sums[watched][0] += steps
                    sums[watched][1] += took
            rates = {w: n / t for w, (n, t) in sums.items()}
            slower.append(100 * (1 - rates[4] / rates[0]))
            print("  pair %d: %.2f steps/s alone, %.2f with four screens (%+.2f %%)" % (i + 1, rates[0], rates[4], slower[-1]),
                  flush=True)
        say("slower with four screens (median of %d)" % pairs, statistics.median(slower), "%", 3, 2)


def cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    names = ["frame", "list", "million", "marked", "idle", "frozen", "keys", "ticks", "storm", "stall"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", help="where the program was built")
    parser.add_argument("--dir", default="/tmp/electroscope-loads", help="for the stores (700 MB with all)")
    parser.add_argument("figures", nargs="*")
    args = parser.parse_args()
    bench = Bench(args)
    print("%s, %d cores" % (cpu_name(), os.cpu_count()))
    try:
        for figure in args.figures or names:
            name, _, how = figure.partition("=")
            if name not in names + ["watchers"]:
                parser.error("there is no figure " + name)
            getattr(bench, name)(*[int(x) for x in how.split(":") if x])
    finally:
        bench.end()
    if missed:
        print("missed: " + ", ".join(missed))
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())

"""A steady load through the VIP, open loop: what clients see while something is done to the cluster."""
import collections
import json
import os
import pathlib
import subprocess
import time

from conftest import DIRECTORS, LAB, PAGES, VIP, everywhere

TOOL = os.environ.get("PROBE_TOOL") or str(
    pathlib.Path(os.environ.get("CLUSTERCTL_BUILD", "build")) / "tests/probe/probe-tool")
NAMES = list(PAGES)
BODIES = ",".join(page + "\n" for page in PAGES.values())
TIMEOUT_MS = 5000


class Load:
    """`with Load(200) as load:` what happens inside happens under 200 requests a second."""

    def __init__(self, rate=200, bodies=BODIES):
        self.rate, self.bodies, self.records, self.log = rate, bodies, [], ""

    def __enter__(self):
        self.process = subprocess.Popen(
            [LAB, "run", TOOL, "load", VIP, "80", "/", "-", str(self.rate), str(TIMEOUT_MS),
             "3600000", self.bodies],
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout.readline() == "started\n", self.process.communicate()
        self.began, self.wall = time.monotonic(), time.time()
        return self

    def now(self):
        """Seconds since the load's beginning: what is due from here on comes after this."""
        return time.monotonic() - self.began

    def note(self, text):
        """For the message when something was lost: what was done, with the load's own clock."""
        self.log += f"[{self.now():.1f} s] {text}\n"

    def __exit__(self, *exc):
        self.process.terminate()
        out, err = self.process.communicate(timeout=60)
        if exc[0] is None:
            assert self.process.returncode == 0, err
            self.said = json.loads(out)
            self.records = self.said["records"]

    def transitions(self):
        """What the directors' keepalived saw meanwhile, by the load's clock (the hosts' is the same)."""
        out = ""
        for host, text in everywhere(
                f"journalctl -u keepalived -o short-unix --no-pager --since @{int(self.wall)} | "
                "grep -E 'STATE|quorum|timer expired|fail|Reload|expired'; :", DIRECTORS).items():
            for line in text.splitlines():
                at, _, rest = line.partition(" ")
                out += f"[{float(at) - self.wall:.1f} s] {host}: {rest.split(': ', 1)[-1]}\n"
        return out

    def lost(self):
        return [r for r in self.records if r[3] != "ok"]

    def nothing_lost(self):
        self.lost_at_most(0)

    def lost_at_most(self, allowed):
        assert len(self.records) > self.rate, "there was no load"
        when = collections.Counter((r[0] // 100000 / 10, r[3]) for r in self.lost())
        said = ", ".join(f"{n} {what} at {at} s" for (at, what), n in sorted(when.items()))
        if said:
            said += f"\n{self.log}{self.transitions()}"
        assert len(self.lost()) <= allowed, f"lost of {len(self.records)}: {said}"
        print(f"{len(self.records)} requests at {self.rate}/s, lost: {said or 'none'}", flush=True)

    def shares(self, since, until):
        """{real server: answers} of what was due between two of now()."""
        count = collections.Counter(NAMES[r[5]] for r in self.records
                                    if since <= r[0] / 1e6 < until and r[3] == "ok")
        return {name: count[name] for name in NAMES}

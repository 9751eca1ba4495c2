"""Every write, fsync, rename, close of what the operator's side writes fails, once with EIO, or the disk is full
from there on (inject.c). The command says so and does not succeed; what is there is old or new, never in between.
"""
import json
import re
import shutil
import subprocess

import pytest

from conftest import BUILD, CLUSTERCTL, ENV, EXAMPLES, every, tree

INJECT = BUILD / "tests/torture/inject"
REPORT_TOOL = BUILD / "tests/report/report_tool"
KNOWN_HOSTS_TOOL = BUILD / "tests/torture/known_hosts_tool"
FULL, ARTICLE = EXAMPLES / "full.json", EXAMPLES / "article.json"
MODES = ["once", "full"]
SAID = r"clusterctl: error: (\S+: )?cannot .*: (Input/output error|No space left on device)\n"


def run(command, cwd, env=None):
    return subprocess.run([str(x) for x in command], cwd=cwd, capture_output=True, text=True,
                          env=ENV | (env or {}), stdin=subprocess.DEVNULL, timeout=60)


def places(command, cwd, env=None):
    """The calls that the command makes, in their order."""
    trace = cwd / "trace"
    run([INJECT, "once", 0, trace, *command], cwd, env)
    return trace.read_text().splitlines()


def each_fault(mode, command, cwd, reset, k=1, env=None):
    """(which, result) with the n-th call failing, from a fresh start each time."""
    reset()
    calls = places(command, cwd, env)
    assert len(calls) > 2
    for n in range(1, len(calls) + 1, k):
        reset()
        r = run([INJECT, mode, n, cwd / "trace", *command], cwd, env)
        failed = [c for c in (cwd / "trace").read_text().splitlines() if c.endswith("FAILED")]
        if mode == "once":
            assert len(failed) == 1, f"{calls[n - 1]}: {r.stderr}"
        yield calls[n - 1], bool(failed), r


def forget(path):
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("before", ["nothing", "another"])
@pytest.mark.parametrize("mode", MODES)
def test_offline_directory(tmp_path, counts, mode, before):
    def write(inventory, folder):
        return [CLUSTERCTL, "deploy", "--dry-run", "--offline", "--out", folder, inventory]

    out, old, new = (tmp_path / n for n in ("out", "old", "new"))
    assert run(write(ARTICLE, old), tmp_path).returncode == run(write(FULL, new), tmp_path).returncode == 0
    whole, had = tree(new), tree(old) if before == "another" else {}

    def reset():
        forget(out)
        if had:
            shutil.copytree(old, out)

    tried = 0
    for what, failed, r in each_fault(mode, write(FULL, out), tmp_path, reset, every(25)):
        tried += 1
        left = tree(out) if out.exists() else {}
        assert (r.returncode == 0) == (not failed), f"{what}: {r.stderr}"
        assert not failed or (r.returncode == 1 and re.match(SAID, r.stderr)), r.stderr
        for name, data in left.items():
            assert name.endswith(".clusterctl-out") or data in (whole.get(name), had.get(name)), f"{what}: {name}"
        assert run(write(FULL, out), tmp_path).returncode == 0, what
        assert tree(out) == whole, what
    counts[f"--out over {before}, {mode}"] = f"{tried} calls"


@pytest.mark.parametrize("mode", MODES)
def test_report(tmp_path, counts, mode):
    folder, tried = tmp_path / "r", 0
    old = "an older report\n"

    def reset():
        forget(folder)
        folder.mkdir()
        (folder / "report.html").write_text(old)

    command = [REPORT_TOOL, "html", folder / "report.html", "passed"]
    for what, failed, r in each_fault(mode, command, tmp_path, reset):
        tried += 1
        assert r.returncode == (1 if failed else 0), f"{what}: {r.stderr}"
        assert not failed or r.stderr.startswith(f"cannot write '{folder}/report.html': "), r.stderr
        assert [p.name for p in folder.iterdir()] == ["report.html"], what
        text = (folder / "report.html").read_text()
        assert text == old if failed else text.endswith("</html>\n"), what
    counts[f"report, {mode}"] = f"{tried} calls"


@pytest.mark.parametrize("before", ["", "a 1\n", "cut"])
@pytest.mark.parametrize("mode", MODES)
def test_known_hosts(tmp_path, counts, mode, before):
    path, tried = tmp_path / "ssh/known_hosts", 0

    def reset():
        forget(path.parent)
        if before:
            path.parent.mkdir()
            path.write_text(before)

    reset()
    assert run([KNOWN_HOSTS_TOOL, path], tmp_path).returncode == 0
    whole = path.read_text()
    for what, failed, r in each_fault(mode, [KNOWN_HOSTS_TOOL, path], tmp_path, reset):
        tried += 1
        text = path.read_text() if path.exists() else ""
        assert text in (before, whole), f"{what}: {text!r}"
        if failed and not what.endswith("close"): # it has been made to last by then
            assert r.returncode == 1 and r.stderr.startswith("cannot "), f"{what}: {r.stderr}"
        if r.returncode == 0:
            assert text == whole, what
    counts[f"known_hosts after {before!r}, {mode}"] = f"{tried} calls"


@pytest.fixture
def nobody_there(tmp_path):
    """An inventory at whose addresses nothing listens."""
    inventory = json.loads((EXAMPLES / "reference.json").read_text())
    for n, host in enumerate(inventory["hosts"]):
        host["address"] = f"127.0.0.{n + 1}"
    inventory["ssh"] = {"port": 1}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(inventory))
    return path


@pytest.mark.parametrize("mode", MODES)
def test_journal(tmp_path, nobody_there, counts, mode):
    """The line is whole or not there; the run goes on, and says what it could not write."""
    journal, tried = tmp_path / "state/journal.jsonl", 0
    env = {"CLUSTERCTL_JOURNAL": str(journal)}
    old = '{"an": "older run"}\n'

    def reset():
        forget(journal.parent)
        journal.parent.mkdir()
        journal.write_text(old)

    command = [CLUSTERCTL, "deploy", "--no-verify", nobody_there]
    for what, failed, r in each_fault(mode, command, tmp_path, reset, env=env):
        tried += 1
        assert r.returncode == 69, f"{what}: {r.stderr}"
        text = journal.read_text()
        assert text.startswith(old) and text.endswith("\n"), f"{what}: {text!r}"
        for line in text.splitlines():
            json.loads(line)
        if failed and not what.endswith("close"):
            assert "the journal" in r.stderr, f"{what}: {r.stderr}"
    counts[f"journal, {mode}"] = f"{tried} calls"


PRINTING = {
    "check": ["check", FULL], "check-json": ["check", "--output", "json", FULL],
    "check-bad-json": ["check", "--output", "json", "bad.json"],
    "schema": ["schema"], "help": ["help"], "help-of": ["deploy", "--help"], "version": ["version"],
    "offline": ["deploy", "--dry-run", "--offline", ARTICLE],
    "offline-json": ["deploy", "--dry-run", "--offline", "--output", "json", ARTICLE],
    "deploy-json": ["deploy", "--no-verify", "--output", "json", "inventory.json"],
    "dry-run-json": ["deploy", "--dry-run", "--output", "json", "inventory.json"],
    "status": ["status", "inventory.json"], "status-json": ["status", "--output", "json", "inventory.json"],
    "history": ["history", "--inventory", "inventory.json"],
}


@pytest.mark.parametrize("name", PRINTING)
def test_full_standard_output(tmp_path, nobody_there, name):
    (tmp_path / "bad.json").write_text('{"nmae": 1}')
    as_is = run([CLUSTERCTL, *PRINTING[name]], tmp_path)
    with open("/dev/full", "w") as full:
        r = subprocess.run([CLUSTERCTL, *map(str, PRINTING[name])], cwd=tmp_path, env=ENV, stdout=full,
                           stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
    assert r.returncode == 1 or (r.returncode == as_is.returncode != 0), r.stderr
    # A run that failed by itself says that.
    assert as_is.returncode not in (0, 65) or "cannot write to standard output: No space left on device" in r.stderr

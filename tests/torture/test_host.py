"""Every call that changes a file fails while a host carries out a plan (inject.c, host_tool.c): of the shell, cat,
base64, cp, mv, awk, sync. Each file is old or new at any moment, the failed step says so, and the same run again
without a fault makes it good and leaves nothing behind.
"""
import shutil
import subprocess

import pytest

from conftest import BUILD, ENV, every, tree

INJECT = BUILD / "tests/torture/inject"
HOST_TOOL = BUILD / "tests/torture/host_tool"
MODES = ["once", "full"]

CONF = b"somebody's\n"
FSTAB = b"/dev/vda / ext4\nother:/x /mnt nfs\n" + b"# a long file\n" * 500
DROPPED = b"other:/x /mnt nfs"


def host(folder):
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("run", "lib", "tree"):
        (folder / name).mkdir(parents=True)
    (folder / "tree/conf").write_bytes(CONF)
    (folder / "tree/fstab").write_bytes(FSTAB)


def tool(what, folder, *how):
    r = subprocess.run([str(x) for x in (HOST_TOOL, what, folder, *how)], env=ENV, capture_output=True, text=True,
                       stdin=subprocess.DEVNULL, timeout=60)
    assert r.returncode in (0, 1, 2), r.stdout + r.stderr
    return r.returncode, r.stdout + r.stderr


def lasting(folder):
    """What is on the host's disk, but for the record of runs."""
    return {n: d for n, d in tree(folder).items()
            if n.startswith(("tree/", "lib/")) and not n.startswith("lib/clusterctl/runs/")}


def is_temporary(name):
    return "tmp" in name.rsplit("/", 1)[1]


def judge(folder, whole):
    """What is neither old nor new."""
    old = {"tree/conf": CONF, "tree/fstab": FSTAB}
    for name, data in lasting(folder).items():
        if is_temporary(name):
            continue
        if name.endswith(".dropped"):
            assert set(data.splitlines()) <= {DROPPED} and data.endswith(b"\n"), f"{name}: {data!r}"
        else:
            assert data in (whole.get(name), old.get(name)), f"{name}: {data[:200]!r}"
    for name in old:
        assert (folder / name).exists(), name


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    base = tmp_path_factory.mktemp("host")
    folder = base / "root"
    host(folder)
    assert tool("apply", folder, INJECT, "once", 0, base / "trace")[0] == 0
    calls = (base / "trace").read_text().splitlines()
    assert len(calls) > 200 and {c.split()[1] for c in calls} >= {"sh", "cp", "mv", "base64", "sync", "mkdir"}
    assert tool("look", folder) == (0, "")
    yield folder, lasting(folder), calls
    shutil.rmtree(base)


@pytest.mark.parametrize("mode", MODES)
def test_each_call_of_a_host_fails(reference, counts, mode):
    folder, whole, calls = reference
    trace, bad, said = folder.parent / "trace", [], 0
    tried = range(1, len(calls) + 1, every(37))
    for n in tried:
        host(folder)
        status, words = tool("apply", folder, INJECT, mode, n, trace)
        said += status == 1
        try:
            assert status in (0, 1), f"it ended without a word: {words}"
            judge(folder, whole)
            if status == 0:
                assert tool("look", folder) == (0, ""), "a step that failed passed for done"
            again = tool("apply", folder)
            assert again[0] == 0, f"again: {again[1]}"
            assert tool("look", folder) == (0, "")
            left = {x: d for x, d in lasting(folder).items() if not x.endswith(".dropped")}
            assert left == {x: d for x, d in whole.items() if not x.endswith(".dropped")}
            judge(folder, whole)
        except AssertionError as e:
            bad.append(f"{calls[n - 1]}: {str(e)[:400]}")
    counts[f"a host, {mode}"] = f"{len(tried)} of {len(calls)} calls failed, {said} times a step with them"
    assert said and not bad, "\n".join(bad[:20] + [f"{len(bad)} in all"])

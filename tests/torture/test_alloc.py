"""Every allocation fails once (alloc.c). What ends well is exactly as without the fault; what does not ends
with 71 and says so. In between there is nothing: no signal, no other status, no output with a part missing.
"""
import os
import signal
import subprocess

import pytest

from conftest import ALL, BUILD, CLUSTERCTL, ENV, EXAMPLES, every, tree

LIBRARY = BUILD / "tests/torture/libtorture_alloc.so"
FULL, ARTICLE = EXAMPLES / "full.json", EXAMPLES / "article.json"
SAID = b"clusterctl: out of memory\n"

BAD = '{"cluster": "w", "vip": "10.1.1.300", "nmae": 1, "hosts": [{"name": "a b", "role": "x"}, 7]}'

COMMANDS = {
    "check": (["check", FULL], 40),
    "check-json": (["check", "--output", "json", ARTICLE], 10),
    "check-bad": (["check", "bad.json"], 10),
    "schema": (["schema"], 40),
    "help": (["help", "deploy"], 5),
    "offline": (["deploy", "--dry-run", "--offline", FULL], 60),
    "offline-json": (["deploy", "--dry-run", "--offline", "--output", "json", ARTICLE], 60),
    "offline-templates": (["deploy", "--dry-run", "--offline", "--templates", "templates", ARTICLE], 90),
}


def run(args, cwd, **env):
    with open(cwd / "stdout", "w+b") as out, open(cwd / "stderr", "w+b") as err:
        r = subprocess.run([CLUSTERCTL, *map(str, args)], cwd=cwd, stdout=out, stderr=err,
                           stdin=subprocess.DEVNULL, env=ENV | env, timeout=3600)
    return r.returncode, (cwd / "stdout").read_bytes(), (cwd / "stderr").read_bytes()


def fault(**env):
    return {"LD_PRELOAD": str(LIBRARY)} | env


def wrong(status, out, err, good):
    """What is not as it has to be, or None."""
    if os.WIFSIGNALED(status):
        return f"ended by signal {os.WTERMSIG(status)}"
    code = os.WEXITSTATUS(status)
    if code == 71:
        return None if err.endswith(SAID) and good[1].startswith(out) else f"71, but said {err!r}"
    return None if (code, out, err) == good else f"status {code}, {err[:200]!r}"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "bad.json").write_text(BAD)
    (tmp_path / "templates").mkdir()
    text = (EXAMPLES.parents[1] / "templates/files/arp.sysctl.tmpl").read_text()
    (tmp_path / "templates/arp.sysctl.tmpl").write_text(text + "# ours\n")
    return tmp_path


@pytest.mark.parametrize("rest", ["once", "from there on"])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_memory(place, counts, name, rest):
    args, k = COMMANDS[name]
    good = run(args, place)
    seen = place / "seen"
    seen.mkdir()
    more = {"TORTURE_REST": "1"} if rest != "once" else {}
    assert run(args, place, **fault(TORTURE_DIR=str(seen), TORTURE_EVERY=str(every(k)), **more)) == good
    *ends, (_, total) = [line.split() for line in (seen / "ends").read_text().splitlines()]
    assert len(ends) == int(total) // every(k) > 10
    bad, refused = [], 0
    for n, status in ends:
        out, err = (seen / f"{n}.out").read_bytes(), (seen / f"{n}.err").read_bytes()
        refused += status == str(71 << 8)
        why = wrong(int(status), out, err, good)
        if why:
            bad.append(f"allocation {n} of {total}: {why}")
    counts[f"{name}, {rest}"] = f"{len(ends)} allocations failed, {refused} times the end, the rest coped with"
    assert not bad, "\n".join(bad[:20] + [f"{len(bad)} in all"])


def leftovers(folder):
    return [p for p in folder.rglob("*.clusterctl-tmp")]


@pytest.mark.parametrize("before", ["nothing", "another"])
def test_no_memory_while_files_are_written(tmp_path, counts, before):
    """Whole files only, old or new; the next run makes it good."""
    def write(inventory, folder, **env):
        return run(["deploy", "--dry-run", "--offline", "--out", folder, inventory], tmp_path, **env)

    seen, old, new = (tmp_path / n for n in ("seen", "old", "new"))
    seen.mkdir()
    assert write(ARTICLE, old)[0] == 0 and write(FULL, new)[0] == 0
    whole, had = tree(new), tree(old) if before == "another" else {}
    assert write(FULL, tmp_path / "count", **fault(TORTURE_DIR=str(seen), TORTURE_ONLY="1000000000"))[0] == 0
    total = int((seen / "ends").read_text().split()[-1])
    tried = range(1, total + 1, every(total // 60))
    for n in tried:
        folder = tmp_path / "out"
        subprocess.run(["rm", "-rf", folder], check=True)
        if had:
            subprocess.run(["cp", "-a", old, folder], check=True)
        code, out, err = write(FULL, folder, **fault(TORTURE_DIR=str(seen), TORTURE_ONLY=str(n)))
        assert code in (0, 71) and out == b"", f"allocation {n}: status {code}, {err!r}"
        assert code == 0 or err.endswith(SAID), f"allocation {n}: {err!r}"
        for name, data in tree(folder).items() if folder.exists() else ():
            if name.endswith((".clusterctl-tmp", ".clusterctl-out")):
                continue
            assert data in (whole.get(name), had.get(name)), f"allocation {n}: {name} is neither old nor new"
        if code:
            assert write(FULL, folder)[0] == 0, f"allocation {n}: cannot be run again"
        assert tree(folder) == whole and not leftovers(folder), f"allocation {n}"
    counts[f"--out over {before}"] = f"{len(tried)} of {total} allocations failed"


def test_the_library_fails_what_it_says(tmp_path):
    """A test that cannot fail shows nothing: the first allocation of all, for good, ends any command."""
    code, _, err = run(["schema"], tmp_path, **fault(TORTURE_DIR=str(tmp_path), TORTURE_ONLY="200",
                                                     TORTURE_REST="1"))
    assert code == 71 and err.endswith(SAID)

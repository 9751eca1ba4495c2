"""What hosts of the RHEL family get, rendered from facts in a file: goldens in render/, one directory a case.
GOLDEN_UPDATE=1 writes them anew."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from keepalived import lint, real_keepalived

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
CLUSTERCTL = os.environ.get("CLUSTERCTL", str(TOP / "build/cli/clusterctl"))
CASES = sorted(p.stem for p in (HERE / "facts").glob("*.json"))


def offline(facts, inventory, *more):
    return subprocess.run(["unshare", "-n", CLUSTERCTL, "deploy", "--dry-run", "--offline", "--facts",
                           str(facts), *more, str(inventory)], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL)


def inventory_of(case):
    name = "article" if case.endswith("article") else "reference"
    return TOP / f"inventory/examples/{name}.json"


@pytest.fixture(scope="module", params=CASES, name="case")
def fixture_case(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("el") / "out"
    done = offline(HERE / f"facts/{request.param}.json", inventory_of(request.param), "--out", str(out))
    assert done.returncode == 0, done.stderr
    return request.param, out


def files(directory):
    return {str(p.relative_to(directory)): p.read_text() for p in sorted(directory.rglob("*"))
            if p.is_file() and p.name != ".clusterctl-out"}


def test_golden(case):
    name, out = case
    golden = HERE / "render" / name
    if os.environ.get("GOLDEN_UPDATE"):
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(out, golden, ignore=shutil.ignore_patterns(".clusterctl-out"))
        for path in golden.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert files(out) == files(golden)


def test_every_golden_has_its_facts():
    assert sorted(p.name for p in (HERE / "render").iterdir()) == CASES


def facts_file(tmp_path, text):
    path = tmp_path / "facts.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


@pytest.mark.parametrize("facts, said", [
    ('{"all": {', ":1:9: "),
    ("[]", "must be a JSON object"),
    ({"al": {}}, 'unknown key "al"'),
    ({"all": {"os": "rocky"}}, 'all: unknown key "os"'),
    ({"all": {"os_id": 7}}, "all: os_id must be a string"),
    ({"all": {"os_version": "7"}}, "LVS-master has an os_version and no os_id"),
    ({"roles": {"web": {}}}, 'unknown role "web"'),
    ({"hosts": {"Web09-RS": {}}}, 'unknown host "Web09-RS"'),
    ({"hosts": {"NFS": {"selinux": "on"}}}, 'hosts.NFS: unknown selinux "on"'),
    ({"all": {"keepalived": "new"}}, '"new" is no version of keepalived'),
    ({"all": {"os_id": "plan9", "os_version": "4"}}, "is not supported (ID=plan9 VERSION_ID=4"),
    ({"all": {"interface": "e;reboot"}}, "the network interface's name may hold only"),
])
def test_facts_that_are_no_good(tmp_path, facts, said):
    done = offline(facts_file(tmp_path, facts), inventory_of("x"))
    assert done.returncode in (1, 64), done.stderr
    assert said in done.stderr


def test_facts_go_with_offline_only(tmp_path):
    done = subprocess.run(["unshare", "-n", CLUSTERCTL, "deploy", "--dry-run", "--facts", "/dev/null",
                           str(inventory_of("x"))], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and "goes with --offline only" in done.stderr


def test_unknown_release_is_refused(tmp_path):
    """Fedora 99 is in no table, and not like anything: with the option it is the newest that is."""
    path = facts_file(tmp_path, {"all": {"os_id": "fedora", "os_version": "99"}})
    done = offline(path, inventory_of("x"))
    assert done.returncode == 1 and "--assume-family" in done.stderr
    assert offline(path, inventory_of("x"), "--assume-family").returncode == 0


MIXED = {"all": {"os_id": "centos", "os_version": "7"},
         "hosts": {"LVS-node01": {"os_id": "rocky", "os_version": "9", "keepalived": "2.2.7"}}}


def test_directors_of_two_majors_are_refused(tmp_path):
    done = offline(facts_file(tmp_path, MIXED), inventory_of("x"))
    assert done.returncode == 1 and not done.stdout
    assert "LVS-master has keepalived 1.3.5 and LVS-node01 2.2.7" in done.stderr
    assert "mixed_versions" in done.stderr


def test_mixed_directors_send_what_both_know(tmp_path):
    data = json.loads(inventory_of("x").read_text())
    data["vrrp"]["mixed_versions"] = True
    (tmp_path / "inventory.json").write_text(json.dumps(data))
    out = tmp_path / "out"
    done = offline(facts_file(tmp_path, MIXED), tmp_path / "inventory.json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    old, new = (out / host / "etc/keepalived/keepalived.conf" for host in ("LVS-master", "LVS-node01"))
    assert "advert_int 1\n" in old.read_text() and "advert_int 1\n" in new.read_text()
    assert "old_unicast_checksum" in new.read_text() and "old_unicast_checksum" not in old.read_text()
    assert lint("1.3.5", old.read_text()) == ""
    assert real_keepalived(new) == ""


def test_no_monitoring_on_el(tmp_path):
    data = json.loads(inventory_of("x").read_text())
    data["monitoring"] = {}
    (tmp_path / "inventory.json").write_text(json.dumps(data))
    done = offline(HERE / "facts/rocky9.json", tmp_path / "inventory.json")
    assert done.returncode == 1 and "has no packages of Prometheus" in done.stderr

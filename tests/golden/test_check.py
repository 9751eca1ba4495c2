"""`clusterctl check` on bad inventories: NAME.json must give exactly NAME.expected on stderr.

CLUSTERCTL names the binary (default: build/cli/clusterctl). GOLDEN_UPDATE=1 writes the .expected
files anew; read the difference before committing it.
"""

import json
import os
import subprocess
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CASES = HERE / "check"
EXAMPLES = ROOT / "inventory" / "examples"
CLUSTERCTL = os.path.abspath(os.environ.get("CLUSTERCTL", ROOT / "build" / "cli" / "clusterctl"))

# What a JSON Schema cannot say: rules between hosts, and those of the JSON text itself. Everything
# else that `check` refuses an editor with the schema must refuse too.
BEYOND_THE_SCHEMA = {
    "advert-version-2", "advert-version-3", "all-weights-zero", "auth-pass-version-3", "check-keys-of-http",
    "director-and-real-server", "duplicate-address", "duplicate-host-name", "duplicate-hostname",
    "duplicate-key", "duplicate-key-escaped", "duplicate-service", "interface-without-network",
    "name-is-no-hostname", "network-gateway-broadcast", "network-gateway-is-a-host",
    "network-gateway-is-a-vip", "network-prefix-too-long",
    "nfs-v3-with-locks", "nfs-without-host", "no-director", "no-real-server",
    "profile-article-priority", "real-server-and-nfs",
    "same-index-two-pages",
    "same-priority", "same-priority-default", "service-vip-unknown", "special-addresses",
    "ssh-fingerprint-openssh", "ssh-variable-identity", "ssh-variable-known-hosts",
    "three-directors", "two-nfs-hosts", "vip-is-a-host",
}  # fmt: skip


def check(*args, cwd=CASES):
    env = dict(os.environ, NO_COLOR="1", LC_ALL="C.UTF-8")
    env.pop("CLUSTERCTL_INVENTORY", None)
    return subprocess.run(
        [CLUSTERCTL, "check", *args], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=60)  # fmt: skip


def names(folder):
    return sorted(p.stem for p in folder.glob("*.json"))


def complaints(stderr):
    """The diagnostics, without the count that ends them."""
    lines = stderr.decode().splitlines(keepends=True)
    n = sum(": error: " in line for line in lines)
    assert lines[-1] == f"{n} error{'' if n == 1 else 's'}\n"
    return "".join(lines[:-1])


@pytest.mark.parametrize("name", names(CASES))
def test_bad_inventory(name):
    done = check(f"{name}.json")
    assert done.returncode == 65
    assert done.stdout == b""
    text = complaints(done.stderr)
    expected = CASES / f"{name}.expected"
    if os.environ.get("GOLDEN_UPDATE"):
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_expectation_has_its_case():
    assert names(CASES) == sorted(p.stem for p in CASES.glob("*.expected"))


@pytest.mark.parametrize("name", names(EXAMPLES))
def test_example_is_good(name):
    done = check(str(EXAMPLES / f"{name}.json"))
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("path", ["/nonexistent.json", "/"])
def test_unreadable(path):
    done = check(path)
    assert done.returncode == 1
    assert path.encode() in done.stderr


def test_too_large(tmp_path):
    big = tmp_path / "big.json"
    with big.open("wb") as f:
        f.truncate(64 * 1024 * 1024 + 1)
    done = check("big.json", cwd=tmp_path)
    assert done.returncode == 65
    assert b"big.json:1:1: error: the file is larger than 64 MiB\n" in done.stderr


def test_secrets_are_not_shown(tmp_path):
    """Wherever the password stands and whatever is wrong with it."""
    secret = "hunter2!hunter2"
    for value in (f'"{secret}"', f'["{secret}"]', f'"{secret}" "x"', f'"{secret}\\q"', secret):
        (tmp_path / "i.json").write_text('{"vrrp": {"version": 2, "auth_pass": %s}}' % value)
        done = check("i.json", cwd=tmp_path)
        assert done.returncode == 65
        assert b"hunter2" not in done.stdout + done.stderr


def test_ten_thousand_hosts(tmp_path):
    """0.1 s on the machine this was written on; quadratic work would take far longer than this."""
    hosts = [{"name": "lvs", "address": "10.0.0.1", "role": "director"}]
    hosts += [
        {"name": f"web{i}", "address": f"10.1.{i // 256}.{i % 256}", "role": "real_server"}
        for i in range(10000)
    ]
    inventory = {"cluster": "big", "vip": "10.255.0.1", "hosts": hosts}
    (tmp_path / "big.json").write_text(json.dumps(inventory, indent=2))
    start = time.monotonic()
    done = check("big.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert time.monotonic() - start < 5


@pytest.fixture(scope="module")
def schema():
    jsonschema = pytest.importorskip("jsonschema")
    text = json.loads((ROOT / "inventory" / "inventory.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(text)
    return jsonschema.Draft202012Validator(text)


@pytest.mark.parametrize("name", names(EXAMPLES))
def test_schema_accepts_example(schema, name):
    errors = list(schema.iter_errors(json.loads((EXAMPLES / f"{name}.json").read_text())))
    assert errors == []


def parsed_cases():
    """The cases that are JSON at all, for Python's parser."""
    for name in names(CASES):
        try:
            yield name, json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
        except ValueError:
            pass


@pytest.mark.parametrize("name, inventory", [pytest.param(*c, id=c[0]) for c in parsed_cases()])
def test_schema_on_bad_inventory(schema, name, inventory):
    assert schema.is_valid(inventory) == (name in BEYOND_THE_SCHEMA)


MANUAL = ROOT / "man" / "clusterctl-inventory.5"
SECTION_OF = {"service": "Services", "check": "Services", "vrrp": "VRRP", "nfs": "NFS",
              "network": "Network", "monitoring": "Monitoring", "ssh": "SSH", "host": "Hosts"}  # fmt: skip


def manual_section(title):
    return MANUAL.read_text().split(f".Ss {title}\n")[1].split("\n.Ss ")[0].split("\n.Sh ")[0]


def documented():
    """(manual section, key, what the schema says of it)"""
    schema = json.loads((ROOT / "inventory" / "inventory.schema.json").read_text())
    for key, value in schema["properties"].items():
        yield "The cluster", key, value
    for name, definition in schema["$defs"].items():
        for key, value in definition["properties"].items():
            yield SECTION_OF[name], key, value


def short(value):
    return ("true" if value else "false") if isinstance(value, bool) else f"{value}"


@pytest.mark.parametrize("section, key, value", documented())
def test_manual_agrees_with_the_schema(section, key, value):
    text = manual_section(section)
    heads = [l for l in text.splitlines() if l.startswith(f".It Cm {key} Pq ")]
    assert heads, f"{key} is not in section {section}"
    default = value.get("default")
    for word in default if isinstance(default, list) else [] if default is None else [default]:
        assert short(word) in text
    if default is not None and not isinstance(default, list) and len(short(default)) < 30:
        assert any("default " in head and short(default) in head for head in heads)
    if "maximum" in value and key not in ("version", "advert_interval"):
        assert any(f"{value['minimum']} to {value['maximum']}" in head for head in heads)
    for word in value.get("enum", []):
        assert word in text.split()


def test_manual_is_well_formed():
    try:
        lint = ["mandoc", "-T", "lint", "-W", "warning", str(MANUAL)]
        done = subprocess.run(lint, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("mandoc is not installed")
    assert (done.returncode, done.stdout) == (0, "")

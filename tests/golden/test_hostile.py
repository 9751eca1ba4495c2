"""Hostile values in every field of the inventory: refused in place, or plain data wherever they go.

Fields are those of the JSON Schema, which the program's own tables generate: a new one is tried
without a word here. Many values go into one run of `check`, which complains about each at its own line
and column; what it lets pass is then tried alone, and rendered.
"""
import collections
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import unicodedata
import zlib

import pytest

from test_render import CLUSTERCTL, TOP, accepts, links, namespace, need

SCHEMA = json.loads((TOP / "inventory/inventory.schema.json").read_text())
CANARY = "CANARY"

TEXTS = [
    f"$(touch {CANARY})", f"`touch {CANARY}`", f"; touch {CANARY}", f"&& touch {CANARY}",
    f"|touch {CANARY}", f"& touch {CANARY} &", f">{CANARY}", f"<{CANARY}", f"\ntouch {CANARY}\n",
    f"'; touch {CANARY}; '", f'"; touch {CANARY}; "', f"$(touch${{IFS}}{CANARY})", "${HOME}", "$HOME",
    "$x", "$(", "`", ";", ";x", "|", ">", "&", "*", "?", "[a-z]", "!", "#", "#x", "~", "~root", "%s%n", "%n",
    "%i", "'", '"', "\\", "\\n", "\\", "a\\", "{", "}", "{{host}}", "{{{x}}}", "} include /etc/passwd {",
    "}\nvrrp_instance X {", "@", "@host", "-", "-x", "--help", "-rf /", ".", "..", "../..", "/../", "/..",
    "/", "//", "/.", "/x/", ",", ",,", "(rw)", "*(rw)", "a b", " ", "\t", "\n", "\r", "\r\n", "a\tb", "\v",
    "\f", "\b", "\a", "\x7f", "\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\u0085", "\u00a0", "\u2028",
    "\u2029", "\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u061c", "\u200b", "\u200d", "\ufeff",
    "\ufffe", "\uffff", "\U0001f4a3", "\U000e0041", "\u00e9", "e\u0301", "</script><script>x</script>",
    "<!--", "]]>", "&lt;", "EOF", "END-OF-SCRIPT", "a" * 65536, "\u00e9" * 32768, "", "null", "true",
    "0x10", "1e3", "08", "-1", "10.1.1.140/24", "010.1.1.140", "::1", "10.1.1.999", "localhost",
]  # fmt: skip
TEXTS = list(dict.fromkeys(TEXTS))
OTHERS = [
    -1, 0, 2**31, 2**32, 2**63 - 1, -2**63, 1.5, -0.5, 1e308, 1e-300, 0.30000000001, True, False, None, [], {},
    [[]], [{}], {"x": {}}, ["x"] * 50, [None], [1], [";"], ["\n"],
]  # fmt: skip

# Not JSON text at all; each put where a value stands.
RAW = [
    b'"\\u0000"', b'"a\\u0000b"', b'"\0"', b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"',
    b'"\xe2\x82"', b'"\\ud800"', b'"\x1b[2J"', b'"\n"', b'"\\x41"', b"'x'", b"1e999", b"NaN", b"\xff\x00",
    b"99999999999999999999999", b"{" * 65536, b"[" * 65536,
]  # fmt: skip


def base():
    """Every section, every role; each text stands nowhere else in what is rendered."""
    return {
        "$schema": "zzschema", "cluster": "zzcluster", "profile": "fast", "vips": ["10.1.1.140"],
        "services": [{"vip": "10.1.1.140", "port": 80, "protocol": "tcp", "scheduler": "wrr",
                      "persistence": 0, "check": {"type": "http", "path": "/zzpath", "host": "zzcheckhost"}}],
        "vrrp": {"version": 2, "advert_interval": 1, "interface": "zzvrrp0", "auth_pass": "zzpass1"},
        "nfs": {"export": "/zz/export", "mount": "/zz/mount", "mount_options": "rw,zzopt1",
                "export_options": "rw,zzopt2", "owner": "zzowner", "group": "zzgroup", "mode": "0755"},
        "ssh": {"user": "zzuser", "identity": ["zzid"], "known_hosts": ["zzknown"]},
        "network": {"prefix": 24, "gateway": "10.1.1.1", "dns": ["10.1.1.2"]},
        "monitoring": {"host": "zznfsname"},
        "hosts": [
            {"name": "zzlvsname", "hostname": "zzlvshost", "address": "10.1.1.130", "role": ["director"],
             "interface": "zzhost0", "priority": 200, "ssh": {"user": "zzlvsuser"}},
            {"name": "zzwebname", "hostname": "zzwebhost", "address": "10.1.1.132", "role": ["real_server"],
             "weight": 3, "index": "zzindex", "page": "zzpage", "ssh": {"identity": "zzwebid"}},
            {"name": "zznfsname", "hostname": "zznfshost", "address": "10.1.1.134", "role": ["nfs"]},
            {"name": "zzbackup", "address": "10.1.1.131", "role": "director"},
        ],
    }  # fmt: skip


# The schema ------------------------------------------------------------------------------------------

def resolve(schema):
    return SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def benign(schema, serial=itertools.count()):
    """A value that the schema allows and that nothing hinges on; texts are never the same twice."""
    schema = resolve(schema)
    if "anyOf" in schema:
        return benign(schema["anyOf"][0])
    for key in ("default", "minimum"):
        if key in schema and not isinstance(schema[key], str):
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {k: benign(schema["properties"][k]) for k in schema.get("required", [])}
    if schema.get("type") == "array":
        return [benign(schema["items"])]
    if schema.get("type") == "boolean":
        return False
    n = next(serial)
    for text in (f"zz{n:03}new", f"/zz{n:03}new", f"10.1.2.{n}", "0755", f"SHA256:{n:043}"):
        if re.search(schema.get("pattern", ""), text):
            return text
    raise AssertionError(f"no harmless value is known for {schema}")


def places(inventory, schema, pointer=()):
    """(pointer, schema) of every value that stands in the inventory, sections and elements too."""
    schema = resolve(schema)
    for kind in schema.get("anyOf", []):
        if resolve(kind).get("type", "string") == {list: "array", dict: "object"}.get(type(inventory), "string"):
            schema = resolve(kind)
    if pointer:
        yield pointer, schema
    if isinstance(inventory, dict):
        for key, value in inventory.items():
            yield from places(value, schema["properties"][key], (*pointer, key))
    elif isinstance(inventory, list):
        for i, value in enumerate(inventory):
            yield from places(value, schema["items"], (*pointer, i))


def objects(inventory, schema, pointer=()):
    """(pointer, properties) of every object in the inventory."""
    if isinstance(inventory, dict):
        yield pointer, resolve(schema)["properties"]
    for p, s in places(inventory, schema, pointer):
        if s.get("type") == "object":
            yield p, s["properties"]


def at(inventory, pointer):
    for step in pointer:
        inventory = inventory[step]
    return inventory


def put(inventory, pointer, value):
    at(inventory, pointer[:-1])[pointer[-1]] = value


def path(pointer):
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in pointer)


class Raw(bytes):
    """Bytes that stand in the file as they are."""


def write(value, where, pointer=(), out=None, keys=True):
    """JSON text; where[pointer] is the (line, column) of each value, where[pointer, "key"] of its key."""
    top = out is None
    out = [b"", 1, 1] if top else out
    parts = out[0] = [] if top else out[0]

    def add(data):
        parts.append(data)
        text = data.decode("utf-8", "replace")
        if "\n" in text:
            out[1] += text.count("\n")
            out[2] = 1
        out[2] += len(text) - (text.rfind("\n") + 1)
    where[pointer] = (out[1], out[2])
    if isinstance(value, Raw):
        add(bytes(value))
    elif isinstance(value, dict) and value:
        for i, (k, v) in enumerate(value.items()):
            add(b"{\n" if i == 0 else b",\n")
            where[*pointer, k, "key"] = (out[1], out[2])
            add(json.dumps(k, ensure_ascii=False).encode("utf-8", "surrogatepass") + b": ")
            write(v, where, (*pointer, k), out)
        add(b"}")
    elif isinstance(value, list) and value:
        for i, v in enumerate(value):
            add(b"[\n" if i == 0 else b",\n")
            write(v, where, (*pointer, i), out)
        add(b"]")
    else:
        add(json.dumps(value, ensure_ascii=False).encode())
    return b"".join(parts) + b"\n" if top else None


# `check` ---------------------------------------------------------------------------------------------

SHOWN = re.compile(r"(?:\S+?):(\d+):(\d+): error: (.*)")


def harmless(data):
    """What a terminal may be given: text without a control, and no line without end."""
    text = data.decode("utf-8")
    for c in set(text):
        assert c == "\n" or unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp"), f"{c!r} in {text[:200]!r}"
        assert unicodedata.bidirectional(c) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        assert c not in "\u200e\u200f\u061c", f"{c!r} in {text[:200]!r}"
    longest = max(text.split("\n"), key=len)
    assert len(longest) < 1000, f"{len(longest)} characters: {longest[:300]}"
    return text


def check(directory, data):
    """The complaints {(line, column): message}, or None when it is accepted."""
    (directory / "i.json").write_bytes(data)
    done = subprocess.run([CLUSTERCTL, "check", "i.json"], cwd=directory, capture_output=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60)
    said = harmless(done.stderr)
    harmless(done.stdout)
    if done.returncode == 0:
        assert said == ""
        return None
    assert done.returncode == 65 and done.stdout == b"", said
    found = collections.defaultdict(list)
    for line, column, message in SHOWN.findall(said):
        found[int(line), int(column)].append(message)
    assert found, said
    return found


@pytest.fixture(scope="module", name="good")
def complete(tmp_path_factory):
    """The base with every field that it does not name yet, as the schema knows them; the fields that
    cannot stand there beside the others are dropped again."""
    directory, inventory = tmp_path_factory.mktemp("good"), base()
    where = {}
    assert check(directory, write(inventory, where)) is None
    for pointer, properties in list(objects(inventory, SCHEMA)):
        for key, schema in properties.items():
            if key in at(inventory, pointer):
                continue
            put(inventory, (*pointer, key), benign(schema))
            if check(directory, write(inventory, where)) is not None:
                del at(inventory, pointer)[key]
    return inventory


def test_every_field_is_tried(good):
    """Each property of each kind of object stands somewhere; but vip, which vips excludes, and an
    alias for all hosts at once."""
    seen = {path([p for p in pointer if isinstance(p, str)]) for pointer, _ in places(good, SCHEMA)}

    def walk(schema, pointer):
        for key, value in resolve(schema).get("properties", {}).items():
            here = (*pointer, key)
            assert path(here) in seen or here in (("vip",), ("ssh", "alias")), path(here)
            walk(resolve(value).get("items", value), here)
    walk(SCHEMA, ())


def is_text(value):
    """Not one of a few words, an address or a mode."""
    return isinstance(value, str) and "zz" in value


def copy(value):
    return json.loads(json.dumps(value))


def leaf(value):
    return not isinstance(value, (dict, list)) or not value


def hostile_values(benign_value):
    """Texts by themselves, then behind the beginning of a good value: "/nfs/web;x"; then what is no text."""
    yield from TEXTS
    if isinstance(benign_value, str):
        yield from (benign_value[:3] + text for text in TEXTS)
    yield from OTHERS


def turned(values, pointer):
    """Names must differ: each field begins somewhere else."""
    n = zlib.crc32(path(pointer).encode()) % len(values)
    return values[n:] + values[:n]


@pytest.fixture(scope="module", name="passed")
def let_pass(good, tmp_path_factory):
    """[{pointer: value}] that `check` does not complain about. Behind a good beginning a text is only
    left in where it was refused by itself."""
    directory, found, tries = tmp_path_factory.mktemp("check"), collections.defaultdict(list), []
    left = []
    columns = {p: turned(list(hostile_values(at(good, p))), p) for p, _ in places(good, SCHEMA) if leaf(at(good, p))}
    for i in range(max(map(len, columns.values()))):
        values = {p: c[i] for p, c in columns.items() if i < len(c)}
        inventory, where = copy(good), {}
        for pointer, value in values.items():
            put(inventory, pointer, value)
        complaints = check(directory, write(inventory, where)) or {}
        for p, v in values.items():
            if not any(where.get(p + s) in complaints for s in ((), (0,), ("key",))):
                found[p].append(v)
    for p, values in found.items():
        texts, start = [v for v in values if isinstance(v, str)], at(good, p)
        left.append((p, turned([v for v in values if not isinstance(v, str) or not
                                 (isinstance(start, str) and v[:3] == start[:3] and v[3:] in texts)], p)))
    while any(values for _, values in left):
        tries.append({})
        for p, values in left:  # no text twice: one field may be about what another names
            new = next((v for v in values if not (isinstance(v, str) and v in tries[-1].values())), left)
            if new is not left:
                tries[-1][p] = new
                values.remove(new)
    return tries


FREE = {"/$schema", "/hosts/page", "/ssh/identity", "/ssh/known_hosts", "/hosts/ssh/identity",
        "/ssh/config", "/hosts/ssh/config", "/ssh/password", "/hosts/ssh/password", "/ssh/passphrase",
        "/hosts/ssh/passphrase", "/ssh/become_password", "/hosts/ssh/become_password",
        "/hosts/ssh/known_hosts"}


def test_most_is_refused(passed):
    """Where much may stand, it is known to be harmless: a page's text, names of files here."""
    fields = collections.Counter(path(p) for values in passed for p in values)
    assert {re.sub(r"/\d+", "", f) for f, n in fields.items() if n > 40} <= FREE, fields


def test_hostile_key(good, tmp_path):
    """In every object at once; each is named where it stands."""
    for text in TEXTS:
        inventory, where, want = copy(good), {}, []
        for pointer, properties in list(objects(inventory, SCHEMA)):
            assert text not in properties
            put(inventory, (*pointer, text), "x")
            want.append((*pointer, text, "key"))
        complaints = check(tmp_path, write(inventory, where))
        for pointer in want:
            assert any("unknown key" in m for m in complaints.get(where[pointer], [])), pointer


@pytest.mark.parametrize("raw", RAW, ids=lambda r: ascii(r)[2:20])
def test_what_is_no_text(raw, good, tmp_path):
    """Refused at the line where it stands, whatever kind of value is expected there."""
    tried = set()
    for pointer, _ in places(good, SCHEMA):
        kind = type(at(good, pointer))
        if kind in tried:
            continue
        tried.add(kind)
        inventory, where = copy(good), {}
        put(inventory, pointer, Raw(raw))
        complaints = check(tmp_path, write(inventory, where))
        assert complaints and len(complaints) == 1
        (line, _), = complaints
        assert line - where[pointer][0] in (0, 1), pointer


# What passes ---------------------------------------------------------------------------------------

def words(name, text):
    """The text as its reader takes it apart: a list of words for each line."""
    if name.endswith(("keepalived.conf",)):
        lines = [re.split(r"(?<!\S)[#!]", line)[0] if not line.startswith("#") else line for line in text.split("\n")]
        return [re.findall(r'"[^"]*"|[{}]|[^\s{}"]+', line) for line in lines]
    if "/nginx/" in name:
        return [re.findall(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[{};]|[^\s{};]+', line) for line in text.split("\n")]
    if name.endswith(".sh"):
        lexer = shlex.shlex(re.sub(r"(?m)^# .*", "", text), posix=True, punctuation_chars=True)
        lexer.commenters = ""
        return [list(lexer)]
    if name.endswith(("/fstab", "/exports", "/hosts", "/members")):
        return [[re.sub(r"\\([0-3][0-7]{2})", lambda m: chr(int(m[1], 8)), w) for w in line.split(" ")]
                for line in text.split("\n")]
    return [[text]]


def render(directory, inventory, n):
    """{host's number and path: text}; None when it is refused after all."""
    where = {}
    (directory / f"{n}.json").write_bytes(write(inventory, where))
    out = directory / f"out{n}"
    done = subprocess.run([CLUSTERCTL, "deploy", "--dry-run", "--offline", "--out", str(out), f"{n}.json"],
                          cwd=directory, capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    harmless(done.stdout)
    said = harmless(done.stderr)
    if done.returncode == 65:
        return None
    assert done.returncode == 0, f"check accepts what cannot be rendered: {said}"
    files, number = {}, {h["name"]: str(i) for i, h in enumerate(inventory["hosts"])}
    for p in out.rglob("*"):
        if p.is_file() and p.name != ".clusterctl-out":
            host, name = str(p.relative_to(out)).split("/", 1)
            files[number[host] + "/" + name] = p.read_bytes().decode()
    return files


def render_parts(directory, good, values, label):
    """[(values, files)]: all of the values at once, or those halves of them that go together."""
    inventory = copy(good)
    for pointer, value in values.items():
        put(inventory, pointer, value)
    files = render(directory, inventory, label)
    if files is not None:
        return [(values, files)]
    items = list(values.items())
    half = len(items) // 2
    return [] if not half else (render_parts(directory, good, dict(items[:half]), label + "a")
                                + render_parts(directory, good, dict(items[half:]), label + "b"))


@pytest.fixture(scope="module", name="rendered")
def render_all(good, passed, tmp_path_factory):
    """[(values, files)], the harmless inventory's first; texts apart from numbers and the like, which may
    change what there is."""
    directory = tmp_path_factory.mktemp("rendered")
    found = render_parts(directory, good, {}, "good")
    for n, values in enumerate(passed):
        for kind in (True, False):
            some = {p: v for p, v in values.items()
                    if (isinstance(v, str) and is_text(at(good, p))) == kind}
            if some:
                found += render_parts(directory, good, some, f"{n}{'ts'[kind]}")
    return found


NEVER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f]")


def test_it_arrives_as_data(good, rendered):
    """The same files, lines and words as with a harmless value; in a word, the value as it is."""
    plain, tried = rendered[0][1], set()
    for values, files in rendered[1:]:
        old = {at(good, p): v for p, v in values.items() if isinstance(v, str) and is_text(at(good, p))}
        if len(old) < len(values):
            continue
        tried |= {(path(p), v) for p, v in values.items()}
        pattern = re.compile("|".join(re.escape(o) for o in sorted(old, key=len, reverse=True)))

        def replaced(text):
            # interfaces(5) does not read a file that has a dot in its name.
            return re.sub(r"(?<=interfaces[.]d/clusterctl-)[^\s,]+", lambda m: m[0].replace(".", "-"),
                          pattern.sub(lambda m: old[m[0]], text))
        assert sorted(files) == sorted(map(replaced, plain)), (old, set(files) ^ set(map(replaced, plain)))
        for name, was in plain.items():
            text = files[replaced(name)]
            assert not NEVER.search(text), old
            got, want = words(name, text), words(name, was)
            assert [len(l) for l in got] == [len(l) for l in want], f"{old} in {name}\n{text}"
            for line, line_was in zip(got, want):
                assert line == [replaced(w) for w in line_was], f"{old} in {name}"
    assert len(tried) > 200


def distinct(rendered, pattern):
    """Each text once, with the name and the values of whoever made it first."""
    found = {}
    for values, files in rendered:
        for name, text in files.items():
            if re.search(pattern, name):
                found.setdefault(text, f"{name} with { {path(p): v for p, v in values.items()} }"[:500])
    assert found
    return found


def test_keepalived_accepts(rendered, tmp_path):
    """All in one network namespace, which has their interfaces."""
    texts = distinct(rendered, r"/keepalived\.conf$")
    names, script = set(), []
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.conf").write_text(text)
        names |= set(re.findall(r"^\s*interface (\S+)$", text, re.M))
        script.append(f"{need('keepalived')} -t -f {tmp_path}/{i}.conf || echo failed")
    script = f"exec 2>&1\n{links(names)}echo linked\n" + "\n".join(f"echo '-- {i}'\n{line}" for i, line in enumerate(script))
    done = subprocess.run(namespace() + ["sh", "-c", script], capture_output=True, text=True, check=False)
    for i, (text, what) in enumerate(texts.items()):
        said = re.search(rf"-- {i}\n(.*?)(?=^-- |\Z)", done.stdout, re.S | re.M)[1]
        assert said == "", f"{what}\n{said}\n{text}"
    assert done.stdout.startswith("linked\n")


def test_nginx_accepts(rendered, tmp_path):
    """And still serves one thing from one place."""
    for i, (text, what) in enumerate(distinct(rendered, r"/nginx/conf\.d/clusterctl\.conf$").items()):
        (tmp_path / f"{i}.conf").write_text(text)
        (tmp_path / "nginx.conf").write_text(f"""
            pid {tmp_path}/pid; error_log stderr warn; events {{}} http {{ access_log off; include {tmp_path}/{i}.conf; }}""")
        accepts(namespace() + [need("nginx"), "-t", "-q", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], what)


def test_systemd_accepts(rendered, tmp_path):
    for i, text in enumerate(distinct(rendered, r"\.service$")):
        (tmp_path / f"unit{i}.service").write_text(text.replace("/usr/sbin/nft", "/bin/true"))
        assert "%" not in text
    accepts([need("systemd-analyze"), "verify", "--man=no", "--recursive-errors=no",
             *map(str, tmp_path.glob("*.service"))], "the units")


def test_prometheus_accepts(rendered, tmp_path):
    rules = []
    for i, text in enumerate(distinct(rendered, r"/clusterctl\.rules\.yml$")):
        (tmp_path / f"{i}.rules.yml").write_text(text)
        rules.append(str(tmp_path / f"{i}.rules.yml"))
    done = subprocess.run([need("promtool"), "check", "rules", *rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    configs = []
    for i, text in enumerate(distinct(rendered, r"/prometheus\.yml$")):
        configs.append(str(tmp_path / f"{i}.yml"))
        pathlib.Path(configs[-1]).write_text(re.sub(r"(?m)^rule_files:\n.*\n", "", text))
    done = subprocess.run([need("promtool"), "check", "config", *configs], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_tables_keep_their_columns(rendered):
    for text, what in distinct(rendered, r"/etc/fstab$").items():
        assert [len(line.split()) for line in text.splitlines()] == [6], what
    for text, what in distinct(rendered, r"/etc/exports$").items():
        line, = text.splitlines()
        directory, client = line.split()
        assert re.fullmatch(r"10\.1\.1\.132\([^\s()#\"\\]+\)", client) and directory.startswith("/"), what
    for text, what in distinct(rendered, r"/etc/hosts$").items():
        assert all(re.fullmatch(r"10\.1\.1\.13\d( [A-Za-z0-9][\w.-]*){1,2}", line) for line in text.splitlines()), what


def stubs(directory, *names):
    """Commands that write down what they were called with, one argument a line."""
    (directory / "bin").mkdir()
    for name in names:
        stub = directory / "bin" / name
        stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "-- {name}" "$@" >>"$LOG"\n'
                        + {"sleep": "kill $PPID\n", "timeout": 'shift 3; exec "$@"\n'}.get(name, ""))
        stub.chmod(0o755)
    return {"PATH": str(directory / "bin"), "LOG": str(directory / "log"), "HOME": "/nonexistent"}


def test_scripts_do_what_they_did(rendered, tmp_path):
    """Run where every command is a stub: each is called as often, with as many arguments."""
    env = stubs(tmp_path, "ip", "ipvsadm", "stat", "timeout", "mv", "sleep", "touch")
    scripts = distinct(rendered, r"/metrics\.sh$")
    for unit, what in distinct(rendered, r"/clusterctl-sync\.service$").items():
        scripts[re.search(r"^ExecStart=/bin/sh -ec '([^']*)'$", unit, re.M)[1]] = what
    assert len(scripts) > 4
    calls = collections.defaultdict(set)
    for script, what in scripts.items():
        script = re.sub(r"^out=.*", f"out={tmp_path}/out", script, flags=re.M)
        (tmp_path / "log").write_text("")
        subprocess.run(["/bin/sh"], input=script, text=True, env=env, cwd=tmp_path, check=False, timeout=20,
                       capture_output=True)
        log = (tmp_path / "log").read_text()
        calls["ipvsadm" if "ipvsadm" in script else "director" if "vips()" in script else "server"].add(
            tuple((c.split("\n")[0], c.count("\n")) for c in log.split("-- ")[1:]))
        assert log and not (tmp_path / CANARY).exists(), what
    assert all(len(kinds) == 1 for kinds in calls.values()), calls

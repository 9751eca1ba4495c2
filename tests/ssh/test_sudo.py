"""Becoming root with a real sudo: with and without a password, right and wrong."""

import shutil

import pytest

from accounts import PASSWORD, Accounts
from test_login import asked

ID = "id -u\n"
SUDOERS = {
    "nopasswd": "ann ALL=(ALL) NOPASSWD: ALL",
    "password": "ann ALL=(ALL) ALL",
    "never-forgets": "Defaults timestamp_timeout=-1, timestamp_type=global\nann ALL=(ALL) ALL",
    "forgets": "Defaults timestamp_timeout=0\nann ALL=(ALL) ALL",
    "some": "ann ALL=(ALL) ALL, NOPASSWD: /usr/bin/sh, /bin/sh",
    "others": "ann ALL=(ALL) ALL, NOPASSWD: /bin/true",
    "unasked": "Defaults:ann !authenticate\nann ALL=(ALL) ALL",
    "listed": "Defaults listpw=never\nann ALL=(ALL) ALL",
}
FREE = ("nopasswd", "some", "unasked")


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    server = Accounts(tmp_path_factory.mktemp("sudo"))
    yield server
    server.stop()


def root(host, script=ID, **options):
    options = {"identity": host.keys["ed25519"], "become": 1, "root": 1, "repeat": 3,
               "out": host.dir / "out", **options}
    r = host.run(script, **options)
    r.output = (host.dir / "out").read_text()
    return r


def attempts(host):
    """Wrong passwords that sudo has counted."""
    text = host.log.read_text()
    return text.count("incorrect password attempt"), text


@pytest.mark.parametrize("rule", SUDOERS)
@pytest.mark.parametrize("transport", ["libssh2", "openssh"])
def test_with_the_password(host, rule, transport):
    """Whether sudo wants it or not, every time, once or never; the script sees its own lines only."""
    host.sudoers(SUDOERS[rule])
    r = root(host, "".join(f"echo {i}\n" for i in range(3000)), become_password=PASSWORD,
             transport=transport, config="")
    complete = r.output.split() == [str(i) for i in range(3000)] * 3
    assert r.returncode == 0 and complete, r
    assert attempts(host)[0] == 0 and r.stderr == "", r


def logged(host, rules, **options):
    """What sudo has kept of what its commands were given."""
    logs = host.etc / "io"
    shutil.rmtree(logs, ignore_errors=True)
    host.sudoers(f"Defaults log_input, !compress_io, iolog_dir={logs}\n{rules}")
    assert root(host, **options).returncode == 0
    kept = b"".join(f.read_bytes() for f in logs.rglob("*") if f.is_file())
    assert ID.strip().encode() in kept
    return kept


@pytest.mark.parametrize("rule", SUDOERS)
def test_sudo_does_not_log_it(host, rule):
    """Where it is not wanted it would be the shell's input."""
    for _ in range(2):  # the second time there may be a time stamp
        assert PASSWORD.encode() not in logged(host, SUDOERS[rule], become_password=PASSWORD)
        if rule not in FREE:
            assert PASSWORD.encode() not in logged(host, SUDOERS[rule], answer=PASSWORD)


@pytest.mark.parametrize("rule", [r for r in SUDOERS if r != "others"])
def test_sudo_has_nothing_to_complain_of(host, rule):
    """...to the administrator, by mail."""
    host.sudoers(SUDOERS[rule])
    assert root(host, become_password=PASSWORD).returncode == 0
    if rule != "listed":
        assert "a password is required" not in attempts(host)[1]


@pytest.mark.parametrize("rule", FREE)
def test_password_that_is_not_needed(host, rule):
    host.sudoers(SUDOERS[rule])
    r = root(host, become_password="wrong")
    assert (r.returncode, r.output, attempts(host)[0]) == (0, "0\n" * 3, 0), r


def test_without_a_password(host):
    host.sudoers(SUDOERS["nopasswd"])
    r = root(host)
    assert r.returncode == 0 and r.output == "0\n" * 3, r


@pytest.mark.parametrize("rule", [r for r in SUDOERS if r not in FREE])
def test_wrong_password_is_tried_once(host, rule):
    host.sudoers(SUDOERS[rule])
    r = root(host, become_password="wrong")
    assert r.error == "FAILED" and r.output == "", r
    assert r.message == (f"node1 (127.0.0.1:{host.port}): cannot become root as ann: sudo refuses the "
                         "password"), r
    assert "CLUSTERCTL_SUDO_PASSWORD" in r.hint
    count, log = attempts(host)
    assert (count, "1 incorrect password attempt" in log) == (1, True), log


def test_password_is_asked_for(host):
    host.sudoers(SUDOERS["forgets"])
    r = root(host, answer=["wrong", PASSWORD, "never"])
    assert r.returncode == 0 and r.output == "0\n" * 3, r
    assert asked(r) == ["asked: sudo password of ann of node1",
                        "asked: sudo password of ann of node1, not wrong"]
    assert r.accepted == f"sudo password of ann: {PASSWORD}"
    assert attempts(host)[0] == 1


def test_nobody_is_asked_where_none_is_needed(host):
    host.sudoers(SUDOERS["nopasswd"])
    r = root(host, answer="never")
    assert r.returncode == 0 and not asked(r), r


def test_no_answer(host):
    host.sudoers(SUDOERS["password"])
    r = root(host, answer="wrong")
    assert r.error == "FAILED" and r.message.endswith("sudo refuses the password; no more answers"), r
    r = root(host)
    assert r.message.endswith("sudo wants a password; nobody is there to ask"), r
    assert root(host, answer="^C").error == "INTERRUPTED"


@pytest.mark.parametrize("rules,why,hint", [
    ("Defaults requiretty\nann ALL=(ALL) NOPASSWD: ALL", "sudo runs on a terminal only (requiretty)",
     "Defaults:ann !requiretty"),
    ("", "sudo does not let the user run anything", "visudo: ann ALL=(ALL) ALL"),
])
def test_refused(host, rules, why, hint):
    host.sudoers(rules)
    for more in ({"become_password": PASSWORD}, {"answer": PASSWORD}):
        r = root(host, **more)
        assert r.error == "FAILED" and r.output == "", r
        assert why in r.message and hint in r.hint, r


def test_a_shell_is_not_among_what_is_allowed(host):
    """The password is right; the script is refused, not read."""
    host.sudoers("ann ALL=(ALL) /bin/true")
    r = root(host, become_password=PASSWORD, repeat=1)
    assert r.status == "1" and r.output == "" and "is not allowed to execute" in r.stderr, r


def test_the_script_does_not_find_it(host):
    host.sudoers(SUDOERS["forgets"])
    r = root(host, "env; set\n", become_password=PASSWORD, repeat=1)
    assert r.returncode == 0 and "PATH=" in r.output and "battery" not in r.output, r

"""Secrets on real machines: they get where they are needed, and nowhere else."""
import json

import pytest

from conftest import DIRECTORS, HOSTS, clusterctl, everywhere, lab, lab_inventory, operator, ssh

# In what looks for them they stand in halves, so that no search finds itself.
AUTH, SUDO = ("K4nA", "uth8"), ("K4nary-", "sudo")
USER = "Web01-RS"  # where an ordinary user logs in
KEEPALIVED = "/etc/keepalived/keepalived.conf"

# Looks at every process over and over while there is /run/watching; what it has seen stands in /run/watched.
WATCH = r"""
printf '%s\n' {AUTH} {SUDO} >/run/canaries
cat >/run/watcher <<'END'
while [ -e /run/watching ]; do
    grep -sla -f /run/canaries /proc/[0-9]*/cmdline /proc/[0-9]*/environ | while read -r f; do
        printf '%s of %s\n' "${{f##*/}}" "$(tr '\0' ' ' <"${{f%/*}}/cmdline")" >>/run/watched
    done
    sleep 0.1
done
rm /run/canaries
END
touch /run/watching
systemd-run -q --unit=watcher sh /run/watcher
"""
SEEN = "rm -f /run/watching; while systemctl -q is-active watcher; do sleep 1; done; cat /run/watched 2>/dev/null; rm -f /run/watched"
# In files anywhere, in what the journal has kept, in core dumps.
FILES = r"""
a={AUTH} b={SUDO}
grep -rls -e "$a" -e "$b" /etc /var /root /home /tmp /usr/local /nfs /run --exclude-dir=journal
journalctl -q --no-pager -o cat | grep -e "$a" -e "$b" | head -3
find / -xdev -type f -name 'core*' -newer /run/watcher -size +100k
:
"""


def halves(text):
    return text.format(AUTH='""'.join(AUTH), SUDO='""'.join(SUDO))


@pytest.fixture
def secretive(tmp_path):
    """The inventory with its secrets from elsewhere, and one machine where an ordinary user logs in."""
    lab("packages")
    lab("bring", USER, "sudo")
    ssh(USER, "useradd -m -s /bin/sh anna; install -d -m 700 -o anna /home/anna/.ssh; "
              "install -m 600 -o anna /root/.ssh/authorized_keys /home/anna/.ssh/; "
              f"echo 'anna:{''.join(SUDO)}' | chpasswd; echo 'anna ALL=(ALL) ALL' >/etc/sudoers.d/anna")
    data = lab_inventory()
    (tmp_path / "auth").write_text("".join(AUTH) + "\n")
    (tmp_path / "auth").chmod(0o600)
    data["vrrp"].update(version=2, auth_pass={"file": str(tmp_path / "auth")})
    next(h for h in data["hosts"] if h["name"] == USER)["ssh"] = {"user": "anna", "become": "sudo"}
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(data, indent=2))
    return str(path)


@pytest.mark.on_request
def test_no_host_has_a_secret_elsewhere(secretive, tmp_path):
    everywhere(halves(WATCH))
    deploy = ["env", f"CLUSTERCTL_SUDO_PASSWORD={''.join(SUDO)}", f"CLUSTERCTL_JOURNAL={tmp_path}/journal", "clusterctl",
              "deploy", "--output=json", secretive]
    first, again = operator(*deploy), operator(*deploy)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    seen, files = everywhere(SEEN), everywhere(halves(FILES))
    assert seen == {h: "" for h in HOSTS}
    assert {h: out.split() for h, out in files.items()} == {h: [KEEPALIVED] if h in DIRECTORS else [] for h in HOSTS}
    modes = everywhere(f"stat -c %a {KEEPALIVED}", DIRECTORS)
    assert {m.strip() for m in modes.values()} == {"600"}
    said = first.stdout + first.stderr + again.stdout + (tmp_path / "journal").read_text()
    assert not any("".join(c) in said for c in (AUTH, SUDO))


@pytest.mark.on_request
def test_the_watcher_and_the_search_see(secretive):
    everywhere(halves(WATCH), [USER])
    ssh(USER, f"sh -c 'sleep 3; :' {''.join(SUDO)}; echo {''.join(AUTH)} >/var/tmp/there")
    assert "cmdline of" in ssh(USER, SEEN)
    assert ssh(USER, halves(FILES)).split() == ["/var/tmp/there"]
    clusterctl("check", secretive)

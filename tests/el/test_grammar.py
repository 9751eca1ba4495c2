"""What is rendered for a version of keepalived is what that version knows; where the real one of this
machine can be asked, it agrees."""
import pathlib
import re

import pytest

from keepalived import lint, real_keepalived

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
CONF = "etc/keepalived/keepalived.conf"
VERSIONS = {"centos7": "1.3.5", "centos7-article": "1.3.5", "rocky8": "2.1.5", "rocky9": "2.2.8"}


def confs(directory):
    found = sorted(directory.glob("*/" + CONF))
    assert found
    return found


@pytest.mark.parametrize("case", VERSIONS)
def test_own_version_accepts(case):
    for conf in confs(HERE / "render" / case):
        assert lint(VERSIONS[case], conf.read_text()) == ""


def test_debians_version_accepts_all_that_is_rendered_for_it():
    for conf in sorted((TOP / "tests/golden/render").rglob(CONF)):
        assert lint("2.2.7", conf.read_text()) == "", conf


@pytest.mark.parametrize("case, version, what", [
    ("rocky8", "1.3.5", "vrrp_startup_delay"), ("rocky9", "1.3.5", "vrrp_startup_delay"),
    ("rocky9", "2.1.5", "min_ttl"), ("rocky8", "2.0.10", "vrrp_startup_delay"),
])
def test_older_versions_refuse_newer_renderings(case, version, what):
    for conf in confs(HERE / "render" / case):
        assert f'"{what}"' in lint(version, conf.read_text())


@pytest.mark.parametrize("case", ["centos7", "centos7-article"])
def test_oldest_has_whole_seconds_and_its_own_words(case):
    for conf in confs(HERE / "render" / case):
        times = re.findall(r"^\s*(?:advert_int|delay_loop|connect_timeout|delay_before_retry|warmup) (\S+)$",
                           conf.read_text(), re.M)
        assert times and all(re.fullmatch(r"\d+", t) for t in times)
        assert re.search(r"takes over [\d.]+ s after the other director's last advert", conf.read_text())
        assert "keepalived -t" not in (conf.parents[2] / "clusterctl.plan").read_text()
        for check in re.findall(r"(HTTP_GET|TCP_CHECK) \{(.*?)^        \}", conf.read_text(), re.M | re.S):
            assert re.search(r"^\s*nb_get_retry" if check[0] == "HTTP_GET" else r"^\s*retry", check[1], re.M)


@pytest.mark.parametrize("case", ["rocky8", "rocky9"])
def test_the_real_one_agrees(case):
    """2.2.7 takes all that is rendered for these; and refuses, like the grammar, what no version knows."""
    for conf in confs(HERE / "render" / case):
        assert real_keepalived(conf) == ""


@pytest.mark.parametrize("old, new", [
    ("virtual_router_id 10", "virtual_router_id 300"), ("nopreempt", "nopreemptt"),
    ("weight 1\n", "wait 1\n"), ("        HTTP_GET {", "        HTTP_GOT {"),
    ("vrrp_version 3", "vrrp_version 4"), ("status_code 200", "status_code 99999"),
])
def test_both_refuse(tmp_path, old, new):
    text = confs(HERE / "render/rocky8")[0].read_text()
    assert old in text
    bad = tmp_path / "keepalived.conf"
    bad.write_text(text.replace(old, new))
    assert lint("2.2.7", bad.read_text()) and real_keepalived(bad)

# The suites of tests/run. Each adds to $passed and $failed. Sourced.
# shellcheck shell=bash

BUILD_PACKAGES=(gcc libc6-dev meson ninja-build pkg-config libssh2-1-dev libjansson-dev
    libcurl4-openssl-dev libnl-3-dev libnl-route-3-dev libnl-genl-3-dev libssl-dev)
TEST_PACKAGES=(clang libclang-rt-14-dev libcmocka-dev mandoc python3 python3-pytest
    python3-jsonschema openssh-server openssh-client sudo iproute2 util-linux keepalived nginx-light
    systemd curl iputils-arping chromium fonts-dejavu-core prometheus
    dnf rpm createrepo-c iptables network-manager netplan.io)

# The packages themselves are asked for: a -dev package has no command to look for.
install_test_dependencies() {
    local missing=() p
    for p in "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; do
        dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q ^ii || missing+=("$p")
    done
    # Installed for their checkers (keepalived -t, nginx -t, promtool); this machine is not to serve anything.
    [ ${#missing[@]} = 0 ] || without_starting_services install_packages "${missing[@]}"
}

# invoke-rc.d(8) asks /usr/sbin/policy-rc.d; 101 forbids the action.
without_starting_services() {
    local policy=/usr/sbin/policy-rc.d mine=
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        mine=1
    fi
    "$@"
    local rc=$?
    [ -z "$mine" ] || rm -f "$policy"
    return $rc
}

check() { # NAME COMMAND…: one test; its output is shown when it fails
    local name=$1 log=$WORK/check.$BASHPID.log rc=0
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok   $name"
    else
        failed=$((failed + 1))
        echo "FAIL $name: $*"
        tail -n 60 "$log"
        rc=1
    fi
    rm -f "$log"
    return $rc
}

# Add up a JUnit file: tests, failures and errors of every suite in it.
count_junit() { # FILE
    local counts
    counts=$(/usr/bin/python3 - "$1" <<'PY'
import sys
import xml.etree.ElementTree as ET
root = ET.parse(sys.argv[1]).getroot()
suites = [root] if root.tag == "testsuite" else list(root)
n = sum(int(s.get("tests", 0)) - int(s.get("skipped") or 0) for s in suites)
bad = sum(int(s.get("failures", 0)) + int(s.get("errors", 0)) for s in suites)
print(n - bad, bad)
PY
    ) || counts="0 1"
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
}

# At the same time, what each prints in one piece.
# shellcheck disable=SC2030,SC2031 # subshells hand over what they have counted in a file
side_by_side() { # FUNCTION…
    local f n bad
    for f; do
        rm -f "$WORK/$f.counts"
        (passed=0 failed=0; "$f" >"$WORK/$f.log" 2>&1; echo "$passed $failed" >"$WORK/$f.counts") &
    done
    wait
    for f; do
        cat "$WORK/$f.log"
        read -r n bad <"$WORK/$f.counts" || { n=0 bad=1; echo "FAIL $f: it did not come to its end"; }
        passed=$((passed + n)) failed=$((failed + bad))
    done
}

meson_build() { # DIR CC OPTION…; one at a time
    local dir=$WORK/$1 cc=$2
    shift 2
    (
        flock 8
        [ -d "$dir/meson-info" ] || CC=$cc meson setup "$dir" "$ROOT" --werror "$@" || exit 1
        ninja -C "$dir"
    ) 8>"$dir.lock"
}

build_plain() { meson_build gcc gcc; }
# gcc's -Wformat-truncation misfires under its sanitizers, so the sanitizer build is clang's.
# With libFuzzer in it, so that the fuzz targets are built as tests/fuzz/run builds them.
build_sanitized() {
    meson_build asan clang -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true
}

# A program that ends in the middle of its TAP is no failure in meson's JUnit, but in its status.
meson_tests() { # DIR OPTION…
    local dir=$WORK/$1 before=$failed rc=0
    shift
    rm -f "$dir/meson-logs"/testlog*.junit.xml
    meson test -C "$dir" --print-errorlogs "$@" || rc=$?
    count_junit "$(echo "$dir/meson-logs"/testlog*.junit.xml)"
    [ "$rc" = 0 ] || [ "$failed" != "$before" ] || failed=$((failed + 1))
}

# With the programs of another build than gcc's where $BUILD names one. Each has a temporary folder of its own
# (pytest's own are taken away when there are three newer ones), where users that are not root can get.
run_pytest() { # NAME PATH…
    # shellcheck disable=SC2153 # of tests/run
    local xml=$WORK/$1.xml build=$WORK/${BUILD:-gcc} temporary=$TEMPORARY/$1
    shift
    rm -f "$xml"
    mkdir -p "$TEMPORARY"
    (cd "$ROOT" && CLUSTERCTL=${PROGRAM:-$build/cli/clusterctl} CLUSTERCTL_BUILD=$build \
        SSH_TOOL=$build/tests/ssh/ssh_tool PROBE_TOOL=$build/tests/probe/probe-tool \
        REPORT_TOOL=$build/tests/report/report_tool EL_TOOL=$build/tests/el/el_tool \
        /usr/bin/python3 -B -m pytest -q -p no:cacheprovider --basetemp "$temporary" --junitxml "$xml" "$@")
    count_junit "$xml"
}

suite_build() {
    check "gcc" build_plain
    check "clang" meson_build clang clang
    check "clang, ASan and UBSan" build_sanitized
    check "install" env DESTDIR="$WORK/install" meson install -C "$WORK/gcc" --quiet
    check "installed files" installed_files
    check "manual pages" mandoc -T lint -W warning "$ROOT"/man/*.[15]
}

installed_files() {
    local f
    for f in bin/clusterctl share/man/man1/clusterctl.1 share/man/man5/clusterctl-inventory.5 \
        share/clusterctl/inventory.schema.json share/clusterctl/examples/reference.json \
        share/clusterctl/templates/keepalived.conf.tmpl share/clusterctl/grafana/clusterctl.json; do
        [ -s "$WORK/install/usr/local/$f" ] || { echo "missing: $f"; return 1; }
    done
}

suite_unit() {
    check "build" build_plain && check "sanitizer build" build_sanitized || return
    check "layers" "$ROOT/tests/unit/layers.py"
    side_by_side unit_plain unit_sanitized
}

unit_plain() { meson_tests gcc; }
unit_sanitized() { meson_tests asan; }

suite_golden() {
    check "build" build_plain || return
    run_pytest golden tests/golden
}

# Sampled, about two minutes; tests/run torture_all tries every place.
suite_torture() {
    check "build" build_plain || return
    run_pytest torture tests/torture
}

suite_torture_all() {
    check "build" build_plain || return
    TORTURE=all run_pytest torture_all -s tests/torture
}

# Each by itself: every folder has a conftest.py of its own.
pytests_of() { # BUILD FOLDER…
    local build=$1 folder
    shift
    for folder; do
        BUILD=$build run_pytest "$build-$folder" "$ROOT/tests/$folder"
    done
}

suite_asan() {
    check "sanitizer build" build_sanitized || return
    pytests_of asan golden ssh probe report el
}

# The findings of programs that tests start: DIR/*, which must be empty.
no_findings() { # DIR
    ! grep -H . "$1"/*
}

suite_tsan() {
    local found=$WORK/tsan-findings
    check "thread sanitizer build" meson_build tsan clang -Db_sanitize=thread -Db_lundef=false || return
    rm -rf "$found"
    mkdir -p "$found"
    export TSAN_OPTIONS=exitcode=66:log_path=$found/clusterctl
    meson_tests tsan --timeout-multiplier 10
    pytests_of tsan ssh probe
    check "no findings" no_findings "$found"
    unset TSAN_OPTIONS
}

suite_valgrind() {
    local found=$WORK/valgrind-findings
    local memcheck=(valgrind -q --leak-check=full --show-leak-kinds=definite
        --errors-for-leak-kinds=definite --error-exitcode=99 --suppressions="$ROOT/tests/lib/valgrind.supp")
    check "valgrind" install_packages valgrind && check "build" build_plain || return
    rm -rf "$found"
    mkdir -p "$found"
    meson_tests gcc --wrapper "${memcheck[*]}" --timeout-multiplier 30
    printf '#!/bin/sh\nexec %s "$@"\n' "${memcheck[*]} --log-file=$found/%p $WORK/gcc/cli/clusterctl" >"$WORK/valgrind-clusterctl"
    chmod 755 "$WORK/valgrind-clusterctl"
    # What is about time, or without end, takes too long for its own limits.
    PROGRAM=$WORK/valgrind-clusterctl run_pytest valgrind -k 'not endless' "$ROOT"/tests/ssh/test_{status,history,asking,lying}.py
    check "no findings" no_findings "$found"
}

# Half of the suite's time is theirs.
SSH_FIRST=("$ROOT"/tests/ssh/test_{logs,jump,status}.py)
ssh_first() { run_pytest ssh-first "${SSH_FIRST[@]}"; }
ssh_others() { run_pytest ssh-others tests/ssh "${SSH_FIRST[@]/#/--ignore=}"; }

suite_ssh() {
    check "build" build_plain || return
    side_by_side ssh_first ssh_others
}

suite_probe() {
    check "build" build_plain || return
    run_pytest probe tests/probe
}

suite_el() {
    check "build" build_plain || return
    run_pytest el tests/el
}

suite_report() {
    check "build" build_plain || return
    run_pytest report tests/report
}

lab_is_up() { "$ROOT/lab/lab" status | grep -q ' running '; }

# A lab that was not up before is not left behind: nothing of ours outlives the run.
in_the_lab() { # NAME PYTEST-ARGUMENT…
    local found_up=
    lab_is_up && found_up=1
    check "build" build_plain && check "lab up" "$ROOT/lab/lab" up || return
    run_pytest "$@"
    [ -n "$found_up" ] || check "lab down" "$ROOT/lab/lab" down
}

suite_lab() {
    in_the_lab lab --maxfail=3 --ignore-glob='*_doctor_alone*' -m 'not on_request' "$ROOT/tests/lab"
}

suite_day2() {
    in_the_lab day2 -m on_request --ignore-glob='*_selinux*' --ignore-glob='*_every_step*' \
        --ignore-glob='*_adversity*' --ignore-glob='*_el.py' "$ROOT/tests/lab"
}

# The same tests of a deploy, and the family's own, on five machines of the EL family.
suite_lab_el() {
    CLUSTERCTL_LAB_EL=all in_the_lab lab_el "$ROOT"/tests/lab/test_{01_deploy,02_reboot,04_power_cut,08_verify,11_failover,27_el}.py
}

# Debian directors and share, EL real servers.
suite_lab_mixed() {
    CLUSTERCTL_LAB_EL='Web01-RS Web02-RS' in_the_lab lab_mixed "$ROOT"/tests/lab/test_{01_deploy,11_failover}.py
}

suite_campaigns() {
    export LAB_MOMENTS=100 LAB_SIGNALS=SIGKILL LAB_PRISTINE=25
    in_the_lab campaigns -s -v "$ROOT"/tests/lab/test_{*_adversity,*_every_step,*_interrupts}.py
    unset LAB_MOMENTS LAB_SIGNALS LAB_PRISTINE
}

suite_doctor() {
    in_the_lab doctor "$ROOT"/tests/lab/test_10_doctor_alone.py "$ROOT"/tests/lab/test_*_selinux.py
}

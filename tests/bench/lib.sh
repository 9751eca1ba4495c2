# Shared by the benches. Sourced. Times are only ever compared within one run: machines are noisy.
# shellcheck shell=bash
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=$ROOT/lab/lab
HOSTS=(LVS-master LVS-node01 Web01-RS Web02-RS NFS)

# A measuring client waits for no guest, as the directors do not: see lab/lib/machine.sh. The weight is the
# session's, and given back at the end.
first_served() {
    local group=/proc/self/autogroup before
    [ -w "$group" ] || return 0
    before=$(sed 's/.* nice //' "$group")
    echo -10 >"$group"
    # shellcheck disable=SC2064 # as it is now
    trap "echo $before >$group" EXIT
}

seconds() { # COMMAND…: its wall time on stdout, its output to stderr
    local began
    began=$(date +%s.%N)
    "$@" >&2 || { echo "failed: $*" >&2; return 1; }
    echo "$(date +%s.%N) $began" | awk '{ printf "%.2f\n", $1 - $2 }'
}

median() { # lines of numbers
    sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f\n", a / b }'; }

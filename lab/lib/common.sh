# Names, addresses, the state folder, messages and the lock. Sourced by lab/lab.
# shellcheck shell=bash disable=SC2034

EX_USAGE=64

LAB_HOSTS=(LVS-master LVS-node01 Web01-RS Web02-RS NFS)
LAB_OPERATOR=10.1.1.1
LAB_PREFIX=24

declare -A LAB_ADDRESS=(
    [LVS-master]=10.1.1.130
    [LVS-node01]=10.1.1.131
    [Web01-RS]=10.1.1.132
    [Web02-RS]=10.1.1.133
    [NFS]=10.1.1.134
)

# The machines that are of the EL family, blank-separated, or 'all'; the others are Debian.
LAB_EL=${CLUSTERCTL_LAB_EL:-}
[ "$LAB_EL" != all ] || LAB_EL="${LAB_HOSTS[*]}"
is_el() { [[ " $LAB_EL " == *" $1 "* ]]; }

LAB_BASE=${CLUSTERCTL_LAB_STATE:-/var/lib/clusterctl-lab}

say() { printf 'lab: %s\n' "$*" >&2; }
warn() { printf 'lab: warning: %s\n' "$*" >&2; }

die() { # MESSAGE [HINT…]
    printf 'lab: error: %s\n' "$1" >&2
    shift
    local hint
    for hint in "$@"; do printf 'lab: hint: %s\n' "$hint" >&2; done
    exit 1
}

usage_error() {
    printf 'lab: error: %s\n' "$1" >&2
    printf "lab: hint: '%s help' lists the verbs\n" "$LAB_COMMAND" >&2
    exit "$EX_USAGE"
}

need_root() {
    [ "$(id -u)" -eq 0 ] ||
        die "the lab needs root: it makes a network namespace, taps and file systems" \
            "run it again as: sudo $LAB_COMMAND $*"
}

host_index() { # HOST: prints its place in LAB_HOSTS
    local i
    for i in "${!LAB_HOSTS[@]}"; do
        [ "${LAB_HOSTS[i]}" = "$1" ] && { echo "$i"; return 0; }
    done
    return 1
}

is_host() { [ -n "${1:-}" ] && [ -n "${LAB_ADDRESS[$1]+x}" ]; }

need_host() {
    is_host "${1:-}" || usage_error "no machine is called '${1:-}' (there are: ${LAB_HOSTS[*]})"
}

host_mac() { # HOST: fixed, its last byte is the address's
    printf '52:54:00:0a:01:%02x\n' "${LAB_ADDRESS[$1]##*.}"
}

# Everything that decides what is in an image, or whether a saved machine can be loaded again.
recipe_hash() {
    {
        uname -m
        qemu-system-x86_64 --version 2>/dev/null | head -n 1 || true
        cd "$LAB_DIR" || exit
        echo "$LAB_EL"
        # Paths relative to lab/: a clone elsewhere shares the images.
        find image packages.list lib/image.sh lib/hardware.sh ${LAB_EL:+el lib/el.sh} -type f -print0 |
            LC_ALL=C sort -z | xargs -0 sha256sum
    } | sha256sum | cut -c1-12
}

state_paths() { # sets the paths of this recipe's state
    LAB_KEY=$(recipe_hash)
    LAB_STATE=$(readlink -m "$LAB_BASE/$LAB_KEY")
    LAB_IMAGE=$LAB_STATE/image
    LAB_NETNS=$(netns_name "$LAB_STATE")
}

# The namespace belongs to one state folder: labs with different ones can run side by side.
netns_name() { printf 'clusterctl-lab-%s\n' "$(printf '%s' "$1" | sha256sum | cut -c1-8)"; }

machine_dir() { printf '%s/machines/%s\n' "$LAB_STATE" "$1"; }

# Verbs that change the lab hold this lock; 'run' and 'ssh' do not. The descriptor is closed for
# the machines themselves, which outlive the command.
lab_lock() { # descriptor 9
    [ -z "${LAB_LOCKED:-}" ] || return 0
    mkdir -p "$LAB_BASE"
    exec 9>"$LAB_BASE/.lock"
    if ! flock -n 9; then
        say "another lab command is at work on $LAB_BASE; waiting for it"
        flock -w "${CLUSTERCTL_LAB_LOCK_WAIT:-900}" 9 ||
            die "another lab command has held $LAB_BASE/.lock for too long" \
                "find it with: fuser -v $LAB_BASE/.lock"
    fi
    LAB_LOCKED=1
}

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }

took() { # START_MS: prints seconds with one decimal
    local ms=$(($(now_ms) - $1))
    printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# Runs FUNCTION HOST… for several hosts at once; fails when one fails, after all have ended.
each_host() { # FUNCTION HOST…
    local function=$1 host failed=0 pids=()
    shift
    for host in "$@"; do
        "$function" "$host" &
        pids+=($!)
    done
    for host in "${!pids[@]}"; do
        wait "${pids[host]}" || failed=1
    done
    return "$failed"
}

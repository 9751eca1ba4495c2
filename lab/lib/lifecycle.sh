# up, down, destroy, reset, snapshot, status. Sourced by lab/lab.
# shellcheck shell=bash

snapshot_dir() { printf '%s/snapshots\n' "$LAB_STATE"; }
snapshot_exists() { [ -e "$(snapshot_dir)/$1" ]; }

snapshot_names() {
    local names
    # shellcheck disable=SC2012 # the names are the lab's own
    names=$(ls -1tr "$(snapshot_dir)" 2>/dev/null | paste -sd' ' -) || true
    printf '%s\n' "${names:-none}"
}

running_hosts() {
    local host
    for host in "${LAB_HOSTS[@]}"; do
        machine_running "$host" && printf '%s\n' "$host"
    done
    return 0
}

verb_up() {
    local cold='' current running
    while [ $# -gt 0 ]; do
        case $1 in
        --cold) cold=1 ;;
        *) usage_error "up: unknown argument '$1'" ;;
        esac
        shift
    done
    install_deps
    state_paths
    lab_lock
    mkdir -p "$LAB_STATE"
    build_image
    other_labs_off
    clock_argument >/dev/null
    net_up
    write_ssh_config
    write_inventory "$(dirname "$LAB_DIR")/inventory/examples/reference.json"

    snapshot_exists pristine || { first_boot; return; }
    mapfile -t running < <(running_hosts)
    if [ "${#running[@]}" -eq 0 ] && [ -z "$cold" ]; then
        current=$(cat "$LAB_STATE/current" 2>/dev/null || echo pristine)
        snapshot_exists "$current" || current=pristine
        load_all "$current" || {
            warn "the snapshot '$current' cannot be loaded: making the machines anew"
            first_boot
            return
        }
        wake_all "$current"
        return
    fi
    start_missing
}

# New disks, a cold boot of all five, and the pristine snapshot.
first_boot() {
    local begun host
    begun=$(now_ms)
    for host in "${LAB_HOSTS[@]}"; do machine_kill "$host"; done
    rm -rf "$(snapshot_dir)" "$LAB_STATE/current"
    for host in "${LAB_HOSTS[@]}"; do new_disk "$host"; done
    say "booting five machines ($(accel))"
    boot "${LAB_HOSTS[@]}" || die "not all machines came up"
    say "  booted: $(took "$begun")"
    each_host settle "${LAB_HOSTS[@]}" || die "not all machines settled"
    take_snapshot pristine
    say "the lab is up in $(took "$begun")"
}

# One boot a processor at a time: emulated machines that share one boot slower than in turn.
boot() { # HOST…
    local host failed=0 jobs=0 limit
    limit=$(nproc)
    for host in "$@"; do
        if [ "$jobs" -ge "$limit" ]; then
            wait -n || failed=1
            jobs=$((jobs - 1))
        fi
        boot_and_wait "$host" &
        jobs=$((jobs + 1))
    done
    while [ "$jobs" -gt 0 ]; do
        wait -n || failed=1
        jobs=$((jobs - 1))
    done
    return "$failed"
}

boot_and_wait() { machine_start "$1" && wait_for_sshd "$1"; }

# Until its boot has ended, and with what it read on the way forgotten, so that the snapshot is small.
settle() {
    guest "$1" 'systemctl is-system-running --wait >/dev/null; sync; echo 3 >/proc/sys/vm/drop_caches'
}

start_missing() {
    local begun host missing=()
    begun=$(now_ms)
    for host in "${LAB_HOSTS[@]}"; do
        case $(machine_state "$host") in
        off) missing+=("$host") ;;
        frozen) warn "$host is frozen; thaw it with: $LAB_COMMAND fault $host thaw" ;;
        esac
    done
    if [ "${#missing[@]}" -gt 0 ]; then
        say "booting ${missing[*]} from disk ($(accel))"
        boot "${missing[@]}" || die "not all machines came up"
        say "booted in $(took "$begun")"
    fi
    for host in "${LAB_HOSTS[@]}"; do
        sshd_answers "$host" 10 || warn "$host does not answer on its SSH port"
    done
    say "the lab is up"
}

verb_down() {
    [ $# -eq 0 ] || usage_error "down takes no argument"
    lab_lock
    other_labs_off
    lab_off
    say "the lab is down"
}

lab_off() {
    local host
    for host in "${LAB_HOSTS[@]}"; do machine_kill "$host"; done
    net_down
    rm -rf "$(run_dir)"
}

# The machines of recipes that this checkout no longer has, in the same state folder: nobody could
# reach them any more, and they would take the processor.
other_labs_off() {
    local dir LAB_NETNS
    for dir in "$LAB_BASE"/*/; do
        dir=$(readlink -m "$dir")
        [ "$dir" != "$LAB_STATE" ] || continue
        LAB_NETNS=$(netns_name "$dir")
        [ -d "$(run_dir)" ] || continue
        say "turning off the machines of another recipe, ${dir##*/}"
        lab_off
    done
}

verb_destroy() {
    [ $# -eq 0 ] || { [ $# -eq 1 ] && [ "$1" = --all ]; } || usage_error "destroy takes only --all"
    lab_lock
    [ $# -eq 0 ] || other_labs_off
    lab_off
    if [ "${1:-}" = --all ]; then
        local dir
        for dir in "$LAB_BASE"/*/; do
            [ -e "$dir/image" ] || [ -e "$dir/image.tmp" ] || [ -e "$dir/accel" ] || continue
            rm -rf "$dir"
        done
        say "removed the images and snapshots of every recipe from $LAB_BASE"
    else
        rm -rf "$LAB_STATE"
        say "removed $LAB_STATE"
    fi
}

valid_snapshot_name() {
    [[ ${1:-} =~ ^[A-Za-z][A-Za-z0-9_-]{0,62}$ ]] ||
        usage_error "a snapshot's name is letters, digits, '-' and '_', and begins with a letter"
}

verb_snapshot() {
    [ $# -eq 1 ] || usage_error "snapshot: give one name"
    valid_snapshot_name "$1"
    [ "$1" != pristine ] || usage_error "'pristine' is the lab's own: choose another name"
    need_lab
    lab_lock
    local begun
    begun=$(now_ms)
    take_snapshot "$1"
    say "saved '$1' in $(took "$begun")"
}

take_snapshot() { # NAME: all five stop, are saved, and go on, so that they fit together
    local name=$1 host ok=1
    for host in "${LAB_HOSTS[@]}"; do
        machine_running "$host" || die "$host is off: a snapshot needs all five machines" \
            "start it with: $LAB_COMMAND fault $host power-on --wait"
    done
    mkdir -p "$(snapshot_dir)"
    rm -f "$(snapshot_dir)/$name"
    each_host freeze "${LAB_HOSTS[@]}" || ok=
    LAB_SNAPSHOT=$name
    [ -n "$ok" ] && { each_host save_one "${LAB_HOSTS[@]}" || ok=; }
    each_host thaw "${LAB_HOSTS[@]}" || ok=
    [ -n "$ok" ] || die "the snapshot '$name' could not be taken"
    date -u +%FT%TZ >"$(snapshot_dir)/$name"
    printf '%s\n' "$name" >"$LAB_STATE/current"
}

freeze() { end_session "$1"; monitor "$1" stop >/dev/null; }
thaw() { monitor "$1" cont >/dev/null; }
save_one() { monitor "$1" "savevm $LAB_SNAPSHOT" >/dev/null; }

verb_reset() {
    [ $# -le 1 ] || usage_error "reset: give one name"
    local name=${1:-pristine}
    valid_snapshot_name "$name"
    snapshot_exists "$name" || die "there is no snapshot '$name' (there are: $(snapshot_names))" \
        "make it with: $LAB_COMMAND snapshot $name"
    lab_lock
    net_up
    write_ssh_config
    load_all "$name" || die "the snapshot '$name' could not be loaded on every machine" \
        "begin anew with: $LAB_COMMAND destroy && $LAB_COMMAND up"
    wake_all "$name"
}

load_all() { # NAME: all five stand in that state, and go on together
    LAB_LOADING=$(now_ms)
    LAB_SNAPSHOT=$1
    each_host load_one "${LAB_HOSTS[@]}" || return 1
    each_host thaw "${LAB_HOSTS[@]}" || return 1
    net_forget
    printf '%s\n' "$1" >"$LAB_STATE/current"
}

wake_all() { # NAME
    each_host wake_up "${LAB_HOSTS[@]}" ||
        die "the lab is in the state '$1', but not every machine answers" "see: $LAB_COMMAND status"
    say "the lab is in the state '$1' after $(took "$LAB_LOADING")"
}

# A machine that runs takes its state back; one that is off, or does not react, is started in it.
load_one() {
    end_session "$1"
    if machine_running "$1" && monitor "$1" stop 10 >/dev/null &&
        monitor "$1" "loadvm $LAB_SNAPSHOT" >/dev/null; then
        monitor "$1" 'set_link card on' >/dev/null
        return
    fi
    machine_kill "$1"
    machine_start "$1" "$LAB_SNAPSHOT"
}

wake_up() { wait_for_sshd "$1" && set_clock "$1"; }

verb_status() {
    [ $# -eq 0 ] || usage_error "status takes no argument"
    local host
    printf '%-11s %-12s %-8s %s\n' MACHINE ADDRESS POWER SSH
    for host in "${LAB_HOSTS[@]}"; do
        printf '%-11s %-12s %-8s %s\n' "$host" "${LAB_ADDRESS[$host]}" "$(machine_state "$host")" \
            "$(netns_works && sshd_answers "$host" && echo yes || echo no)"
    done
    printf '\naccelerator  %s\n' "$(cat "$LAB_STATE/accel" 2>/dev/null || echo 'not tried yet')"
    printf 'snapshots    %s\n' "$(snapshot_names)"
    printf 'last state   %s\n' "$(cat "$LAB_STATE/current" 2>/dev/null || echo none)"
    printf 'namespace    %s%s\n' "$LAB_NETNS" "$(netns_works || echo ' (down)')"
    printf 'state        %s\n' "$LAB_STATE"
}

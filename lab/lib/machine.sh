# One machine: its QEMU process, its monitor, its disk. Sourced by lab/lab.
# shellcheck shell=bash

# Room for translated code, in MB: with less, an emulated machine that installs packages throws its
# translations away and begins again. It is only taken when it is used.
# shellcheck disable=SC2034 # used by hardware.sh
LAB_TRANSLATION=512

run_dir() { printf '/run/%s\n' "$LAB_NETNS"; } # short, since a socket's path may not be long
monitor_path() { printf '%s/%s.monitor\n' "$(run_dir)" "$1"; }
pid_path() { printf '%s/%s.pid\n' "$(run_dir)" "$1"; }
disk_path() { printf '%s/disk.qcow2\n' "$(machine_dir "$1")"; }

# The machine's process, checked against its command line: a number may have been used again.
machine_pid() { # HOST
    local pid
    pid=$(cat "$(pid_path "$1")" 2>/dev/null) || return 1
    [ -n "$pid" ] && grep -qsF "$(monitor_path "$1")" "/proc/$pid/cmdline" && echo "$pid"
}

machine_running() { machine_pid "$1" >/dev/null; }

# Says COMMAND to the machine's monitor and prints what it answers; fails when that is an error.
monitor() { # HOST COMMAND
    local answer
    answer=$(printf '%s\n' "$2" |
        timeout "${3:-120}" socat -t 120 - "UNIX-CONNECT:$(monitor_path "$1")" 2>&1) || {
        warn "$1: the monitor does not answer: $answer"
        return 1
    }
    # Off with the greeting, the prompts and the echo with its cursor movements.
    answer=$(printf '%s\n' "$answer" | tr -d '\r' | sed -e '1d' -e '/^(qemu)/d' -e '/\x1b\[/d')
    if grep -qiE '^(error|.*(could not|cannot|failed|unknown command|not found|does not))' <<<"$answer"; then
        warn "$1: $2: $answer"
        return 1
    fi
    printf '%s' "$answer"
}

# running, frozen, off, or what else QEMU says
machine_state() { # HOST
    local state
    machine_running "$1" || { echo off; return 0; }
    state=$(monitor "$1" 'info status' 5 2>/dev/null) || { echo unknown; return 0; }
    case $state in
    *running*) echo running ;;
    *paused* | *prelaunch* | *restore*) echo frozen ;;
    *) echo "${state#VM status: }" ;;
    esac
}

new_disk() { # HOST
    mkdir -p "$(machine_dir "$1")"
    rm -f "$(disk_path "$1")"
    qemu-img create -q -f qcow2 -F raw -b "$LAB_IMAGE/$1.ext4" "$(disk_path "$1")"
}

# Starts a machine: from its disk, or stopped in a snapshot. LAB_KERNEL, not empty: more words for the
# kernel, and its audit messages, which the lab's machines are spared usually (and which the kernel does not
# allow any more once it has read audit=0).
machine_start() { # HOST [SNAPSHOT]
    local host=$1 snapshot=${2:-} dir loading=()
    dir=$(machine_dir "$host")
    mkdir -p "$(run_dir)"
    rm -f "$(monitor_path "$host")" "$(pid_path "$host")"
    [ -n "$snapshot" ] && loading=(-loadvm "$snapshot" -S)
    local arguments=()
    hardware "$host" arguments
    if [ -n "${LAB_KERNEL:-}" ]; then
        local i
        for i in "${!arguments[@]}"; do
            [ "${arguments[i]}" = -append ] || continue
            arguments[i + 1]="${arguments[i + 1]/ audit=0/} $LAB_KERNEL"
        done
    fi
    in_netns nice -n -10 qemu-system-x86_64 -name "$host" "${arguments[@]}" \
        -monitor "unix:$(monitor_path "$host"),server=on,wait=off" \
        -pidfile "$(pid_path "$host")" "${loading[@]}" -daemonize 9>&- >"$dir/qemu.log" 2>&1 || {
        warn "$host did not start: $(tail -n 3 "$dir/qemu.log")"
        return 1
    }
    [ "${LAB_ROLE[$host]}" != director ] || first_served "$host"
}

# VRRP counts in tenths of a second: a director waits for no other machine, build or test. Where the
# kernel groups processes by session (sched(7), the autogroup feature) the nice value of a process
# counts inside its group only, and the group has one of its own. Without it, and with one more
# program at work, a director of five machines on two processors stood still for 0.2 to 0.3 s now and
# then, which is a lost master; with it, for less than 0.1 s.
first_served() { # HOST
    local group
    group=/proc/$(machine_pid "$1")/autogroup
    [ ! -w "$group" ] || echo -5 >"$group"
}

machine_kill() { # HOST: the power cut
    local pid
    end_session "$1"
    pid=$(machine_pid "$1") || return 0
    kill -9 "$pid"
    # Of one that nobody waits for a zombie stays; its other threads may have the disk for a moment yet.
    while [ -d "/proc/$pid/task" ] && ! grep -qszP '(?s)State:\tZ.*Threads:\t1\n' "/proc/$pid/status"; do
        sleep 0.05
    done
    rm -f "$(pid_path "$1")" "$(monitor_path "$1")"
}

# A trial boot tells whether hardware virtualisation works: a /dev/kvm may be there and yet hang
# every guest. The verdict is kept beside the image.
accel() {
    local verdict=$LAB_STATE/accel
    [ -s "$verdict" ] || {
        if trial_boot; then echo kvm; else echo tcg; fi >"$verdict.tmp"
        mv "$verdict.tmp" "$verdict"
    }
    cat "$verdict"
}

trial_boot() {
    local log=$LAB_STATE/trial.log
    if [ ! -c /dev/kvm ] || [ ! -w /dev/kvm ]; then
        say "no /dev/kvm: emulating"
        return 1
    fi
    trial_run kvm 8 "$log" lab.trial # emulated, on an idle machine, it takes two seconds
    if grep -qs 'lab-initrd: userspace reached' "$log"; then
        say "hardware virtualisation works"
    else
        say "a trial boot under hardware virtualisation failed: emulating"
        return 1
    fi
}

# The kernel and the initial RAM disk alone, which do what their argument says and power off.
trial_run() { # kvm|tcg SECONDS LOG ARGUMENT…
    local kind=$1 seconds=$2 log=$3
    shift 3
    rm -f "$log"
    # In a shell of its own, whose word about a crash goes nowhere either.
    # shellcheck disable=SC2046
    (timeout -k 1 "$seconds" qemu-system-x86_64 $(board "$kind") -kernel "$LAB_IMAGE/vmlinux" \
        -initrd "$LAB_IMAGE/initrd" -append "$(kernel_arguments) $*" -serial "file:$log" \
        -no-reboot </dev/null 9>&- || true) >/dev/null 2>&1
}

# An emulated machine's time stamp counter is this machine's own. Its kernel measures it against an
# emulated timer of 10 ms (pit_calibrate_tsc in arch/x86/kernel/tsc.c), and is not at work itself while its
# emulator waits for a processor. With six busy loops beside five that booted, one boot in 80 took 2596 MHz
# for 891, and its clock ran three times as fast from then on. What the kernel measures for a second, later,
# is right, but when that is more than one percent off it keeps to the first. So the later one is had once,
# kept beside the image, and told to each kernel.
clock_argument() {
    local khz
    [ "$(accel)" != kvm ] || return 0
    khz=$(tsc_khz) && printf ' tsc_early_khz=%s' "$khz"
}

tsc_khz() {
    local kept=$LAB_STATE/tsc_khz
    [ -s "$kept" ] || { measure_tsc >"$kept.tmp" && mv "$kept.tmp" "$kept"; } || return 1
    cat "$kept"
}

measure_tsc() {
    local log=$LAB_STATE/clock.log
    for _ in 1 2 3 4 5; do # a kernel that began with a wrong figure does not tell the right one
        trial_run tcg 60 "$log" lab.clock loglevel=7
        sed -n 's/.*Refined TSC clocksource calibration: \([0-9]*\)\.\([0-9]*\) MHz.*/\1\2/p' "$log" |
            grep . && return
    done
    die "the speed of the emulated processor could not be measured" "what its kernel said is in $log"
}

# One machine: its QEMU process, its monitor, its disk. Sourced by lab/lab.
# This file is part of the recipe: what it puts in a machine decides whether a snapshot fits.
# shellcheck shell=bash

LAB_MEMORY=512

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

kernel_arguments() {
    echo 'root=/dev/vda ro console=ttyS0 quiet net.ifnames=0 mitigations=off nokaslr' \
        'nowatchdog audit=0 tsc=reliable systemd.getty_auto=no systemd.show_status=no'
}

accel_arguments() { # kvm|tcg
    case $1 in
    kvm) echo '-accel kvm -cpu host' ;;
    # The plain processor is quicker to emulate than 'max'.
    tcg) echo '-accel tcg,thread=multi,tb-size=256 -cpu qemu64' ;;
    esac
}

# Starts a machine: from its disk, or stopped in a snapshot.
machine_start() { # HOST [SNAPSHOT]
    local host=$1 snapshot=${2:-} dir loading=()
    dir=$(machine_dir "$host")
    mkdir -p "$(run_dir)"
    rm -f "$(monitor_path "$host")" "$(pid_path "$host")"
    [ -n "$snapshot" ] && loading=(-loadvm "$snapshot" -S)
    # shellcheck disable=SC2046
    in_netns qemu-system-x86_64 -name "$host" -nodefaults -no-user-config -display none \
        -machine pc,usb=off,graphics=off $(accel_arguments "$(accel)") -m "$LAB_MEMORY" -smp 1 \
        -kernel "$LAB_IMAGE/vmlinux" -initrd "$LAB_IMAGE/initrd" -append "$(kernel_arguments)" \
        -drive "file=$(disk_path "$host"),if=virtio,format=qcow2,cache=unsafe,discard=unmap" \
        -drive "file=$LAB_IMAGE/repo.ext4,if=virtio,format=raw,readonly=on" \
        -netdev "tap,id=lan,ifname=$(tap_name "$host"),script=no,downscript=no" \
        -device "virtio-net-pci,id=card,netdev=lan,mac=$(host_mac "$host"),romfile=" \
        -object rng-random,id=entropy,filename=/dev/urandom -device virtio-rng-pci,rng=entropy \
        -chardev "file,id=console,path=$dir/console.log,append=on" -serial chardev:console \
        -monitor "unix:$(monitor_path "$host"),server=on,wait=off" \
        -pidfile "$(pid_path "$host")" -rtc base=utc,clock=host \
        "${loading[@]}" -daemonize 9>&- >"$dir/qemu.log" 2>&1 || {
        warn "$host did not start: $(tail -n 3 "$dir/qemu.log")"
        return 1
    }
}

machine_kill() { # HOST: the power cut
    local pid
    pid=$(machine_pid "$1") || return 0
    kill -9 "$pid"
    while [ -d "/proc/$pid" ] && ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status"; do
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
    rm -f "$log"
    # In a shell of its own, whose word about a crash goes nowhere either.
    # shellcheck disable=SC2046
    (timeout -k 1 20 qemu-system-x86_64 -nodefaults -no-user-config -display none -machine pc \
        $(accel_arguments kvm) -m 256 -kernel "$LAB_IMAGE/vmlinux" -initrd "$LAB_IMAGE/initrd" \
        -append "$(kernel_arguments) lab.trial" -serial "file:$log" -no-reboot \
        </dev/null 9>&- || true) >/dev/null 2>&1
    if grep -qs 'lab-initrd: userspace reached' "$log"; then
        say "hardware virtualisation works"
    else
        say "a trial boot under hardware virtualisation failed: emulating"
        return 1
    fi
}

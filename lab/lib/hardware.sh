# What a machine is made of. This file is part of the recipe: a snapshot fits only the hardware that
# it was taken on. Sourced by lab/lab.
# shellcheck shell=bash

# norandmaps: emulation keeps its translations by address, so a program that begins elsewhere each time
# is translated each time. Without it installing packages takes twice the work.
# possible_cpus=1: the second processor that the emulator is told of (below) is never looked for, and the
# kernel drops the locking that one processor does without.
# no_timer_check: a kernel that boots waits a few milliseconds for its timer, and panics when an emulator
# that has to wait for a processor does not bring it ("IO-APIC + timer doesn't work"). Under KVM it knows.
kernel_arguments() {
    echo 'root=/dev/vda ro console=ttyS0 quiet net.ifnames=0 mitigations=off nokaslr norandmaps no_timer_check' \
        'possible_cpus=1 nowatchdog audit=0 tsc=reliable systemd.getty_auto=no systemd.show_status=no'
}

board() { # kvm|tcg
    echo '-nodefaults -no-user-config -display none -machine pc,usb=off,graphics=off -m 512'
    case $1 in
    kvm) echo '-accel kvm -cpu host -smp 1' ;;
    # The plain processor is quicker to emulate than 'max'.
    # maxcpus=2: for a machine that can have one processor only, QEMU 7.2 translates "lock" instructions to
    # plain ones (accel/tcg/tcg-accel-ops-mttcg.c sets CF_PARALLEL by max_cpus). The guest's virtio then
    # has no barrier against QEMU's own threads: a card's queue hung for good, now and then, under load
    # ("NETDEV WATCHDOG: eth0: transmit queue 0 timed out"). With a second one possible they are real.
    tcg) echo "-accel tcg,thread=multi,tb-size=$LAB_TRANSLATION -cpu qemu64 -smp 1,maxcpus=2" ;;
    esac
}

# Sets the array that is named to QEMU's arguments. The disks are /dev/vda and, with the packages,
# /dev/vdb; the only card is eth0.
hardware() { # HOST ARRAY
    local -n hw=$2
    # shellcheck disable=SC2207 # no argument in there has a space
    hw=($(board "$(accel)"))
    # shellcheck disable=SC2054 # the commas are QEMU's
    hw+=(
        -kernel "$LAB_IMAGE/vmlinux" -initrd "$LAB_IMAGE/initrd" -append "$(kernel_arguments)$(clock_argument)"
        -drive "file=$(disk_path "$1"),if=virtio,format=qcow2,cache=unsafe,discard=unmap"
        -drive "file=$LAB_IMAGE/repo.ext4,if=virtio,format=raw,readonly=on"
        -netdev "tap,id=lan,ifname=$(tap_name "$1"),script=no,downscript=no"
        -device "virtio-net-pci,id=card,netdev=lan,mac=$(host_mac "$1"),romfile="
        -object rng-random,id=entropy,filename=/dev/urandom -device virtio-rng-pci,rng=entropy
        -chardev "file,id=console,path=$(machine_dir "$1")/console.log,append=on"
        -serial chardev:console
        -rtc base=utc,clock=host
    )
}

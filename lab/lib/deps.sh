# What the lab needs on the machine that runs it. Sourced by lab/lab.
# shellcheck shell=bash

# command:package
LAB_DEPENDENCIES=(
    qemu-system-x86_64:qemu-system-x86
    qemu-img:qemu-utils
    mmdebstrap:mmdebstrap
    apt-ftparchive:apt-utils
    mkfs.ext4:e2fsprogs
    debugfs:e2fsprogs
    ip:iproute2
    socat:socat
    ssh:openssh-client
    jq:jq
    lz4:lz4
    xz:xz-utils
    cpio:cpio
    flock:util-linux
)
LAB_EL_DEPENDENCIES=(rpmbuild:rpm createrepo_c:createrepo-c)

# sbin may be missing from PATH under su and cron.
case ":$PATH:" in *:/usr/sbin:*) ;; *) PATH=$PATH:/usr/sbin:/sbin ;; esac

missing_packages() { # COMMAND:PACKAGE…
    local entry
    for entry in "$@"; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry#*:}"
    done | LC_ALL=C sort -u
}

install_packages() { # PACKAGE…
    [ $# -gt 0 ] || return 0
    command -v apt-get >/dev/null ||
        die "these are missing and there is no apt-get to install them: $*"
    say "installing: $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
        >/dev/null 2>&1 && return 0
    # The package lists may be old or empty.
    apt-get update -qq >&2 || die "apt-get update failed" "check the machine's apt sources"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 ||
        die "could not install: $*"
}

install_deps() {
    local packages
    mapfile -t packages < <(missing_packages "${LAB_DEPENDENCIES[@]}" ${LAB_EL:+"${LAB_EL_DEPENDENCIES[@]}"})
    install_packages "${packages[@]}"
}

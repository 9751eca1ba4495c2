# Builds the image of a recipe: keys, kernel, initial RAM disk, root disks, package repository.
# Everything is made in a temporary folder that is renamed when it is whole. Sourced by lab/lab.
# shellcheck shell=bash

LAB_RELEASE=bookworm
LAB_DISK_SIZE=4G

build_image() {
    [ -e "$LAB_IMAGE/complete" ] && return 0
    [ "$(uname -m)" = x86_64 ] || die "the lab's machines are x86_64; this one is $(uname -m)"
    local begun work
    begun=$(now_ms)
    say "building the image $LAB_KEY (once for a recipe)"
    work=$LAB_STATE/image.tmp
    rm -rf "$work" "$LAB_IMAGE"
    mkdir -p "$work"
    build_sources "$work"
    build_root "$work" || die "the guest's root could not be built" "see $work/mmdebstrap.log"
    [ -z "$LAB_EL" ] || build_el_root "$work" || die "the EL family's root could not be built" \
        "see $work/mmdebstrap-el.log"
    build_keys "$work"
    build_repository "$work"
    build_boot "$work"
    build_disks "$work"
    rm -rf "$work/root" "$work/root-el" "$work/el" "$work/repo"
    date -u +%FT%TZ >"$work/complete"
    mv "$work" "$LAB_IMAGE"
    say "image built in $(took "$begun")"
}

# The host's own Debian sources, one line each, for the guests' release. Other vendors' are left out.
debian_sources() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg option=
    [ -r "$keyring" ] && option=" [signed-by=$keyring]"
    # shellcheck disable=SC2016 # apt expands these, not the shell
    apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)' \
        'Created-By: Packages' |
        awk -F'|' -v option="$option" -v release="$LAB_RELEASE" '
            $1 == "Debian" && index($3, release) == 1 && $3 !~ /backports|proposed/ &&
            !seen[$2, $3, $4]++ { print "deb" option, $2, $3, $4 }'
}

# Proxy, certificates and the like: as the host's apt has them.
apt_options() { apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries|Force)' || true; }

# Where apt finds Debian's packages.
build_sources() { # WORK
    local sources=$1/sources.list
    if [ -n "${CLUSTERCTL_LAB_SOURCES:-}" ]; then
        cp "$CLUSTERCTL_LAB_SOURCES" "$sources"
    else
        debian_sources >"$sources"
        if [ ! -s "$sources" ]; then
            apt-get update -qq >&2 || die "apt-get update failed"
            debian_sources >"$sources"
        fi
    fi
    [ -s "$sources" ] || die "this machine's apt has no source for Debian $LAB_RELEASE" \
        "set CLUSTERCTL_LAB_SOURCES to a sources.list that has one"
}

build_root() { # WORK
    local work=$1 begun
    begun=$(now_ms)
    bootstrap "$work" root "$LAB_DIR/image/base.list" \
        --customize-hook="$LAB_DIR/image/fetch \"\$1\" $work $LAB_DIR/packages.list" \
        --customize-hook="$LAB_DIR/image/customize \"\$1\"" >"$work/mmdebstrap.log" 2>&1 || return 1
    say "  root and packages: $(took "$begun")"
}

bootstrap() { # WORK ROOT LIST OPTION…: a minimal Debian and the packages of LIST in WORK/ROOT
    local work=$1 root=$2 list=$3 options=() option
    shift 3
    while read -r option; do
        options+=(--aptopt="$option")
    done < <(apt_options)
    # INITRD=No: no initial RAM disk of Debian's is made, see build_boot.
    INITRD=No mmdebstrap --mode=root --variant=minbase --format=directory \
        --include="$(list_file "$list" | paste -sd, -)" \
        --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/lintian/*' \
        --aptopt='Apt::Install-Recommends "false"' \
        "${options[@]}" "$@" "$LAB_RELEASE" "$work/$root" "$work/sources.list"
}

list_file() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"; }

# One user key for the operator; host keys of every type a Debian host has.
build_keys() { # WORK
    local keys=$1/keys host type begun
    begun=$(now_ms)
    mkdir -p "$keys"
    chmod 700 "$keys"
    ssh-keygen -q -t ed25519 -N '' -C operator@clusterctl-lab -f "$keys/id_ed25519"
    for host in "${LAB_HOSTS[@]}"; do
        mkdir -p "$keys/$host"
        for type in ed25519 ecdsa rsa; do
            ssh-keygen -q -t "$type" -N '' -C root@debian -f "$keys/$host/ssh_host_${type}_key"
            printf '%s %s\n' "${LAB_ADDRESS[$host]}" \
                "$(cut -d' ' -f1,2 "$keys/$host/ssh_host_${type}_key.pub")" >>"$keys/known_hosts"
        done
    done
    say "  keys: $(took "$begun")"
}

# The packages that image/fetch left in WORK/repo become a flat repository on a disk of its own.
build_repository() { # WORK
    local work=$1 begun size
    begun=$(now_ms)
    (cd "$work/repo" && apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release &&
        mv ../Release Release)
    # A guest that has the lists need not fetch them; the bind mount ends with the namespace.
    # shellcheck disable=SC2016
    unshare --mount sh -c 'mount --bind "$1/repo" "$1/root/srv/repo" &&
        chroot "$1/root" apt-get update -qq && chroot "$1/root" apt-cache gencaches -q' \
        sh "$work" >>"$work/mmdebstrap.log" 2>&1 || die "apt-get update failed in the guest's root" \
        "see $work/mmdebstrap.log"
    [ -z "$LAB_EL" ] || build_el_repository "$work"
    size=$(($(du -sm "$work/repo" | cut -f1) * 11 / 10 + 16))
    make_ext4 "$work/repo.ext4" "${size}M" "$work/repo" -m 0 -O ^has_journal
    say "  repository: $(took "$begun")"
}

make_ext4() { # FILE SIZE FOLDER OPTION…
    local file=$1 size=$2 folder=$3
    shift 3
    truncate -s "$size" "$file"
    mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1 "$@" -d "$folder" "$file"
}

# The kernel unpacked, which an emulated machine starts faster, and an initial RAM disk with just
# virtio and a static shell: userspace in a second rather than ten.
build_boot() { # WORK
    local work=$1 root=$1/root initrd=$1/initrd.d version module number=10 path
    version=$(basename "$root"/lib/modules/*)
    unpack_kernel "$root/boot/vmlinuz-$version" "$work/vmlinux"
    mkdir -p "$initrd"/{bin,dev,proc,root,modules}
    cp "$work/busybox" "$initrd/bin/busybox"
    cp "$LAB_DIR/image/initrd-init" "$initrd/init"
    while read -r path; do
        module=$(basename "$path")
        [ -e "$initrd/modules/${number}_$module" ] || cp "$root$path" "$initrd/modules/${number}_$module"
        number=$((number + 1))
    done < <(for module in virtio_pci virtio_blk virtio_net virtio_rng; do
        chroot "$root" modprobe -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
    (cd "$initrd" && find . -print0 | LC_ALL=C sort -z |
        cpio --null --create --format=newc --quiet) >"$work/initrd"
    rm -rf "$initrd"
    printf '%s\n' "$version" >"$work/kernel-version"
}

unpack_kernel() { # VMLINUZ OUTPUT
    local magic tool offset
    for magic in '\x02!L\x18:lz4 -dc' '\x28\xb5\x2f\xfd:zstd -dc' '\xfd7zXZ\x00:xz -dc' '\x1f\x8b\x08:gzip -dc'; do
        tool=${magic##*:}
        while IFS=: read -r offset _; do
            # The stream is followed by other data, which the tools complain about.
            # shellcheck disable=SC2086
            tail -c "+$((offset + 1))" "$1" | $tool >"$2" 2>/dev/null || true
            [ "$(head -c 4 "$2" | tail -c 3)" = ELF ] && return 0
        done < <(LC_ALL=C grep -aobP -- "${magic%%:*}" "$1" || true)
    done
    die "cannot unpack the kernel $1"
}

# A disk a host: its family's root with the host's own address, keys and machine id written in.
build_disks() { # WORK
    local work=$1 begun host family
    begun=$(now_ms)
    for family in '' ${LAB_EL:+-el}; do
        install -m 600 "$work/keys/id_ed25519.pub" "$work/root$family/root/.ssh/authorized_keys"
        make_ext4 "$work/base$family.ext4" "$LAB_DISK_SIZE" "$work/root$family" \
            -O ^metadata_csum,^resize_inode -J size=16 -m 1
    done
    for host in "${LAB_HOSTS[@]}"; do
        family=
        ! is_el "$host" || family=-el
        cp --sparse=always "$work/base$family.ext4" "$work/$host.ext4"
        personalise "$work" "$host"
    done
    rm -f "$work"/base*.ext4
    say "  disks: $(took "$begun")"
}

personalise() { # WORK HOST
    local work=$1 host=$2 disk=$1/$2.ext4 scratch=$1/scratch type network
    mkdir -p "$scratch"
    if is_el "$host"; then
        network=/etc/NetworkManager/system-connections/eth0.nmconnection
        keyfile "$host" >"$scratch/network"
    else
        network=/etc/network/interfaces.d/eth0
        cat >"$scratch/network" <<EOF
auto eth0
iface eth0 inet static
    address ${LAB_ADDRESS[$host]}/$LAB_PREFIX
    gateway $LAB_OPERATOR
EOF
    fi
    printf 'clusterctl-lab %s' "$host" | md5sum | cut -c1-32 >"$scratch/machine-id"
    {
        echo "write $scratch/network $network"
        ! is_el "$host" || echo "sif $network mode 0100600"
        echo "write $scratch/machine-id /etc/machine-id"
        echo "sif /etc/machine-id mode 0100444"
        for type in ed25519 ecdsa rsa; do
            echo "write $work/keys/$host/ssh_host_${type}_key /etc/ssh/ssh_host_${type}_key"
            echo "sif /etc/ssh/ssh_host_${type}_key mode 0100600"
            echo "write $work/keys/$host/ssh_host_${type}_key.pub /etc/ssh/ssh_host_${type}_key.pub"
        done
    } >"$scratch/commands"
    debugfs -w -f "$scratch/commands" "$disk" >"$scratch/log" 2>&1
    # debugfs answers 0 whatever happens.
    if debugfs -R "stat /etc/ssh/ssh_host_rsa_key.pub" "$disk" 2>&1 | grep -q 'Inode:'; then
        rm -rf "$scratch"
    else
        die "the disk of $host could not be written" "see $scratch/log"
    fi
}

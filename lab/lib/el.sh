# Machines of the EL family: Debian's builds of the same programs under that family's names, in its
# places, and as RPM packages. Sourced by lab/lab.
# shellcheck shell=bash

build_el_root() { # WORK
    local work=$1 begun
    begun=$(now_ms)
    bootstrap "$work" root-el "$LAB_DIR/el/base.list" \
        --customize-hook="$LAB_DIR/el/fetch \"\$1\" $work $LAB_DIR/el/packages.list" \
        >"$work/mmdebstrap-el.log" 2>&1 &&
        "$LAB_DIR/el/customize" "$work/root-el" "$LAB_DIR" >>"$work/mmdebstrap-el.log" 2>&1 || return 1
    say "  the EL family's root: $(took "$begun")"
}

# What dnf finds in /srv/repo/el. It knows the lists already, so a guest need not read them.
build_el_repository() { # WORK
    local work=$1 begun
    begun=$(now_ms)
    # shellcheck disable=SC2016
    "$LAB_DIR/el/repack" "$work" "$work/repo/el" >"$work/repack.log" 2>&1 &&
        unshare --mount sh -c 'mount --bind "$1/repo" "$1/root-el/srv/repo" &&
            chroot "$1/root-el" dnf -q -y install rocky-release' sh "$work" >>"$work/repack.log" 2>&1 ||
        die "the EL family's packages could not be made" "see $work/repack.log"
    say "  RPM packages: $(took "$begun")"
}

# How NetworkManager keeps the card's address.
keyfile() { # HOST
    cat <<EOF
[connection]
id=eth0
uuid=$(printf 'clusterctl-lab %s eth0' "$1" | md5sum | sed -E 's/(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-4\3-8\4-\5/')
type=ethernet
interface-name=eth0

[ipv4]
method=manual
address1=${LAB_ADDRESS[$1]}/$LAB_PREFIX,$LAB_OPERATOR

[ipv6]
method=link-local
EOF
}

# The network namespace: a bridge, a tap a machine, the operator's address. Nothing leaves it.
# Sourced by lab/lab.
# shellcheck shell=bash

LAB_BRIDGE=lab0

in_netns() { ip netns exec "$LAB_NETNS" "$@"; }

netns_works() { in_netns true 2>/dev/null; }

tap_name() { printf 'tap%s\n' "$(host_index "$1")"; }

net_up() {
    local host tap
    if ! netns_works; then
        # A name may outlive its namespace, after an unclean end of the machine.
        ip netns delete "$LAB_NETNS" 2>/dev/null || true
        rm -f "/run/netns/$LAB_NETNS"
        ip netns add "$LAB_NETNS" ||
            die "cannot make a network namespace" "in a container this needs CAP_SYS_ADMIN"
    fi
    ip -n "$LAB_NETNS" link set lo up
    if ! ip -n "$LAB_NETNS" link show "$LAB_BRIDGE" >/dev/null 2>&1; then
        # Snooping would hold back VRRP's multicast while nobody has joined.
        ip -n "$LAB_NETNS" link add "$LAB_BRIDGE" type bridge forward_delay 0 stp_state 0 \
            mcast_snooping 0 || die "cannot make a bridge" "the kernel needs CONFIG_BRIDGE"
        ip -n "$LAB_NETNS" link set "$LAB_BRIDGE" address 52:54:00:0a:01:01
    fi
    ip -n "$LAB_NETNS" address replace "$LAB_OPERATOR/$LAB_PREFIX" dev "$LAB_BRIDGE"
    ip -n "$LAB_NETNS" link set "$LAB_BRIDGE" up
    for host in "${LAB_HOSTS[@]}"; do
        tap=$(tap_name "$host")
        ip -n "$LAB_NETNS" link show "$tap" >/dev/null 2>&1 ||
            ip -n "$LAB_NETNS" tuntap add dev "$tap" mode tap ||
            die "cannot make a tap" "the kernel needs CONFIG_TUN, and /dev/net/tun must be there"
        ip -n "$LAB_NETNS" link set "$tap" master "$LAB_BRIDGE" up
    done
}

net_down() {
    ip netns delete "$LAB_NETNS" 2>/dev/null || true
}

# What the operator's side remembers about machines that have gone back in time.
net_forget() { ip -n "$LAB_NETNS" neighbour flush dev "$LAB_BRIDGE" 2>/dev/null || true; }

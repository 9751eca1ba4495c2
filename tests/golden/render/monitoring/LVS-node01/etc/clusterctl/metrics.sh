# Managed by clusterctl (cluster web). Changes made here are overwritten by the next deploy.
# Publishes what no exporter knows, every few seconds, for node_exporter's textfile collector.
out=/var/lib/prometheus/node-exporter/clusterctl.prom
umask 022
one() { printf '# HELP %s %s\n# TYPE %s %s\n' "$1" "$3" "$1" "$2"; }

vips() {
    addresses=$(ip -o addr show)
    state=BACKUP
    one clusterctl_vip_held gauge 'Whether this director holds the virtual IP.'
    for vip in 10.1.1.140; do
        v=0
        case $addresses in *" $vip/"*) v=1 state=MASTER ;; esac
        printf 'clusterctl_vip_held{vip="%s"} %s\n' "$vip" "$v"
    done
}

# After vips, which tell the state as long as keepalived has told of no change.
vrrp() {
    n=0 pid=
    [ ! -r /run/clusterctl/vrrp-VI_1 ] || read -r state n </run/clusterctl/vrrp-VI_1
    [ ! -r /run/keepalived.pid ] || read -r pid </run/keepalived.pid
    [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null || state=STOP
    one clusterctl_vrrp_state gauge '1 for the state that the VRRP instance is in; STOP when keepalived does not run.'
    for s in MASTER BACKUP FAULT STOP; do
        v=0
        [ $s != "$state" ] || v=1
        printf 'clusterctl_vrrp_state{vrrp_instance="VI_1",state="%s"} %s\n' $s $v
    done
    one clusterctl_vrrp_transitions_total counter 'Changes of state since the machine has booted.'
    printf 'clusterctl_vrrp_transitions_total{vrrp_instance="VI_1"} %s\n' "$n"
}

while :; do
    {
        :
        vips
        vrrp
    } >"$out.tmp" && mv -f "$out.tmp" "$out"
    sleep 5
done

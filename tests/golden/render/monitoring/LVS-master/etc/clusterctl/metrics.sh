# Managed by clusterctl (cluster web). Changes made here are overwritten by the next deploy.
# Publishes what no exporter knows, every few seconds, for node_exporter's textfile collector.
out=/var/lib/prometheus/node-exporter/clusterctl.prom
umask 022
one() { printf '# HELP %s %s\n# TYPE %s %s\n' "$1" "$3" "$1" "$2"; }

vrrp() {
    pid=
    [ ! -r /run/keepalived.pid ] || read -r pid </run/keepalived.pid
    alive=
    [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || alive=1
    states= counts=
    for f in /run/clusterctl/vrrp-*; do
        [ -r "$f" ] && read -r state n <"$f" || continue
        [ -n "$alive" ] || state=STOP
        i=vrrp_instance=\"${f##*/vrrp-}\"
        for s in MASTER BACKUP FAULT STOP; do
            v=0
            [ $s != "$state" ] || v=1
            states="${states}clusterctl_vrrp_state{$i,state=\"$s\"} $v
"
        done
        counts="${counts}clusterctl_vrrp_transitions_total{$i} $n
"
    done
    one clusterctl_vrrp_state gauge '1 for the state that the VRRP instance is in; STOP when keepalived does not run.'
    printf %s "$states"
    one clusterctl_vrrp_transitions_total counter 'Changes of state since the machine has booted.'
    printf %s "$counts"
    addresses=$(ip -o addr show)
    one clusterctl_vip_held gauge 'Whether this director holds the virtual IP.'
    for vip in 10.1.1.140; do
        v=0
        case $addresses in *" $vip/"*) v=1 ;; esac
        printf 'clusterctl_vip_held{vip="%s"} %s\n' "$vip" "$v"
    done
}

while :; do
    {
        :
        vrrp
    } >"$out.tmp" && mv -f "$out.tmp" "$out"
    sleep 5
done

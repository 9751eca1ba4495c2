# Managed by clusterctl (cluster web). Changes made here are overwritten by the next deploy.
# Publishes what no exporter knows, every few seconds, for node_exporter's textfile collector.
out=/var/lib/prometheus/node-exporter/clusterctl.prom
umask 022
one() { printf '# HELP %s %s\n# TYPE %s %s\n' "$1" "$3" "$1" "$2"; }

share() {
    v=0
    [ "$(timeout -s KILL 3 stat -f -c %T -- /var/www/html/shared 2>/dev/null)" != nfs ] || v=1
    one clusterctl_share_answers gauge 'Whether the share is mounted and its server answered within 3 s.'
    printf 'clusterctl_share_answers{mountpoint="%s"} %s\n' /var/www/html/shared "$v"
}

while :; do
    {
        :
        share
    } >"$out.tmp" && mv -f "$out.tmp" "$out"
    sleep 5
done

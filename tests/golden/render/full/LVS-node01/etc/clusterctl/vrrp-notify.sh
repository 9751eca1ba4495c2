# Managed by clusterctl (cluster web). Changes made here are overwritten by the next deploy.
# Keeps the state of each VRRP instance and how often it has changed: "MASTER 3".
dir=/run/clusterctl
umask 022
mkdir -m 0700 -p "$dir"
while read -r what name state _; do
    name=${name#\"}
    name=${name%\"}
    [ "$what" = INSTANCE ] || continue
    case $name in '' | *[!A-Za-z0-9_]*) continue ;; esac
    case $state in MASTER | BACKUP | FAULT | STOP) ;; *) continue ;; esac
    was= n=0
    [ ! -r "$dir/vrrp-$name" ] || read -r was n <"$dir/vrrp-$name"
    [ "$state" = "$was" ] || n=$((n + 1))
    echo "$state $n" >"$dir/.vrrp-$name" && mv -f "$dir/.vrrp-$name" "$dir/vrrp-$name"
done <"$1"

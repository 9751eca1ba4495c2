# What an experienced operator would run on a director; $1 its name, the configuration is on stdin.
set -e
export DEBIAN_FRONTEND=noninteractive
cat >/run/keepalived.conf
hostnamectl set-hostname "$1" 2>/dev/null || echo "$1" >/etc/hostname
apt-get -q -y --no-install-recommends install keepalived ipvsadm nftables </dev/null
modprobe ip_vs
modprobe ip_vs_rr
printf 'ip_vs\nip_vs_rr\n' >/etc/modules-load.d/lvs.conf
install -m 600 /run/keepalived.conf /etc/keepalived/keepalived.conf
keepalived -t
systemctl enable --now keepalived

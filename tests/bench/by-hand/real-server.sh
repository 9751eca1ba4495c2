# What an experienced operator would run on a real server: $1 its name, $2 its index file.
set -e
export DEBIAN_FRONTEND=noninteractive
hostnamectl set-hostname "$1" 2>/dev/null || echo "$1" >/etc/hostname
cat >/etc/sysctl.d/99-arp.conf <<'END'
net.ipv4.conf.all.arp_ignore = 1
net.ipv4.conf.all.arp_announce = 2
net.ipv4.conf.lo.arp_ignore = 1
net.ipv4.conf.lo.arp_announce = 2
END
sysctl -q -p /etc/sysctl.d/99-arp.conf 2>/dev/null || /lib/systemd/systemd-sysctl
apt-get -q -y --no-install-recommends install nginx nfs-common
mkdir -p /var/www/html/shared
echo '10.1.1.134:/nfs/web /var/www/html/shared nfs rw,hard,bg,timeo=50,retrans=2,noatime,nfsvers=4,_netdev,nofail 0 0' >>/etc/fstab
systemctl daemon-reload
until mount /var/www/html/shared; do sleep 1; done
cat >/etc/nginx/conf.d/web.conf <<END
server {
    listen 80;
    listen 10.1.1.140:80 default_server;
    server_name 10.1.1.140;
    root /var/www/html/shared;
    index $2;
}
END
nginx -t -q
systemctl enable --now nginx
systemctl reload nginx
cat >/etc/systemd/system/vip.service <<'END'
[Unit]
After=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip address replace 10.1.1.140/32 dev lo label lo:1
ExecStart=/sbin/ip route replace 10.1.1.140/32 dev lo
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now vip

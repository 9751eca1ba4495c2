# What an experienced operator would run on the NFS host.
set -e
export DEBIAN_FRONTEND=noninteractive
hostnamectl set-hostname NFS 2>/dev/null || echo NFS >/etc/hostname
apt-get -q -y --no-install-recommends install nfs-kernel-server
mkdir -p /nfs/web
echo 'Web01 index.html' >/nfs/web/index1.html
echo 'Web02 index.html' >/nfs/web/index2.html
o='(rw,sync,no_subtree_check,root_squash)'
echo "/nfs/web 10.1.1.132$o 10.1.1.133$o" >>/etc/exports
systemctl enable --now nfs-server
exportfs -r

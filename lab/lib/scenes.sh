# States that tests start from: the packages installed, the article followed by hand.
# Sourced by lab/lab.
# shellcheck shell=bash

declare -A LAB_ROLE=(
    [LVS-master]=director
    [LVS-node01]=director
    [Web01-RS]=real-server
    [Web02-RS]=real-server
    [NFS]=nfs
)

# What clusterctl installs for each role on Debian, and in the EL family.
declare -A LAB_ROLE_PACKAGES=(
    [director]='keepalived ipvsadm nftables'
    [real-server]='nginx nfs-common'
    [nfs]='nfs-kernel-server'
)
declare -A LAB_EL_ROLE_PACKAGES=(
    [director]='keepalived ipvsadm nftables'
    [real-server]='nginx nfs-utils'
    [nfs]='nfs-utils'
)

# The pristine state with every role's packages installed and their services as the packages leave them.
verb_packages() {
    [ $# -eq 0 ] || usage_error "packages takes no argument"
    snapshot_exists pristine || die "the lab has no machines yet" "make them with: $LAB_COMMAND up"
    lab_lock
    packaged_state
}

packaged_state() {
    if snapshot_exists packaged; then
        verb_reset packaged
        return
    fi
    verb_reset pristine
    local begun
    begun=$(now_ms)
    say "installing every role's packages on all five machines"
    each_host install_role "${LAB_HOSTS[@]}" || die "not every machine could install its packages" \
        "what was said is in $LAB_STATE/machines/HOST/install.log"
    say "  installed: $(took "$begun")"
    each_host settle "${LAB_HOSTS[@]}" || die "not all machines settled"
    take_snapshot packaged
    say "saved 'packaged'"
}

install_role() { # HOST
    local role=${LAB_ROLE[$1]} install='apt-get install -y --no-install-recommends' packages
    packages=${LAB_ROLE_PACKAGES[$role]}
    ! is_el "$1" || { install='dnf install -y --setopt=install_weak_deps=False' packages=${LAB_EL_ROLE_PACKAGES[$role]}; }
    guest "$1" "DEBIAN_FRONTEND=noninteractive $install $packages" </dev/null \
        >"$(machine_dir "$1")/install.log" 2>&1 || {
        warn "$1: $(tail -n 2 "$(machine_dir "$1")/install.log")"
        return 1
    }
}

# Installs what is not in the guests' repository, from where the image's packages came. For a scene that
# most runs do without: the image stays as small as it is.
verb_bring() { # HOST PACKAGE…
    need_host "${1:-}"
    [ $# -gt 1 ] || usage_error "bring: which packages?"
    need_lab
    local host=$1 dir=$LAB_STATE/brought/$1 option options=()
    shift
    mkdir -p "$dir/lists/partial" "$dir/archives/partial"
    guest "$host" cat /var/lib/dpkg/status </dev/null >"$dir/status"
    for option in "Dir::Etc::SourceList=$LAB_IMAGE/sources.list" Dir::Etc::SourceParts=/dev/null \
        "Dir::State::Lists=$dir/lists" "Dir::State::Status=$dir/status" "Dir::Cache=$dir" \
        "Dir::Cache::Archives=$dir/archives" APT::Sandbox::User=root APT::Install-Recommends=false; do
        options+=(-o "$option")
    done
    {
        apt-get "${options[@]}" update &&
            apt-get "${options[@]}" --yes --download-only install "$@" &&
            tar -C "$dir/archives" --exclude=partial --exclude=lock -c . |
            guest "$host" 'rm -rf /root/brought && mkdir /root/brought && tar -x -C /root/brought' &&
            guest "$host" 'DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
                /root/brought/*.deb' </dev/null
    } >"$(machine_dir "$host")/bring.log" 2>&1 ||
        die "$host: $(tail -n 2 "$(machine_dir "$host")/bring.log")"
}

verb_fixture() {
    [ $# -eq 1 ] || usage_error "fixture: which? (article)"
    [ "$1" = article ] || usage_error "there is no fixture '$1' (there is: article)"
    snapshot_exists pristine || die "the lab has no machines yet" "make them with: $LAB_COMMAND up"
    lab_lock
    packaged_state
    local begun
    begun=$(now_ms)
    # The share first, since the others mount it.
    follow_article NFS || die "the article could not be followed on NFS"
    each_host follow_article LVS-master LVS-node01 Web01-RS Web02-RS ||
        die "the article could not be followed on every machine"
    say "the cluster is as the article leaves it after $(took "$begun"); keep it with: $LAB_COMMAND snapshot article"
}

follow_article() { # HOST
    local log
    log=$(machine_dir "$1")/article.log
    guest "$1" "sh -s $1" <"$LAB_DIR/fixtures/article/${LAB_ROLE[$1]}.sh" >"$log" 2>&1 || {
        warn "$1: $(tail -n 2 "$log")"
        return 1
    }
}

# The operator's side: SSH to the machines, commands in the namespace, the inventory.
# Sourced by lab/lab.
# shellcheck shell=bash

write_ssh_config() {
    local host
    {
        for host in "${LAB_HOSTS[@]}"; do
            printf 'Host %s\n    HostName %s\n' "$host" "${LAB_ADDRESS[$host]}"
        done
        cat <<EOF
Host *
    User root
    IdentityFile $LAB_STATE/id_ed25519
    IdentitiesOnly yes
    UserKnownHostsFile $LAB_STATE/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    BatchMode yes
    LogLevel ERROR
    ConnectTimeout 30
    ServerAliveInterval 5
    ServerAliveCountMax 12
EOF
    } >"$LAB_STATE/ssh_config.tmp"
    mv "$LAB_STATE/ssh_config.tmp" "$LAB_STATE/ssh_config"
    local name
    for name in id_ed25519 id_ed25519.pub known_hosts; do
        ln -sfn "image/keys/$name" "$LAB_STATE/$name"
    done
}

guest() { # HOST COMMAND…: runs it there
    local words
    ssh_words "$1" words
    in_netns "${words[@]}" "$@"
}

# Sets the array that is named to how the lab calls ssh. A machine that has been reset has a session that is
# kept, and commands go through it: a log-in is ten times the work of a command for an emulated machine, and
# with the key exchange that ssh likes best (sntrup761) more. Where there is none any more (a machine that
# was turned off, a connection that was cut) ssh makes its own.
ssh_words() { # HOST ARRAY
    local -n w=$2
    # shellcheck disable=SC2034 # the caller's
    w=(ssh -F "$LAB_STATE/ssh_config" -o KexAlgorithms=curve25519-sha256 -S "$(session_path "$1")")
}

session_path() { printf '%s/%s.ssh\n' "$(run_dir)" "$1"; }

# Before the machine forgets it.
end_session() { # HOST
    local path words
    path=$(session_path "$1")
    ssh_words "$1" words
    [ ! -S "$path" ] || "${words[@]}" -O exit "$1" 2>/dev/null || true
    rm -f "$path"
}

# Does sshd greet? Cheaper for an emulated machine than a handshake.
sshd_answers() { # HOST [SECONDS]
    # shellcheck disable=SC2016
    in_netns timeout "${2:-3}" bash -c \
        'exec 3<>"/dev/tcp/$0/22" && IFS= read -r -u 3 line && [[ $line == SSH-* ]]' \
        "${LAB_ADDRESS[$1]}" 2>/dev/null
}

wait_for_sshd() { # HOST
    local host=$1 deadline=$((SECONDS + ${LAB_BOOT_LIMIT:-420}))
    until sshd_answers "$host" 5; do
        machine_running "$host" || { warn "$host ended while it was waited for"; return 1; }
        if [ "$SECONDS" -ge "$deadline" ]; then
            warn "$host: sshd did not answer in time; its console is $(machine_dir "$host")/console.log"
            return 1
        fi
        sleep 0.3
    done
}

# A machine that comes out of a snapshot thinks it is still then. The time is sent when the
# session stands, since a handshake takes an emulated machine a while; and the session is kept, until
# nothing has been heard for 20 seconds (ServerAliveInterval is 5).
set_clock() { # HOST
    local session in out ready
    # shellcheck disable=SC2016
    coproc session { guest "$1" -M -o ControlPersist=yes -o ServerAliveCountMax=4 \
        'echo ready; read -r t && date -u -s "@$t" >/dev/null && echo set' 9>&-; }
    out=${session[0]} in=${session[1]}
    if read -r -t 60 -u "$out" ready && printf '%s\n' "$EPOCHREALTIME" >&"$in" &&
        read -r -t 60 -u "$out" ready && [ "$ready" = set ]; then
        return 0
    fi
    warn "$1: its clock could not be set"
    return 1
}

verb_ssh() {
    need_host "${1:-}"
    need_lab
    local words
    ssh_words "$1" words
    exec ip netns exec "$LAB_NETNS" "${words[@]}" "$@"
}

verb_run() {
    [ $# -gt 0 ] || usage_error "run: which command?"
    need_lab
    local checkout build
    checkout=$(dirname "$LAB_DIR")
    build=${CLUSTERCTL_BUILD:-$checkout/build}
    write_inventory "$checkout/inventory/examples/reference.json"
    export PATH="$build:$build/cli:$PATH"
    [ -e "$LAB_STATE/inventory.json" ] && export CLUSTERCTL_INVENTORY="$LAB_STATE/inventory.json"
    export CLUSTERCTL_LAB="$LAB_DIR/lab" CLUSTERCTL_LAB_SSH_CONFIG="$LAB_STATE/ssh_config"
    unset SSH_AUTH_SOCK SSH_AGENT_PID
    exec ip netns exec "$LAB_NETNS" "$@"
}

# The reference inventory with the lab's key and host keys in its ssh settings.
write_inventory() { # REFERENCE
    if [ ! -r "$1" ]; then
        say "no inventory yet: $1 is not there"
        return 0
    fi
    local new
    new=$(mktemp "$LAB_STATE/inventory.XXXXXX")
    jq --arg state "$LAB_STATE" '.ssh = ((.ssh // {}) + {user: "root",
        identity: ($state + "/id_ed25519"), known_hosts: ($state + "/known_hosts")})' "$1" >"$new" || {
        rm -f "$new"
        die "the lab's inventory could not be made of $1"
    }
    chmod 644 "$new"
    mv "$new" "$LAB_STATE/inventory.json"
}

# The lab is there, even if some machines are not.
need_lab() {
    if ! netns_works || [ ! -e "$LAB_STATE/ssh_config" ]; then
        die "the lab is not up" "bring it up with: $LAB_COMMAND up"
    fi
}

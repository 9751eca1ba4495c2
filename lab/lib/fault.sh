# Breaking things: cables, freezes, power. Sourced by lab/lab.
# shellcheck shell=bash

LAB_FAULTS=(link-down link-up freeze thaw power-off power-on reboot)

verb_fault() {
    local hosts=() action='' wait='' argument host
    for argument in "$@"; do
        case $argument in
        all) hosts=("${LAB_HOSTS[@]}") ;;
        --wait) wait=1 ;;
        --kernel=*) LAB_KERNEL=${argument#--kernel=} ;;
        -*) usage_error "fault: unknown option '$argument'" ;;
        *)
            if is_host "$argument"; then
                hosts+=("$argument")
            elif [ -z "$action" ] && [[ " ${LAB_FAULTS[*]} " == *" $argument "* ]]; then
                action=$argument
            else
                usage_error "fault: '$argument' is neither a machine (${LAB_HOSTS[*]}, all) nor a fault (${LAB_FAULTS[*]})"
            fi
            ;;
        esac
    done
    [ "${#hosts[@]}" -gt 0 ] || usage_error "fault: which machine? (${LAB_HOSTS[*]}, all)"
    [ -n "$action" ] || usage_error "fault: which fault? (${LAB_FAULTS[*]})"
    [ -z "${LAB_KERNEL:-}" ] || [ "$action" = power-on ] || usage_error "fault: --kernel goes with power-on"
    need_lab
    lab_lock
    LAB_FAULT=$action
    each_host fault_one "${hosts[@]}" || die "$action failed"
    if [ -n "$wait" ]; then
        # A machine told to reboot answers a moment longer.
        [ "$action" != reboot ] || sleep 5
        each_host wait_for_sshd "${hosts[@]}" || die "not every machine answers"
    fi
}

fault_one() {
    local host=$1
    case $LAB_FAULT in
    power-off) machine_kill "$host"; return ;;
    power-on)
        if machine_running "$host"; then
            say "$host is on already"
        else
            machine_start "$host"
        fi
        return
        ;;
    esac
    machine_running "$host" ||
        { warn "$host is off; start it with: $LAB_COMMAND fault $host power-on"; return 1; }
    case $LAB_FAULT in
    link-down) end_session "$host"; monitor "$host" 'set_link card off' >/dev/null ;;
    link-up) monitor "$host" 'set_link card on' >/dev/null ;;
    freeze) freeze "$host" ;;
    thaw) thaw "$host" ;;
    reboot) end_session "$host"; monitor "$host" system_reset >/dev/null && thaw "$host" ;;
    esac
}

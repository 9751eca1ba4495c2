#pragma once
/*
 * What may manage a host's interface: a row each, with its words, its files and its shell. A row's file
 * is net_*.c; what is the same for all of them is in res_network.c and deadman.c.
 *
 * Shell of `observe`:
 *   stack_files INDEX IFACE PATH     records of the files ("content" of PATH, "file" of others)
 * and of `change`, part of the script that works away from the session; $i is the interface, $a the
 * address, $f our file, $d where the change is kept:
 *   stack_down                       before the files change
 *   stack_read                       the files have changed, and what is live is as wanted already
 *   stack_up new|old                 the files have changed: make them live
 */
#include "base/strbuf.h"
#include "engine/resource.h"

/* `observe` of a row whose only file is ours. */
extern const char net_observe_ours[];
/*
 * Of `change`: ifdown does not take away what it does not know of, so our address with another prefix and
 * the old default route go by hand; other addresses stay.
 */
#define NET_BY_HAND                                                                                \
    "  ip -o -4 addr show dev \"$i\" to \"$a/32\" | while read -r n j k y z; do\n"                  \
    "    ip addr del \"$y\" dev \"$i\"; done\n"                                                     \
    "  while ip -4 route del default dev \"$i\" 2>/dev/null; do :; done\n"

/* A file that is to change: old NULL when it does not exist. */
struct net_change {
    const char *path, *old, *new;
};

struct net_changes {
    struct net_change *v;
    size_t n;
    const char *blocked, *hint; /* why they cannot be made, or NULL */
    struct arena arena;
};

struct net_row {
    const char *title;         /* as people call it; net_stack_names: as a host's look does */
    const char *template;      /* of our file */
    const char *dns_separator; /* between name servers; NULL: each has a line of its own */
    unsigned mode;             /* of a new file */
    const char *observe, *change;
    /* The path of our file; it may be one that is there already and is edited. NULL and an error. */
    const char *(*file)(struct arena *a, const struct facts *f, const char *interface,
                        struct err *e);
    /* Everything that must be written, and what is in the way. */
    void (*find)(struct net_changes *c, const struct resource *want, const struct resource *have);
    /* The text as it may be shown; NULL: as it is. */
    void (*shown)(struct strbuf *out, const char *text);
};

/* NULL: nothing that a static address can be given to. */
const struct net_row *net_row(enum net_stack s);
/* By the values of enum net_stack; ends with NULL. */
extern const char *const net_stack_names[];

/* Shell: facts_network ADDRESS, the records of who manages the interface that holds it. */
extern const char net_facts_functions[];

/* Nothing when old is new. At most one for each file that was observed, and two more. */
void net_change_add(struct net_changes *c, const char *path, const char *old, const char *new);

extern const struct net_row net_ifupdown_row, net_networkd_row, net_netplan_row, net_manager_row, net_manager_ifcfg_row,
    net_scripts_row;
extern const char net_manager_change[]; /* whatever its profiles are written in */

#pragma once
/*
 * Inside firewall*.c: a rule set, read for one packet. Of every chain only the rules that match the
 * packet are kept, so that what is left is to follow the verdicts.
 */
#include "doctor/firewall.h"

enum fw_verdict { FW_NEXT, FW_ACCEPT, FW_DROP, FW_RETURN, FW_JUMP, FW_GOTO };

struct fw_entry {
    enum fw_verdict verdict;
    const char *target; /* of FW_JUMP and FW_GOTO */
    const char *line;
};

struct fw_chain {
    const char *table, *name;
    bool base; /* the packet passes through it by itself */
    enum fw_verdict policy;
    const char *policy_line;
    VEC(struct fw_entry) entries;
};

struct fw_rules {
    const struct exam_host *host;
    const struct packet *packet;
    const char *interface; /* that the packet crosses, or NULL */
    struct arena *arena;
    VEC(struct fw_chain *) chains;
};

/* Each reads its own evidence lines into r->chains. */
void fw_read_nft(struct fw_rules *r);
void fw_read_iptables(struct fw_rules *r, const char *tag);

struct fw_chain *fw_chain(struct fw_rules *r, const char *table,
                          const char *name); /* made if new */
void fw_add(struct fw_chain *c, enum fw_verdict verdict, const char *target, const char *line);

/* "10.1.1.0/24", "10.1.1.1-10.1.1.9", "10.1.1.1"; an unknown address matches nothing. */
bool fw_is_address(const char *spec, const struct ipaddr *a);
/* "80", "1024-65535", "1024:65535" */
bool fw_is_port(const char *spec, unsigned port);
/* "eth0", "eth*", "eth+" */
bool fw_is_interface(const char *spec, const char *name);
/* "tcp", "6", "all" */
bool fw_is_protocol(const char *spec, const char *protocol);
/* "new,established" holds for the first packet of a conversation. */
bool fw_is_state(const char *spec);

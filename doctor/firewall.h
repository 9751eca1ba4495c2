#pragma once
/*
 * What a host's packet filters do with one kind of packet: nftables, iptables over either kernel
 * interface, and ufw and firewalld, which are made of these. A rule that tests what we do not know
 * (rates, marks, sets of other types) counts as not matching, so the answer is to be used where a
 * packet is known not to arrive, to say who drops it.
 */
#include "doctor/rule.h"

/* One that opens a conversation: what is let through as a reply is not looked at. */
struct packet {
    bool leaving;                      /* from this host; else to it */
    const char *protocol;              /* "tcp", "udp", "vrrp" */
    unsigned port;                     /* destination; 0 for vrrp */
    struct ipaddr source, destination; /* family 0: not known */
};

struct fw_drop {
    const char *program; /* "nft", "iptables", "iptables-legacy" */
    const char *table;   /* "inet filter", "filter" */
    const char *chain;   /* "input" */
    const char *line;    /* the rule, or the line with the chain's policy */
    bool policy;         /* no rule, but what a chain does at its end */
};

/* Shell that prints the filters' rules, tags "fw.*": rule_set_host gathers it for everyone. */
void firewall_gather(struct script *s);

/* Whether the host drops or rejects such a packet. Strings live as long as the exam's report. */
bool firewall_drops(struct exam *x, const struct exam_host *h, const struct packet *p,
                    struct fw_drop *out);

/* The line as evidence: "NFS: nft list ruleset: inet filter input: tcp dport 2049 drop". */
void firewall_evidence(struct exam *x, struct finding *f, const struct exam_host *h,
                       const struct fw_drop *d);
/* The command that undoes it: the rule's deletion, or an accept before what drops all else. */
const char *firewall_undo(struct exam *x, const struct exam_host *h, const struct fw_drop *d,
                          const struct packet *p);

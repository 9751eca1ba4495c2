#pragma once
/* What a director says of its keepalived: the file, the journal, the daemon's state. */
#include "doctor/rule.h"

/*
 * Prints, for a director:
 *   keepalived.unit     "ActiveState=active" ... (systemctl show)
 *   keepalived.conf     the file's lines, without comments and indentation; a password is replaced
 *                       by its length ("auth_pass 12 characters"): it never leaves the host
 *   keepalived.mtime    seconds since 1970
 *   keepalived.test     what `keepalived -t` complains about
 *   keepalived.journal  "1795357581.778740 HOST Keepalived_vrrp[616]: ...", the telling lines
 * The last two quote the file: exam_record() puts stars in the place of a password.
 */
void keepalived_gather(struct script *s, const struct host_result *hr);

/* The evidence line of the file that begins with this word, after `after`; NULL: none. */
const struct evidence *conf_line(const struct exam_host *h, const char *word,
                                 const struct evidence *after);
/* What follows the word there, or NULL. */
const char *conf_value(const struct exam_host *h, const char *word);
/* The same as a number; 0 when it is none. */
unsigned conf_number(const struct exam_host *h, const char *word);

/* The newest line of the journal with this text in it (and, if given, this one), or NULL. */
const struct evidence *journal_last(const struct exam_host *h, const char *text, const char *also);
/* Its time, seconds since 1970. */
int64_t journal_time(const struct evidence *line);
/* "LVS-master: Nov 22 15:23:01 Keepalived_vrrp[616]: ..." as evidence. */
void journal_evidence(struct exam *x, struct finding *f, const struct exam_host *h,
                      const struct evidence *line);

/* The daemon runs, as systemd says; unknown counts as yes. */
bool keepalived_runs(const struct exam_host *h);
/* The wish for its file is not met: then a deploy rewrites and reloads, and `f` takes those steps.
 */
bool keepalived_conf_steps(struct exam *x, struct finding *f, const struct exam_host *h);
/* Whether the director holds any VIP on an interface other than lo. */
bool holds_vip(const struct exam *x, const struct host *h);
/* The interface there and the address, for messages; NULL: none. */
const char *held_vip(const struct exam *x, const struct host *h);

/* What fails when the directors disagree about who is master, or nobody is: for `explains`. */
#define MASTERSHIP                                                                                 \
    "*vrrp.single-master", "*vrrp.state", "*vrrp.symmetry", "*vrrp.two-masters",                   \
        "*vrrp.stray-vip", "*arp.vip-owner", "*arp.neighbour", "*http.vip", "*http.distribution"

/* The next director that was asked; NULL: none. */
const struct host *next_director(const struct exam *x, const struct host *after);
/* How many of them hold the VIP. */
unsigned masters(const struct exam *x);
/* Who holds it, as symptoms, and each one's last change of state, as evidence. */
void show_masters(struct exam *x, struct finding *f);

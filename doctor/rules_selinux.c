/*
 * What SELinux has denied to the cluster's programs: the audit log's own lines. An AVC line reads
 *
 *   type=AVC msg=audit(1700000000.123:45): avc:  denied  { read } for  pid=812 comm="nginx"
 *   name="index.html" dev="0:42" ino=12 scontext=system_u:system_r:httpd_t:s0
 *   tcontext=system_u:object_r:nfs_t:s0 tclass=file permissive=0
 */
#include <string.h>

#include "doctor/lines.h"
#include "engine/script.h"

/* An hour: what was denied before may long be mended. The kernel's own log is for hosts without
 * auditd. */
static void gather(struct script *s, const struct host_result *hr)
{
    if (hr->facts.selinux != SELINUX_ENFORCING)
        return;
    script_add(s,
               "{ cat /var/log/audit/audit.log | awk -v now=\"$(date +%s)\" '\n"
               "    /avc: *denied/ && match($0, /audit\\([0-9]+/) &&\n"
               "    substr($0, RSTART + 6, RLENGTH - 6) > now - 3600'\n"
               "  timeout 10 journalctl -q --no-pager -k -o cat --since -1h | grep 'avc: *denied'\n"
               "} | grep -E 'comm=\"(nginx|keepalived|nfsd|rpc\\.|exportfs|mount)' | tail -n 50 |\n"
               "  each selinux.avc\n");
}

struct avc {
    char comm[32], source[64], target[64], class[32];
};

/* NAME=VALUE or NAME="VALUE" with a blank before it; false when it is not there or too long. */
static bool field(const char *line, const char *name, char *out, size_t size)
{
    const char *p = strstr(line, name);
    if (!p)
        return false;
    p += strlen(name);
    p += *p == '"';
    size_t n = strcspn(p, "\" ");
    if (!n || n >= size)
        return false;
    memcpy(out, p, n);
    out[n] = '\0';
    return true;
}

/* The type, third part of "user:role:type:level", in its own place. */
static bool type_of(char *context)
{
    char *p = strchr(context, ':');
    p = p ? strchr(p + 1, ':') : NULL;
    if (!p)
        return false;
    size_t n = strcspn(++p, ":");
    memmove(context, p, n);
    context[n] = '\0';
    return n > 0;
}

/* What a permissive domain was denied it was let do all the same. */
static bool read_avc(const char *line, struct avc *a)
{
    return strstr(line, "denied") && !strstr(line, "permissive=1") &&
           field(line, " comm=", a->comm, sizeof a->comm) &&
           field(line, " scontext=", a->source, sizeof a->source) && type_of(a->source) &&
           field(line, " tcontext=", a->target, sizeof a->target) && type_of(a->target) &&
           field(line, " tclass=", a->class, sizeof a->class);
}

static bool same(const struct avc *a, const struct avc *b)
{
    return !strcmp(a->comm, b->comm) && !strcmp(a->target, b->target);
}

static bool is_nfs(const struct avc *a)
{
    return !strcmp(a->source, "httpd_t") && !strcmp(a->target, "nfs_t");
}

static void denial(struct exam *x, const struct exam_host *h, const struct avc *a)
{
    enum { SHOWN = 5 };
    const struct step *sebool = is_nfs(a) ? exam_step(h, RES_SEBOOL, "httpd_use_nfs") : NULL;
    struct finding *f = found(x, "selinux.denial", h->host, sebool ? REMEDY_DEPLOY : REMEDY_MANUAL);
    size_t n = 0;
    for (const struct evidence *l = NULL; n < SHOWN && (l = exam_line(h, "selinux.avc", l));) {
        struct avc other;
        if (!read_avc(l->text, &other) || !same(a, &other))
            continue;
        finding_evidence(x, f, "%s: audit: %s", h->host->name, l->text);
        n++;
    }
    finding_cause(x, f, "SELinux on %s denies %s (%s) the use of a %s of type %s%s", h->host->name,
                  a->comm, a->source, a->class, a->target,
                  sebool ? ": the boolean httpd_use_nfs is off" : "");
    finding_step(x, f, sebool);
    if (sebool)
        finding_fix(x, f, "clusterctl deploy; by hand on %s: setsebool -P httpd_use_nfs on",
                    h->host->name);
    else if (!strcmp(a->class, "tcp_socket"))
        finding_fix(x, f,
                    "on %s: semanage port -l | grep http_port_t; semanage port -a -t "
                    "http_port_t -p tcp PORT",
                    h->host->name);
    else
        finding_fix(x, f,
                    "on %s: ausearch -m avc -ts recent | audit2why names the boolean or the "
                    "label; restorecon -Rv PATH for a wrong label",
                    h->host->name);
    if (!strcmp(a->comm, "keepalived"))
        finding_explains(x, f, "keepalived.*", h->host);
}

/* Whether an earlier line says the same. */
static bool said(const struct exam_host *h, const struct evidence *until, const struct avc *a)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "selinux.avc", l)) && l != until;) {
        struct avc other;
        if (read_avc(l->text, &other) && same(a, &other))
            return true;
    }
    return false;
}

static void denials(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct exam_host *h = &x->hosts[i];
        for (const struct evidence *l = NULL; (l = exam_line(h, "selinux.avc", l));) {
            struct avc a;
            /* Once the boolean is on, what it denied is past. */
            if (read_avc(l->text, &a) && !said(h, l, &a) &&
                (!is_nfs(&a) || exam_step(h, RES_SEBOOL, "httpd_use_nfs")))
                denial(x, h, &a);
        }
    }
}

static const char *const refused[] = {"http.forbidden",
                                      "http.not-running",
                                      "nfs.not-mounted",
                                      "http.real-server",
                                      "dsr.*",
                                      NO_ANSWER,
                                      "*http.vip",
                                      "*http.distribution",
                                      NULL};

static const struct rule rules[] = {
    {"selinux.denial", "SELinux denying something to nginx, keepalived or NFS", denials, refused},
    {0},
};

const struct rule_set rule_set_selinux = {.subject = "selinux", .gather = gather, .rules = rules};

/*
 * What SELinux denies to the cluster's programs: the audit log's own lines. An AVC line reads
 *
 *   type=AVC msg=audit(1700000000.123:45): avc:  denied  { read } for  pid=812 comm="nginx"
 *   name="index.html" dev="0:42" ino=12 scontext=system_u:system_r:httpd_t:s0
 *   tcontext=system_u:object_r:nfs_t:s0 tclass=file permissive=0
 */
#include <string.h>

#include "doctor/lines.h"
#include "engine/script.h"

/*
 * Does the policy in force still deny what an AVC line says? The kernel tells: selinuxfs' file
 * access takes "SOURCE TARGET CLASS ffffffff" and answers with the permissions that it allows, in
 * hex; class/ has the numbers of classes and permissions. A line that cannot be asked about is
 * kept.
 */
static const char functions[] =
    "still() {\n"
    "  s=${1#* scontext=} t=${1#* tcontext=} c=${1#* tclass=} p=${1#*\\{ } f=/sys/fs/selinux\n"
    "  s=${s%% *} t=${t%% *} c=${c%% *} p=${p%% *} i='' n='' a=''\n"
    "  case $c$p in *[!a-z0-9_]*) return 0 ;; esac\n"
    "  { read -r i <$f/class/$c/index; read -r n <$f/class/$c/perms/$p; } 2>/dev/null\n"
    "  { printf '%s %s %s ffffffff' \"$s\" \"$t\" \"$i\" >&3; read -r a l <&3; } \\\n"
    "    2>/dev/null 3<>$f/access\n"
    "  case $a in '' | *[!0-9a-f]*) return 0 ;; esac\n"
    "  case $n in '' | *[!0-9]*) return 0 ;; esac\n"
    "  [ $((0x$a >> (n - 1) & 1)) = 0 ]\n"
    "}\n";

/* An hour: what was denied before may be nobody's business any more. The kernel's own log is for
 * hosts without auditd. */
static void gather(struct script *s, const struct host_result *hr)
{
    if (hr->facts.selinux != SELINUX_ENFORCING)
        return;
    script_add(s, functions);
    script_add(s,
               "{ cat /var/log/audit/audit.log | awk -v now=\"$(date +%s)\" '\n"
               "    /avc: *denied/ && match($0, /audit\\([0-9]+/) &&\n"
               "    substr($0, RSTART + 6, RLENGTH - 6) > now - 3600'\n"
               "  timeout 10 journalctl -q --no-pager -k -o cat --since -1h | grep 'avc: *denied'\n"
               "} | grep -E 'comm=\"(nginx|keepalived|nfsd|rpc\\.|exportfs|mount)' | tail -n 50 |\n"
               "  while IFS= read -r w; do still \"$w\" && printf '%s\\n' \"$w\"; done |\n"
               "  each selinux.avc\n"
               "cat /sys/fs/selinux/booleans/httpd_use_nfs 2>/dev/null | each selinux.use-nfs\n");
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

/* "CURRENT PENDING", see res_sebool.c. */
static bool use_nfs_is_on(const struct exam_host *h)
{
    const struct evidence *l = exam_line(h, "selinux.use-nfs", NULL);
    return l && l->text[0] == '1';
}

/* In Debian's policy, unlike Red Hat's, httpd_use_nfs is about other types than nfs_t. */
#define READ_NFS_CIL                                                                               \
    "(allow httpd_t nfs_t (dir (getattr open read search))) "                                      \
    "(allow httpd_t nfs_t (file (getattr map open read))) "                                        \
    "(allow httpd_t nfs_t (lnk_file (getattr read)))"

static void fix_nfs(struct exam *x, struct finding *f, const char *host, bool deploy, bool on)
{
    if (!on)
        finding_fix(x, f, "%s %s: setsebool -P httpd_use_nfs on",
                    deploy ? "clusterctl deploy; by hand on" : "on", host);
    else
        finding_fix(x, f,
                    "on %s: echo '" READ_NFS_CIL "' >/root/nginx-nfs.cil && semodule -i "
                    "/root/nginx-nfs.cil",
                    host);
}

static void denial(struct exam *x, const struct exam_host *h, const struct avc *a)
{
    enum { SHOWN = 5 };
    const struct step *sebool = is_nfs(a) ? exam_step(h, RES_SEBOOL, "httpd_use_nfs") : NULL;
    bool on = !sebool && use_nfs_is_on(h);
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
                  !is_nfs(a) ? ""
                  : on       ? ", though the boolean httpd_use_nfs is on"
                             : ": the boolean httpd_use_nfs is off");
    finding_step(x, f, sebool);
    if (is_nfs(a))
        fix_nfs(x, f, h->host->name, sebool != NULL, on);
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
            if (read_avc(l->text, &a) && !said(h, l, &a))
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

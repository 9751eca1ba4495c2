/* The share: exported, let through, mounted, alive, writable, and back after a boot. */
#include <string.h>

#include "base/quote.h"
#include "doctor/nfs.h"
#include "engine/script.h"

static void gather_server(struct script *s, const char *path)
{
    script_add(s, "p=");
    quote_sh(&s->text, path);
    script_add(s, "\nsystemctl show -p Id -p LoadState -p ActiveState -p SubState -p Result "
                  "nfs-server.service | paste -sd ' ' - | each nfs.unit\n"
                  "systemctl is-active -q nfs-server.service ||\n"
                  "  timeout 10 journalctl -q --no-pager -o cat -n 3 -u nfs-server.service | each "
                  "nfs.journal\n"
                  "ss -H -ltn 'sport = :2049' | each nfs.listen\n"
                  "grep -F \"$p\" /var/lib/nfs/etab | tr '\\t' ' ' | each nfs.etab\n"
                  "grep -nF \"$p\" /etc/exports /etc/exports.d/*.exports | each nfs.exports\n"
                  "if [ ! -d \"$p\" ]; then r nfs.dir missing\n"
                  "elif [ ! -w \"$p\" ]; then r nfs.dir read-only; fi\n");
}

const struct host *nfs_server_of(const struct cluster *c)
{
    return c->nfs.export_path ? cluster_next(c, NULL, ROLE_NFS) : NULL;
}

static void gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    const struct host *server = nfs_server_of(c);
    if (server == hr->host)
        gather_server(s, c->nfs.export_path);
    else if (server && hr->host->roles & ROLE_REAL_SERVER)
        nfs_gather_client(s, c->nfs.mount_path, server);
}

const struct exam_host *nfs_server_asked(const struct exam *x)
{
    const struct host *h = nfs_server_of(x->cluster);
    const struct exam_host *e = h ? exam_host(x, h) : NULL;
    return e && e->result->reached && e->asked ? e : NULL;
}

bool nfs_serves(const struct exam_host *server)
{
    const struct evidence *unit = exam_line(server, "nfs.unit", NULL);
    /* Not to be told by systemd counts as yes, where somebody listens. */
    return exam_line(server, "nfs.listen", NULL) &&
           (!unit || strstr(unit->text, "ActiveState=active"));
}

static void server_down(struct exam *x)
{
    const struct exam_host *h = nfs_server_asked(x);
    if (!h || nfs_serves(h))
        return;
    struct finding *f = found(x, "nfs.server-down", h->host, REMEDY_MANUAL);
    finding_cause(x, f, "the NFS server on %s does not run", h->host->name);
    add_lines(x, f, h, "nfs.unit", "systemctl show nfs-server");
    add_lines(x, f, h, "nfs.journal", "journalctl -u nfs-server");
    if (!exam_line(h, "nfs.listen", NULL))
        finding_evidence(x, f, "%s: ss -ltn: nobody listens on tcp/%d", h->host->name, NFS_PORT);
    if (take_steps(x, f, h, RES_SERVICE, "nfs-"))
        f->remedy = REMEDY_DEPLOY;
    take_steps(x, f, h, RES_EXPORT,
               x->cluster->nfs.export_path); /* stopping it empties the table */
    finding_fix(x, f, "clusterctl deploy; by hand on %s: systemctl start nfs-server",
                h->host->name);
}

/* "/nfs/web 10.1.1.132(rw,sync,...)": the line that is for this client, or NULL. */
static const char *etab_line(const struct exam_host *server, const char *path,
                             const struct ipaddr *client)
{
    const size_t n = strlen(path);
    char own[IPADDR_STRLEN];
    ipaddr_str(client, own);
    for (const struct evidence *l = NULL; (l = exam_line(server, "nfs.etab", l));) {
        const char *who = l->text + n;
        if (strncmp(l->text, path, n) != 0 || *who != ' ')
            continue;
        who += strspn(who, " ");
        size_t k = strcspn(who, "(");
        if ((k == 1 && *who == '*') || (k == strlen(own) && !strncmp(who, own, k)))
            return l->text;
    }
    return NULL;
}

/* The finding's fix is a deploy when the plan of the exports repairs it. */
static void repair_exports(struct exam *x, struct finding *f, const struct exam_host *h)
{
    bool table = take_steps(x, f, h, RES_EXPORT, x->cluster->nfs.export_path);
    bool file = take_steps(x, f, h, RES_BLOCK, "/etc/exports");
    if (table || file)
        f->remedy = REMEDY_DEPLOY;
    finding_fix(x, f,
                "clusterctl deploy; by hand on %s: put the line into /etc/exports, exportfs -ra",
                h->host->name);
}

static void not_exported(struct exam *x)
{
    const struct exam_host *server = nfs_server_asked(x);
    const char *path = x->cluster->nfs.export_path;
    struct finding *f = NULL;
    autosb struct strbuf who = {0};
    for (const struct host *h = NULL;
         server && (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));)
        if (!etab_line(server, path, &h->address))
            sb_addf(&who, "%s%s", who.len ? ", " : "", h->name);
    if (!server || (!who.len && !exam_line(server, "nfs.dir", NULL)))
        return;
    const struct evidence *dir = exam_line(server, "nfs.dir", NULL);
    bool missing = dir && !strcmp(dir->text, "missing");
    if (!who.len && !missing)
        return;
    f = found(x, "nfs.not-exported", server->host, REMEDY_MANUAL);
    if (missing)
        finding_cause(x, f, "%s is exported, but does not exist on %s", path, server->host->name);
    else
        finding_cause(x, f, "%s does not export %s to %s", server->host->name, path, sb_str(&who));
    add_lines(x, f, server, "nfs.etab", "/var/lib/nfs/etab");
    if (!exam_line(server, "nfs.etab", NULL))
        finding_evidence(x, f, "%s: exportfs -v: nothing about %s", server->host->name, path);
    add_lines(x, f, server, "nfs.exports", "grep -n");
    if (missing)
        take_steps(x, f, server, RES_DIR, path);
    repair_exports(x, f, server);
}

/* "10.1.1.132(rw,...)": whether that is one of the real servers, by its own address. */
static bool is_real_server(const struct cluster *c, const char *client)
{
    char own[IPADDR_STRLEN];
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));) {
        ipaddr_str(&h->address, own);
        size_t n = strlen(own);
        if (!strncmp(client, own, n) && client[n] == '(')
            return true;
    }
    return false;
}

static void exported_wide(struct exam *x)
{
    const struct exam_host *server = nfs_server_asked(x);
    const char *path = x->cluster->nfs.export_path;
    struct finding *f = NULL;
    for (const struct evidence *l = NULL; server && (l = exam_line(server, "nfs.etab", l));) {
        const char *who = l->text + strlen(path);
        if (strncmp(l->text, path, strlen(path)) != 0 || *who != ' ' ||
            is_real_server(x->cluster, who + strspn(who, " ")))
            continue;
        if (!f)
            f = found(x, "nfs.exported-wide", server->host, REMEDY_MANUAL);
        finding_evidence(x, f, "%s: /var/lib/nfs/etab: %s", server->host->name, l->text);
    }
    if (!f)
        return;
    finding_cause(x, f, "%s exports %s to others than the real servers", server->host->name, path);
    add_lines(x, f, server, "nfs.exports", "grep -n");
    take_steps(x, f, server, RES_EXPORT, path);
    finding_fix(x, f,
                "on %s: take the line that is not clusterctl's out of /etc/exports or "
                "/etc/exports.d, then exportfs -ra (exportfs -u CLIENT:%s if no file has it)",
                server->host->name, path);
}

static void exported_ro(struct exam *x, const struct exam_host *server)
{
    struct finding *f = NULL;
    const struct evidence *dir = exam_line(server, "nfs.dir", NULL);
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER));) {
        const char *line = etab_line(server, x->cluster->nfs.export_path, &h->address);
        if (!line || !nfs_has_option(line + strcspn(line, "(") + (strchr(line, '(') != NULL), "ro"))
            continue;
        if (!f)
            f = found(x, "nfs.read-only", server->host, REMEDY_MANUAL);
        finding_evidence(x, f, "%s: /var/lib/nfs/etab: %s", server->host->name, line);
    }
    if (f) {
        finding_cause(x, f, "%s exports the share read-only; the inventory wants rw",
                      server->host->name);
        add_lines(x, f, server, "nfs.exports", "grep -n");
        repair_exports(x, f, server);
    } else if (dir && !strcmp(dir->text, "read-only")) {
        f = found(x, "nfs.read-only", server->host, REMEDY_MANUAL);
        finding_cause(x, f, "the file system of %s on %s is read-only", x->cluster->nfs.export_path,
                      server->host->name);
        finding_evidence(x, f, "%s: test -w %s: not writable even for root", server->host->name,
                         x->cluster->nfs.export_path);
        finding_fix(x, f,
                    "on %s: dmesg tells why (errors=remount-ro?); fsck, then mount -o remount,rw",
                    server->host->name);
    }
}

static void read_only(struct exam *x)
{
    const struct nfs *nfs = &x->cluster->nfs;
    const struct exam_host *server = nfs_server_asked(x);
    if (server && nfs_has_option(nfs->export_options, "rw"))
        exported_ro(x, server);
    nfs_mounted_read_only(x);
}

/* What one sees of a share that is not there, anywhere; and on the one host that has lost it. */
#define SEEN_BY_CLIENTS                                                                            \
    NO_ANSWER, "*dsr.*", "*nginx.*", "*http.real-server", "*http.vip", "*http.distribution"
static const char *const no_server[] = {
    "*nfs.stale",       "*nfs.not-mounted", "*nfs.firewalled", "*nfs.shared",   "*nfs.mount",
    "nfs.not-exported", "*http.forbidden",  "*http.hangs",     SEEN_BY_CLIENTS, NULL};
static const char *const no_mount[] = {"nfs.stale",  "nfs.shared",    "nfs.mount", "http.forbidden",
                                       "http.hangs", SEEN_BY_CLIENTS, NULL};

static const char *const seen_in_mount[] = {"nfs.mount", "nfs.shared", NULL};
static const char *const seen_at_boot[] = {"boot.*", NULL};

static const struct rule rules[] = {
    {"nfs.server-down", "an NFS server that does not run", server_down, no_server},
    {"nfs.not-exported", "a share that is not exported to a real server", not_exported, no_server},
    {"nfs.exported-wide", "a share that others than the real servers may mount", exported_wide,
     NULL},
    {"nfs.firewalled", "NFS that a firewall drops", nfs_firewalled, no_server},
    {"nfs.mounted-elsewhere", "something else mounted in the place of the share",
     nfs_mounted_elsewhere, no_mount},
    {"nfs.not-mounted", "a share that is not mounted", nfs_not_mounted, no_mount},
    {"nfs.stale", "a mount that does not answer or is stale", nfs_stale, no_mount},
    {"nfs.read-only", "a share that is exported or mounted read-only", read_only, seen_in_mount},
    {"nfs.not-in-fstab", "a mount that will not be back after a boot", nfs_not_in_fstab,
     seen_at_boot},
    {0},
};

const struct rule_set rule_set_nfs = {.subject = "nfs", .gather = gather, .rules = rules};

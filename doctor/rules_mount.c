/* The share as the real servers have it: reached, mounted, alive, writable, back after a boot. */
#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "doctor/firewall.h"
#include "doctor/nfs.h"
#include "engine/paths.h"
#include "engine/script.h"

/* Everything that touches the mount goes under a time limit: a dead server lets it wait for ever.
 */
void nfs_gather_client(struct script *s, const char *path, const struct host *server)
{
    char buf[IPADDR_STRLEN];
    script_add(s, "p=");
    quote_sh(&s->text, path);
    script_addf(s,
                "\ne=$(timeout -s KILL 4 bash -c 'exec 3<>\"/dev/tcp/$0/%d\"' %s 2>&1)\n"
                "case $? in 0) r nfs.tcp ok ;; 137) r nfs.tcp timed out ;; 126 | 127) ;;\n"
                "*) r nfs.tcp \"${e##*: }\" ;; esac\n",
                NFS_PORT, ipaddr_str(&server->address, buf));
    script_add(
        s, "grep -F \" $p \" /proc/self/mountinfo | each nfs.mount\n"
           "grep -nF \"$p\" /etc/fstab | each nfs.fstab\n"
           "e=$(timeout -s KILL 5 " STAT_SHARE_SH " \"$p\" 2>&1 >/dev/null)\n"
           "case $? in 0) r nfs.stat ok ;; 137) r nfs.stat no answer within 5 s ;;\n"
           "*) r nfs.stat \"$e\" ;; esac\n"
           "grep -qF \" $p \" /proc/self/mountinfo || timeout 10 journalctl -q --no-pager -b \\\n"
           "  -o cat -n 3 -u \"$(systemd-escape -p --suffix=mount \"$p\")\" | each nfs.journal\n");
}

/* The next real server whose answer is there. */
static const struct exam_host *next_client(const struct exam *x, const struct exam_host *after)
{
    const struct host *h = after ? after->host : NULL;
    while (nfs_server_of(x->cluster) && (h = cluster_next(x->cluster, h, ROLE_REAL_SERVER)))
        if (exam_host(x, h)->result->reached && exam_host(x, h)->asked)
            return exam_host(x, h);
    return NULL;
}

static bool says_ok(const struct evidence *l)
{
    return !l || !strcmp(l->text, "ok");
}

/* Somebody on the way whose rules we do not see. */
static void lost_on_the_way(struct exam *x, const struct exam_host *client,
                            const struct exam_host *server, const struct evidence *tcp)
{
    struct finding *f = found(x, "nfs.firewalled", client->host, REMEDY_MANUAL);
    finding_cause(x, f,
                  "%s does not get through to tcp/%d of %s, which listens; no rule of either that "
                  "we can read drops it",
                  client->host->name, NFS_PORT, server->host->name);
    finding_evidence(x, f, "%s: connect to %s tcp/%d: %s", client->host->name, server->host->name,
                     NFS_PORT, tcp->text);
    finding_fix(x, f,
                "look for a packet filter between the two (a switch, a security group), and "
                "at nft list ruleset and iptables -L -v on both");
}

/* The finding of the host whose filter drops it: one for all the clients that it shuts out. */
static void blame_filter(struct exam *x, struct finding **of_server, const struct exam_host *at,
                         const struct fw_drop *drop, const struct packet *p)
{
    struct finding *f = p->leaving ? NULL : *of_server;
    if (f)
        return;
    const struct step *step = exam_step(at, RES_FIREWALL, NULL);
    bool deploy = step && !step->blocked;
    f = found(x, "nfs.firewalled", at->host, deploy ? REMEDY_DEPLOY : REMEDY_MANUAL);
    finding_cause(x, f, "the firewall of %s drops NFS (tcp/%d) %s", at->host->name, NFS_PORT,
                  p->leaving ? "on its way out" : "from the real servers");
    firewall_evidence(x, f, at, drop);
    finding_step(x, f, step);
    finding_fix(x, f, "%son %s: %s", deploy ? "clusterctl deploy lets it through; by hand " : "",
                at->host->name, firewall_undo(x, at, drop, p));
    if (!p->leaving)
        *of_server = f;
}

void nfs_firewalled(struct exam *x)
{
    const struct exam_host *server = nfs_server_asked(x);
    struct finding *of_server = NULL;
    if (!server || !nfs_serves(server))
        return;
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const struct evidence *tcp = exam_line(h, "nfs.tcp", NULL);
        struct packet p = {.protocol = "tcp",
                           .port = NFS_PORT,
                           .source = h->host->address,
                           .destination = server->host->address};
        struct fw_drop drop;
        if (says_ok(tcp))
            continue;
        const struct exam_host *at = firewall_drops(x, server, &p, &drop) ? server : NULL;
        if (!at) {
            p.leaving = true;
            at = firewall_drops(x, h, &p, &drop) ? h : NULL;
        }
        if (at)
            blame_filter(x, &of_server, at, &drop, &p);
        else
            lost_on_the_way(x, h, server, tcp);
        if (at == server && of_server)
            finding_evidence(x, of_server, "%s: connect to %s tcp/%d: %s", h->host->name,
                             server->host->name, NFS_PORT, tcp->text);
    }
}

static const struct step *mount_step(const struct exam *x, const struct exam_host *h)
{
    return exam_step(h, RES_MOUNT, x->cluster->nfs.mount_path);
}

void nfs_mounted_elsewhere(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const struct step *s = mount_step(x, h);
        if (!s || !s->have->mount.source ||
            (!strcmp(s->have->mount.source, s->want->mount.source) &&
             !strncmp(s->have->mount.fstype, "nfs", 3)))
            continue;
        struct finding *f = found(x, "nfs.mounted-elsewhere", h->host, REMEDY_DEPLOY);
        finding_cause(x, f, "%s has %s (%s) mounted at %s, not %s", h->host->name,
                      s->have->mount.source, s->have->mount.fstype, s->want->key,
                      s->want->mount.source);
        add_lines(x, f, h, "nfs.mount", "/proc/self/mountinfo");
        add_lines(x, f, h, "nfs.fstab", "grep -n /etc/fstab");
        finding_step(x, f, s);
        finding_step(x, f, exam_step(h, RES_BLOCK, "/etc/fstab"));
        finding_fix(x, f, "clusterctl deploy; by hand on %s: umount %s, then mount %s",
                    h->host->name, s->want->key, s->want->key);
    }
}

/* A line of fstab, no remark, whose second field is the path: "3:10.1.1.134:/nfs/web /mnt nfs ..."
 */
static const struct evidence *fstab_entry(const struct exam_host *h, const char *path)
{
    for (const struct evidence *l = NULL; (l = exam_line(h, "nfs.fstab", l));) {
        const char *colon = strchr(l->text, ':');
        autofree char *copy = xstrdup(colon ? colon + 1 : "");
        char *rest = copy;
        const char *source = parse_word(&rest), *where = parse_word(&rest);
        if (source && *source != '#' && where && !strcmp(where, path))
            return l;
    }
    return NULL;
}

void nfs_not_mounted(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const struct step *s = mount_step(x, h);
        if (!s || s->have->mount.source)
            continue;
        const struct evidence *entry = fstab_entry(h, s->want->key);
        struct finding *f = found(x, "nfs.not-mounted", h->host, REMEDY_DEPLOY);
        finding_cause(x, f, "%s does not have the share mounted at %s", h->host->name,
                      s->want->key);
        finding_evidence(x, f, "%s: /proc/self/mountinfo: nothing on %s", h->host->name,
                         s->want->key);
        if (entry)
            finding_evidence(x, f, "%s: grep -n /etc/fstab: %s", h->host->name, entry->text);
        else
            finding_evidence(x, f, "%s: /etc/fstab: no line for %s", h->host->name, s->want->key);
        add_lines(x, f, h, "nfs.journal", "journalctl -b of its mount unit");
        finding_step(x, f, s);
        finding_step(x, f, exam_step(h, RES_BLOCK, "/etc/fstab"));
        finding_fix(x, f, "clusterctl deploy; by hand on %s: mount %s", h->host->name,
                    s->want->key);
    }
}

void nfs_stale(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const struct step *s = mount_step(x, h);
        const struct evidence *stat = exam_line(h, "nfs.stat", NULL);
        bool estale = stat && strstr(stat->text, "Stale file handle");
        bool mute = stat && strstr(stat->text, "no answer");
        if (!(s && s->have->mount.source && s->have->mount.stale) && !estale && !mute)
            continue;
        struct finding *f =
            found(x, "nfs.stale", h->host, s && !s->blocked ? REMEDY_DEPLOY : REMEDY_MANUAL);
        finding_cause(x, f,
                      estale
                          ? "the mount of %s is stale (ESTALE): the server no longer knows the "
                            "directory that was mounted; it was replaced, or its file system"
                          : "the mount of %s does not answer, though nothing we see keeps it from "
                            "its server",
                      h->host->name);
        if (stat)
            finding_evidence(x, f, "%s: stat %s: %s", h->host->name, x->cluster->nfs.mount_path,
                             stat->text);
        add_lines(x, f, h, "nfs.mount", "/proc/self/mountinfo");
        finding_step(x, f, s);
        finding_fix(x, f, "clusterctl deploy; by hand on %s: umount -l %s && mount %s",
                    h->host->name, x->cluster->nfs.mount_path, x->cluster->nfs.mount_path);
    }
}

/* mountinfo's 6th field: "36 35 0:42 / /var/www/html/shared ro,relatime shared:1 - nfs4 ..." */
static bool mounted_ro(const char *line)
{
    autofree char *copy = xstrdup(line);
    char *rest = copy, *word = NULL;
    for (int i = 0; i < 6; i++)
        word = parse_word(&rest);
    return word && nfs_has_option(word, "ro");
}

void nfs_mounted_read_only(struct exam *x)
{
    const struct nfs *nfs = &x->cluster->nfs;
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const struct evidence *l = exam_line(h, "nfs.mount", NULL);
        if (!l || !mounted_ro(l->text) || nfs_has_option(nfs->mount_options, "ro"))
            continue;
        struct finding *f = found(x, "nfs.read-only", h->host, REMEDY_MANUAL);
        finding_cause(x, f, "%s has the share mounted read-only at %s", h->host->name,
                      nfs->mount_path);
        finding_evidence(x, f, "%s: /proc/self/mountinfo: %s", h->host->name, l->text);
        add_lines(x, f, h, "nfs.fstab", "grep -n /etc/fstab");
        finding_fix(x, f, "on %s: mount -o remount,rw %s", h->host->name, nfs->mount_path);
    }
}

void nfs_not_in_fstab(struct exam *x)
{
    for (const struct exam_host *h = NULL; (h = next_client(x, h));) {
        const char *path = x->cluster->nfs.mount_path;
        const struct step *s = exam_step(h, RES_BLOCK, "/etc/fstab");
        if (!exam_line(h, "nfs.mount", NULL) || fstab_entry(h, path))
            continue;
        struct finding *f =
            found(x, "nfs.not-in-fstab", h->host, s && !s->blocked ? REMEDY_DEPLOY : REMEDY_MANUAL);
        finding_cause(x, f,
                      "%s is mounted on %s but not in its /etc/fstab: it will not be back "
                      "after a boot",
                      path, h->host->name);
        add_lines(x, f, h, "nfs.mount", "/proc/self/mountinfo");
        finding_evidence(x, f, "%s: /etc/fstab: no line for %s", h->host->name, path);
        finding_step(x, f, s);
        finding_fix(x, f, "clusterctl deploy writes the line");
    }
}

/* What ails a machine whatever its role: its clock, disks, packages, and units that a boot forgets.
 */
#include <string.h>

#include "base/parse.h"
#include "doctor/firewall.h"
#include "engine/script.h"

/*
 * timesyncd and chrony keep a clock within 0.1 s; seconds mean that nothing keeps it. From there on
 * the logs of two hosts can not be laid side by side, and times of files on the share mislead.
 */
static const int64_t CLOCK_LIMIT_US = 5 * 1000000;
/* As df rounds: what is left of 99 % is gone with the next log line. */
enum { DISK_FULL_PERCENT = 99 };

/* One line a unit: "Id=nginx.service ActiveState=active UnitFileState=disabled". */
static void gather_units(struct script *s, const struct catalog *c)
{
    script_add(s, "systemctl show -p Id -p ActiveState -p UnitFileState --");
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->type == RES_SERVICE && !c->list.v[i]->gone)
            script_arg(s, c->list.v[i]->key);
    script_add(s, " | awk 'BEGIN { RS = \"\" } { $1 = $1; print }' | each host.unit\n");
}

static void gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    firewall_gather(s);
    gather_units(s, &hr->catalog);
    /* A dead NFS server hangs df, which may look at every mount: local paths, and a time limit. */
    script_add(s, "set -- / /var /var/log /tmp");
    if (hr->host->roles & ROLE_NFS && c->nfs.export_path)
        script_arg(s, c->nfs.export_path);
    script_add(
        s, "\ntimeout -s KILL 5 df -P \"$@\" | sed 1d | each host.df\n"
           "timeout -s KILL 5 df -Pi \"$@\" | sed 1d | each host.dfi\n"
           "systemctl is-active systemd-timesyncd chrony chronyd ntp ntpd ntpsec openntpd |\n"
           "  grep -x active | each host.timed\n"
           "[ -r /var/lib/dpkg/status ] && awk '/^Package:/ { p = $2 }\n"
           "  /^Status:/ && ($3 != \"ok\" || $4 ~ /^(half-|unpacked)/) { print p \": \" $0 }' \\\n"
           "  /var/lib/dpkg/status | each host.dpkg\n");
}

static int64_t absolute(int64_t v)
{
    return v < 0 ? -v : v;
}

/* Beyond the limit even when the measurement erred as much as it can. */
static bool skewed(const struct exam_host *h, int64_t base)
{
    return absolute(h->clock_offset_us - base) - absolute(h->clock_error_us) > CLOCK_LIMIT_US;
}

static void say_clock(struct exam *x, struct finding *f, const struct exam_host *h)
{
    finding_evidence(x, f, "%s: date: %+.3f s from this machine's clock (known to %.3f s)",
                     h->host->name, (double)h->clock_offset_us / 1e6,
                     (double)absolute(h->clock_error_us) / 1e6);
}

/* The offset that more than half of the hosts share: then it is this machine's clock that is off.
 */
static const struct exam_host *shared_offset(const struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        size_t same = 0, known = 0;
        for (size_t k = 0; k < x->n_hosts; k++) {
            known += x->hosts[k].clock_known;
            same += x->hosts[k].clock_known && !skewed(&x->hosts[k], x->hosts[i].clock_offset_us);
        }
        if (x->hosts[i].clock_known && same >= 2 && same * 2 > known)
            return &x->hosts[i];
    }
    return NULL;
}

static void clock_skew(struct exam *x)
{
    const struct exam_host *most = shared_offset(x);
    bool ours = most && skewed(most, 0);
    int64_t base = ours ? most->clock_offset_us : 0;
    if (ours) {
        struct finding *f = found(x, "host.clock-skew", NULL, REMEDY_MANUAL);
        finding_cause(x, f,
                      "the clock of the machine that runs clusterctl is %.1f s from that of "
                      "most hosts: it is this machine's that is wrong",
                      (double)absolute(base) / 1e6);
        for (size_t i = 0; i < x->n_hosts; i++)
            if (x->hosts[i].clock_known)
                say_clock(x, f, &x->hosts[i]);
        finding_fix(x, f, "set this machine's clock, and let a time daemon keep it");
    }
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct exam_host *h = &x->hosts[i];
        if (!h->clock_known || !skewed(h, base))
            continue;
        int64_t off = h->clock_offset_us - base;
        bool kept = exam_line(h, "host.timed", NULL);
        struct finding *f = found(x, "host.clock-skew", h->host, REMEDY_MANUAL);
        finding_cause(x, f, "the clock of %s is %.1f s %s (more than %d s is too much)%s",
                      h->host->name, (double)absolute(off) / 1e6, off < 0 ? "behind" : "ahead",
                      (int)(CLOCK_LIMIT_US / 1000000),
                      kept ? "" : ", and no time daemon runs there");
        say_clock(x, f, h);
        if (!kept)
            finding_evidence(x, f,
                             "%s: systemctl is-active systemd-timesyncd chrony ntp ...: none is",
                             h->host->name);
        finding_fix(x, f,
                    kept ? "on %s: does the time daemon reach its servers? timedatectl "
                           "timesync-status, or chronyc sources; then chronyc makestep"
                         : "on %s: apt-get install systemd-timesyncd (or chrony) and give it a "
                           "server that it can reach",
                    h->host->name);
    }
}

/* "/dev/vda 2030396 2013628 0 100% /" */
struct df {
    const char *mount;
    uint64_t percent;
};

static bool read_df(char *line, struct df *out)
{
    char *words[6];
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (!(words[i] = parse_word(&line)))
            return false;
    words[4][strcspn(words[4], "%")] = '\0';
    out->mount = words[5];
    return parse_u64(words[4], 0, 100, &out->percent); /* "-": it does not count them */
}

static void full_disks(struct exam *x, const struct exam_host *h, const char *tag,
                       const char *command, const char *what)
{
    autosb struct strbuf seen = {0};
    for (const struct evidence *l = NULL; (l = exam_line(h, tag, l));) {
        struct df df;
        autofree char *copy = xstrdup(l->text);
        if (!read_df(copy, &df) || df.percent < DISK_FULL_PERCENT)
            continue;
        autosb struct strbuf mark = {0};
        sb_addf(&mark, "\n%s\n", df.mount);
        if (strstr(sb_str(&seen), sb_str(&mark)))
            continue; /* two of our paths on one file system */
        sb_add(&seen, sb_str(&mark));
        struct finding *f = found(x, "host.disk-full", h->host, REMEDY_MANUAL);
        finding_cause(x, f, "%s has no %s left on %s: logs, package runs and deploys fail there",
                      h->host->name, what, df.mount);
        finding_evidence(x, f, "%s: %s: %s", h->host->name, command, l->text);
        finding_fix(x, f,
                    "on %s: make room; du -xk %s | sort -n | tail shows where it went (journalctl "
                    "--vacuum-size=100M, apt-get clean)",
                    h->host->name, df.mount);
    }
}

static void disk_full(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        full_disks(x, &x->hosts[i], "host.df", "df -P", "space");
        full_disks(x, &x->hosts[i], "host.dfi", "df -Pi", "inodes");
    }
}

static void say_unit(struct exam *x, struct finding *f, const struct exam_host *h, const char *unit)
{
    autosb struct strbuf id = {0};
    sb_addf(&id, "Id=%s ", unit);
    for (const struct evidence *l = NULL; (l = exam_line(h, "host.unit", l));)
        if (!strncmp(l->text, sb_str(&id), id.len))
            finding_evidence(x, f, "%s: systemctl show: %s", h->host->name, l->text);
}

/* Active now, gone after the next boot: the one thing that nobody sees until then. */
static void not_enabled(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct exam_host *h = &x->hosts[i];
        const struct plan *p = &h->result->plan;
        for (size_t k = 0; h->result->reached && k < p->steps.n; k++) {
            const struct step *s = &p->steps.v[k];
            if (s->want->type != RES_SERVICE || !s->have->service.active ||
                s->have->service.enabled)
                continue;
            struct finding *f = found(x, "host.unit-not-enabled", h->host, REMEDY_DEPLOY);
            finding_cause(x, f,
                          "%s runs on %s but is not enabled: it will not be back after a boot",
                          s->want->key, h->host->name);
            say_unit(x, f, h, s->want->key);
            finding_step(x, f, s);
            finding_fix(x, f, "clusterctl deploy; by hand on %s: systemctl enable %s",
                        h->host->name, s->want->key);
        }
    }
}

static void packages(struct exam *x)
{
    for (size_t i = 0; i < x->n_hosts; i++) {
        const struct exam_host *h = &x->hosts[i];
        struct finding *f = NULL;
        for (const struct evidence *l = NULL; (l = exam_line(h, "host.dpkg", l));) {
            if (!f)
                f = found(x, "host.packages-broken", h->host, REMEDY_MANUAL);
            finding_evidence(x, f, "%s: /var/lib/dpkg/status: %s", h->host->name, l->text);
        }
        if (!f)
            continue;
        finding_cause(x, f, "an installation on %s was cut short: packages are half configured",
                      h->host->name);
        finding_fix(x, f, "on %s: dpkg --configure -a, then apt-get -f install", h->host->name);
    }
}

static const char *const seen_at_boot[] = {"boot.*", NULL};

static const struct rule rules[] = {
    {"host.disk-full", "a file system without space or inodes left", disk_full, NULL},
    {"host.clock-skew", "a clock more than 5 s from the others'", clock_skew, NULL},
    {"host.unit-not-enabled", "a service that runs and will not be back after a boot", not_enabled,
     seen_at_boot},
    {"host.packages-broken", "an installation that was cut short", packages, NULL},
    {0},
};

const struct rule_set rule_set_host = {.subject = "host", .gather = gather, .rules = rules};

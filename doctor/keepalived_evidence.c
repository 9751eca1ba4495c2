#include "doctor/keepalived_evidence.h"

#include <string.h>
#include <time.h>

#include "base/parse.h"
#include "engine/script.h"

void keepalived_gather(struct script *s, const struct host_result *hr)
{
    if (!(hr->host->roles & ROLE_DIRECTOR))
        return;
    /*
     * A version mismatch fills the journal ten times a second: look back far, and pick. So does a
     * stranger that is not heeded: its last line will do.
     */
    script_add(
        s, "u=keepalived.service f=/etc/keepalived/keepalived.conf\n"
           "timeout 10 systemctl show -p ActiveState -p SubState -p Result -p LoadState "
           "-p UnitFileState $u | each keepalived.unit\n"
           "if [ -r $f ]; then\n"
           "  awk '{ sub(/[#!].*/, \"\") } NF == 0 { next }\n"
           "    $1 == \"auth_pass\" { print \"auth_pass\", length($2), \"characters\"; next }\n"
           "    { $1 = $1; print }' $f | each keepalived.conf\n"
           "  stat -c %Y $f | each keepalived.mtime\n"
           "  timeout 10 keepalived -t 2>&1 | each keepalived.test\n"
           "fi\n"
           "timeout 20 journalctl -q --no-pager -b -o short-unix -n 3000 -u $u |\n"
           "  awk '/not a unicast peer/ { last = $0; next }\n"
           "    /STATE|Configuration file|[Tt]runcat|nknown keyword|advert|rror|ail|xited|"
           "wrong|not (supported|valid)|nvalid|Starting Keepalived|Stopp|VRID|kill/\n"
           "    END { if (last) print last }' |\n"
           "  tail -n 300 | each keepalived.journal\n");
}

const struct evidence *conf_line(const struct exam_host *h, const char *word,
                                 const struct evidence *after)
{
    size_t n = strlen(word);
    while ((after = exam_line(h, "keepalived.conf", after)))
        if (!strncmp(after->text, word, n) && (!after->text[n] || after->text[n] == ' '))
            return after;
    return NULL;
}

const char *conf_value(const struct exam_host *h, const char *word)
{
    const struct evidence *l = conf_line(h, word, NULL);
    const char *v = l ? l->text + strlen(word) : NULL;
    return v ? v + strspn(v, " ") : NULL;
}

unsigned conf_number(const struct exam_host *h, const char *word)
{
    const char *v = conf_value(h, word);
    uint64_t n = 0;
    return v && parse_u64(v, 0, UINT32_MAX, &n) ? (unsigned)n : 0;
}

const struct evidence *journal_last(const struct exam_host *h, const char *text, const char *also)
{
    const struct evidence *last = NULL;
    for (const struct evidence *l = NULL; (l = exam_line(h, "keepalived.journal", l));)
        if (strstr(l->text, text) && (!also || strstr(l->text, also)))
            last = l;
    return last;
}

int64_t journal_time(const struct evidence *line)
{
    char digits[20];
    uint64_t seconds = 0;
    size_t n = strcspn(line->text, ".");
    if (n >= sizeof digits)
        return 0;
    memcpy(digits, line->text, n);
    digits[n] = '\0';
    return parse_u64(digits, 0, INT64_MAX, &seconds) ? (int64_t)seconds : 0;
}

void journal_evidence(struct exam *x, struct finding *f, const struct exam_host *h,
                      const struct evidence *line)
{
    char when[32] = "";
    time_t at = (time_t)journal_time(line);
    struct tm tm;
    if (at && gmtime_r(&at, &tm))
        strftime(when, sizeof when, "%F %TZ ", &tm);
    const char *text = strchr(line->text, ' '); /* behind the time, and the host's own name */
    text = text ? strchr(text + 1, ' ') : NULL;
    finding_evidence(x, f, "%s: journal: %s%s", h->host->name, when, text ? text + 1 : line->text);
}

bool keepalived_runs(const struct exam_host *h)
{
    const struct evidence *l = NULL;
    while ((l = exam_line(h, "keepalived.unit", l)))
        if (!strncmp(l->text, "ActiveState=", 12))
            return !strcmp(l->text + 12, "active") || !strcmp(l->text + 12, "reloading");
    return true;
}

bool keepalived_conf_steps(struct exam *x, struct finding *f, const struct exam_host *h)
{
    const struct step *file = exam_step(h, RES_FILE, "/etc/keepalived/keepalived.conf");
    const struct step *service = exam_step(h, RES_SERVICE, "keepalived.service");
    if (!file || file->blocked)
        return false;
    finding_step(x, f, file);
    finding_step(x, f, service);
    return true;
}

const char *held_vip(const struct exam *x, const struct host *h)
{
    const struct live_host *lh = &x->live.hosts[h->index_in_cluster];
    char text[IPADDR_STRLEN];
    for (size_t i = 0; i < x->cluster->n_vips; i++) {
        const struct live_iface *f = live_off_lo(lh, &x->cluster->vips[i]);
        if (f)
            return arena_printf(&x->report->arena, "%s on %s",
                                ipaddr_str(&x->cluster->vips[i], text), f->name);
    }
    return NULL;
}

bool holds_vip(const struct exam *x, const struct host *h)
{
    return held_vip(x, h) != NULL;
}

const struct host *next_director(const struct exam *x, const struct host *after)
{
    const struct host *h = after;
    while ((h = cluster_next(x->cluster, h, ROLE_DIRECTOR)))
        if (exam_host(x, h)->asked)
            return h;
    return NULL;
}

unsigned masters(const struct exam *x)
{
    unsigned n = 0;
    for (const struct host *h = NULL; (h = next_director(x, h));)
        n += holds_vip(x, h);
    return n;
}

void show_masters(struct exam *x, struct finding *f)
{
    for (const struct host *h = NULL; (h = next_director(x, h));) {
        const char *vip = held_vip(x, h);
        const struct evidence *l = journal_last(exam_host(x, h), " STATE", NULL);
        if (vip)
            finding_symptom(x, f, "%s holds %s", h->name, vip);
        if (l)
            journal_evidence(x, f, exam_host(x, h), l);
    }
}

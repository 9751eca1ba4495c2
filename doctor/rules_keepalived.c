/* The configuration that keepalived really has: what it cut, dropped, or has not read yet. */
#include <string.h>

#include "doctor/keepalived_evidence.h"

enum { AUTH_PASS_MAX = 8 }; /* RFC 2338, 5.3.6.2: the field is eight octets */

typedef void (*look_fn)(struct exam *x, struct exam_host *h);

static void each_director(struct exam *x, look_fn look)
{
    for (const struct host *h = NULL; (h = cluster_next(x->cluster, h, ROLE_DIRECTOR));)
        if (exam_host(x, h)->asked)
            look(x, exam_host(x, h));
}

static void fix_by_deploy(struct exam *x, struct finding *f, const struct exam_host *h,
                          const char *by_hand)
{
    if (keepalived_conf_steps(x, f, h)) {
        f->remedy = REMEDY_DEPLOY;
        finding_fix(x, f, "clusterctl deploy writes the file anew and reloads keepalived");
    } else {
        finding_fix(x, f, "%s", by_hand);
    }
}

/* The file's password never leaves the host: only its length does. */
static void look_auth_pass(struct exam *x, struct exam_host *h)
{
    unsigned n = 0;
    const char *length = conf_value(h, "auth_pass");
    const struct evidence *l = NULL;
    for (; length && *length >= '0' && *length <= '9' && n < 1000; length++)
        n = n * 10 + (unsigned)(*length - '0');
    if (n <= AUTH_PASS_MAX)
        return;
    struct finding *f = found(x, "keepalived.auth-pass-truncated", h->host, REMEDY_MANUAL);
    finding_cause(x, f, "the auth_pass on %s has %u characters, of which keepalived uses %d",
                  h->host->name, n, AUTH_PASS_MAX);
    finding_evidence(x, f, "%s: /etc/keepalived/keepalived.conf: auth_pass of %u characters",
                     h->host->name, n);
    while ((l = exam_line(h, "keepalived.test", l)))
        if (strstr(l->text, "runcat"))
            finding_evidence(x, f, "%s: keepalived -t: %s", h->host->name, l->text);
    fix_by_deploy(x, f, h, "use an auth_pass of at most 8 characters on both directors");
}

static void auth_pass(struct exam *x)
{
    each_director(x, look_auth_pass);
}

/* What the installed version says of the file, but for what the rule above tells better. */
static bool is_dropped(const char *text)
{
    static const char *const signs[] = {"nknown keyword", "not supported", "nvalid",  "ignor",
                                        "deprecated",     "too ",          "missing", "nexpected"};
    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (strstr(text, signs[i]))
            return true;
    return false;
}

static void look_dropped(struct exam *x, struct exam_host *h)
{
    struct finding *f = NULL;
    size_t n = 0;
    for (const struct evidence *l = NULL; (l = exam_line(h, "keepalived.test", l));) {
        if (!is_dropped(l->text))
            continue;
        if (!f)
            f = found(x, "keepalived.keyword-dropped", h->host, REMEDY_MANUAL);
        finding_evidence(x, f, "%s: keepalived -t: %s", h->host->name, l->text);
        n++;
    }
    if (!f)
        return;
    const struct version *v = &h->result->facts.keepalived;
    finding_cause(x, f, "keepalived %u.%u.%u on %s does not take %zu line%s of its configuration",
                  v->major, v->minor, v->patch, h->host->name, n, n == 1 ? "" : "s");
    fix_by_deploy(x, f, h,
                  "take the lines out of /etc/keepalived/keepalived.conf, or install a "
                  "keepalived that knows them");
}

static void dropped(struct exam *x)
{
    each_director(x, look_dropped);
}

/* The file is younger than the last time that the daemon says it read it. */
static void look_reload(struct exam *x, struct exam_host *h)
{
    const struct evidence *mtime = exam_line(h, "keepalived.mtime", NULL);
    const struct evidence *read = journal_last(h, "Configuration file", NULL);
    const struct step *service = exam_step(h, RES_SERVICE, "keepalived.service");
    int64_t changed = mtime ? strtoll(mtime->text, NULL, 10) : 0;
    if (!mtime || !read || !keepalived_runs(h) || changed <= journal_time(read))
        return;
    struct finding *f = found(x, "keepalived.not-reloaded", h->host, REMEDY_MANUAL);
    finding_cause(x, f, "keepalived on %s runs an older configuration than the file holds",
                  h->host->name);
    finding_evidence(x, f, "%s: keepalived.conf was changed %lld s after it was last read",
                     h->host->name, (long long)(changed - journal_time(read)));
    journal_evidence(x, f, h, read);
    if (keepalived_conf_steps(x, f, h) || (service && !service->blocked)) {
        finding_step(x, f, service);
        f->remedy = REMEDY_DEPLOY;
        finding_fix(x, f,
                    "clusterctl deploy writes what the inventory wants and reloads keepalived");
    } else {
        finding_fix(x, f, "on %s: systemctl reload keepalived", h->host->name);
    }
}

static void not_reloaded(struct exam *x)
{
    each_director(x, look_reload);
}

static const char *const by_file[] = {"keepalived.not-reloaded", NULL};

static const struct rule rules[] = {
    {"keepalived.auth-pass-truncated", "a VRRPv2 password of more than eight characters", auth_pass,
     by_file},
    {"keepalived.keyword-dropped", "lines of the configuration that the installed version drops",
     dropped, by_file},
    {"keepalived.not-reloaded", "keepalived runs an older configuration than the file's",
     not_reloaded, NULL},
    {0},
};

const struct rule_set rule_set_keepalived = {.subject = "keepalived", .rules = rules};

#include "bed.h"

struct bed bed;
static struct arena arena;

static const char *const well_web[] = {
    "vip.lo 1: lo inet 10.1.1.140/32 scope global lo:1",
    "vip.arp all arp_ignore 1",
    "vip.arp lo arp_ignore 1",
    "vip.arp eth0 arp_ignore 0",
    "vip.arp all arp_announce 2",
    "vip.arp lo arp_announce 2",
    "vip.arp eth0 arp_announce 0",
    "http.unit Id=nginx.service LoadState=loaded ActiveState=active SubState=running "
    "Result=success",
    "http.test nginx: configuration file /etc/nginx/nginx.conf test is successful",
    "http.listen LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:((\"nginx\",pid=812,fd=6))",
    "nfs.tcp ok",
    "nfs.stat ok",
    "nfs.mount 95 28 0:42 / /srv/web rw,relatime shared:1 - nfs4 10.1.1.134:/nfs/web rw,vers=4.2",
    "nfs.fstab 9:10.1.1.134:/nfs/web /srv/web nfs rw,hard,_netdev 0 0",
    "http.page 80 HTTP/1.1 200 OK | the page",
    NULL,
};
static const char *const well_nfs[] = {
    "nfs.unit Id=nfs-server.service LoadState=loaded ActiveState=active SubState=exited",
    "nfs.listen LISTEN 0 64 0.0.0.0:2049 0.0.0.0:*",
    "nfs.etab /nfs/web 10.1.1.132(rw,sync,no_subtree_check)",
    "nfs.etab /nfs/web 10.1.1.133(rw,sync,no_subtree_check)",
    NULL,
};

void bed_say(unsigned host, const char *line)
{
    char *copy = xstrdup(line);
    exam_record(&bed.exam.hosts[host], copy);
    free(copy);
}

void bed_instead(unsigned host, const char *tag, const char *text)
{
    struct exam_host *h = &bed.exam.hosts[host];
    size_t kept = 0;
    for (size_t i = 0; i < h->lines.n; i++)
        if (strcmp(h->lines.v[i].tag, tag) != 0)
            h->lines.v[kept++] = h->lines.v[i];
    h->lines.n = kept;
    if (*text)
        bed_say(host, arena_printf(&arena, "%s %s", tag, text));
}

static void say_all(unsigned host, const char *const *lines)
{
    for (; *lines; lines++)
        bed_say(host, *lines);
}

int bed_setup(void **state)
{
    (void)state;
    fake_reset();
    fake.cluster.nfs = (struct nfs){.export_path = "/nfs/web",
                                    .mount_path = "/srv/web",
                                    .mount_options = "rw,hard,_netdev",
                                    .export_options = "rw,sync"};
    bed = (struct bed){0};
    exam_init(&bed.exam, NULL, &bed.options, &bed.report);
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        fake.results[i].facts.interface = "eth0";
        bed.exam.hosts[i].asked = true;
    }
    say_all(WEB1, well_web);
    say_all(WEB2, well_web);
    bed_say(WEB1, "http.whoami 80 HTTP/1.1 200 OK | Web01-RS");
    bed_say(WEB2, "http.whoami 80 HTTP/1.1 200 OK | Web02-RS");
    say_all(NFS, well_nfs);
    return 0;
}

int bed_teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < FAKE_HOSTS; i++)
        vec_free(&fake.results[i].plan.steps);
    exam_free(&bed.exam);
    doctor_free(&bed.report);
    arena_free(&arena);
    return 0;
}

struct wanted bed_step(unsigned host, enum res_type type, const char *key)
{
    struct resource *want = arena_new(&arena, struct resource);
    struct resource *have = arena_new(&arena, struct resource);
    want->type = have->type = type;
    want->key = have->key = arena_strdup(&arena, key);
    *vec_push(&fake.results[host].plan.steps) =
        (struct step){.want = want, .have = have, .summary = want->key};
    return (struct wanted){want, have};
}

void bed_examine(const struct rule_set *const *sets)
{
    exam_run(&bed.exam, sets);
    exam_conclude(&bed.exam);
}

const struct finding *bed_only(const char *id, const char *host)
{
    if (bed.report.findings.n != 1)
        for (size_t i = 0; i < bed.report.findings.n; i++)
            print_message("# found: %s\n", bed.report.findings.v[i]->id);
    assert_int_equal(bed.report.findings.n, 1);
    const struct finding *f = bed.report.findings.v[0];
    assert_string_equal(f->id, id);
    if (host)
        assert_string_equal(f->host, host);
    else
        assert_null(f->host);
    assert_non_null(f->cause);
    assert_non_null(f->fix);
    assert_true(f->evidence.n > 0);
    return f;
}

bool bed_shows(const struct finding *f, const char *text)
{
    for (size_t i = 0; i < f->evidence.n; i++)
        if (strstr(f->evidence.v[i], text))
            return true;
    return false;
}

bool bed_sees(const struct finding *f, const char *text)
{
    for (size_t i = 0; i < f->symptoms.n; i++)
        if (strstr(f->symptoms.v[i], text))
            return true;
    return false;
}

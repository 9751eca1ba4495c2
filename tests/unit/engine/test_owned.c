/*
 * The way back: what is written down before a deploy, what of it the next plan takes back, and the
 * shell of both, which runs for real on files of a folder of our own.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "engine/module.h"
#include "engine/putfile.h"

/* A host: a tree of its own at ROOT/tree, and its /var/lib at ROOT/lib. */
static char root[] = "/tmp/engine-owned-XXXXXX";

static struct host host = {.name = "h", .roles = ROLE_DIRECTOR};
static struct cluster cluster = {.hosts = &host, .n_hosts = 1};

struct bed {
    struct facts facts;
    struct catalog cat;
    struct observation obs;
    struct plan plan;
};

static const char *path(const char *name)
{
    static char buf[4][256];
    static unsigned n;
    char *p = buf[n++ % 4];
    snprintf(p, sizeof buf[0], "%s/tree/%s", root, name);
    return p;
}

static void sh(const char *fmt, ...)
{
    char command[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(command, sizeof command, fmt, ap);
    va_end(ap);
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void text(const char *file, struct strbuf *out)
{
    char buf[4096];
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;)
        sb_addn(out, buf, n);
    fclose(f);
}

static void bed_open(struct bed *b)
{
    *b = (struct bed){0};
    b->cat = (struct catalog){.cluster = &cluster, .host = &host, .facts = &b->facts};
}

static void bed_close(struct bed *b)
{
    plan_free(&b->plan);
    observation_free(&b->obs);
    catalog_free(&b->cat);
    facts_free(&b->facts);
}

/* Run a script with the host's memory in its place, and feed its records to `record`. */
static int run(struct script *s, int (*record)(struct bed *, char *, struct err *), struct bed *b)
{
    char command[1024], line[8192], *kind, *rest;
    struct err e = {0};
    int rc = 0;
    autosb struct strbuf file = {0};
    sb_addf(&file, "%s/script", root);
    FILE *f = fopen(sb_str(&file), "w");
    assert_non_null(f);
    fputs(sb_str(&s->text), f);
    fclose(f);
    snprintf(command, sizeof command,
             "unshare -mn sh -c 'mount -t tmpfs none /run && mkdir /run/clusterctl && "
             "mount -t tmpfs none /sys/fs && mkdir /sys/fs/selinux && "
             "mount --bind %s/selinux /sys/fs/selinux && "
             "if [ -d %s/etc ]; then mount --bind %s/etc /etc; fi && "
             "if [ -d %s/firewalld ]; then ln -s %s/firewalld /run; fi && "
             "mount --bind %s/lib /var/lib && exec sh %s/script' 2>&1",
             root, root, root, root, root, root, root);
    FILE *p = popen(command, "r");
    assert_non_null(p);
    while (fgets(line, sizeof line, p)) {
        line[strcspn(line, "\n")] = '\0';
        if (!script_line(s->nonce, line, &kind, &rest)) {
            if (!record)
                print_message("%s\n", line);
            continue;
        }
        if (record && !strcmp(kind, "r") && record(b, rest, &e) < 0) {
            print_message("%s\n", e.msg);
            rc = -1;
        }
    }
    return pclose(p) == 0 ? rc : -1;
}

static int take_observed(struct bed *b, char *record, struct err *e)
{
    return observe_record(&b->obs, record, e);
}

static int take_owned(struct bed *b, char *record, struct err *e)
{
    struct owned *o = vec_push(&b->facts.owned);
    (void)e;
    return owned_parse(o, &b->facts.arena, strchr(record, ' ') + 1, e);
}

/* What the host remembers, as facts have it. */
static void remember(struct bed *b)
{
    struct script s;
    struct err e = {0};
    assert_int_equal(script_init(&s, &e), 0);
    script_prelude(&s);
    script_add(&s, "[ ! -r " OWNED_FILE " ] || while IFS= read -r l; do r owned \"$l\"; done <" OWNED_FILE
                   "\n");
    assert_int_equal(run(&s, take_owned, b), 0);
    script_free(&s);
}

/* Programs that a test puts at ROOT/bin. */
#define STAND_INS "export ROOT=%s PATH=%s/bin:$PATH\n"

static void look(struct bed *b)
{
    struct script s;
    struct err e = {0};
    plan_free(&b->plan);
    observation_free(&b->obs);
    observation_init(&b->obs, &b->cat);
    assert_int_equal(script_init(&s, &e), 0);
    script_prelude(&s);
    script_addf(&s, STAND_INS, root, root);
    observe_script(&s, &b->cat);
    assert_int_equal(run(&s, take_observed, b), 0);
    script_free(&s);
    plan_make(&b->plan, &b->cat, &b->obs);
}

/* selinuxfs ends no line. */
#define SETSEBOOL                                                                                  \
    "setsebool() {\n"                                                                              \
    "  v=0; [ \"$3\" = off ] || v=1; printf '%s %s' $v $v >/sys/fs/selinux/booleans/$2\n"            \
    "}\n"

/* Carry out the first n steps of the plan; what is planned after that must be the rest. */
static void carry_out(struct bed *b, size_t n)
{
    struct script s;
    struct err e = {0};
    size_t planned = b->plan.steps.n;
    assert_int_equal(script_init(&s, &e), 0);
    script_prelude(&s);
    script_add(&s, "set -e\n" SETSEBOOL);
    script_addf(&s, STAND_INS, root, root);
    observe_functions(&s, &b->cat);
    owned_functions(&s, &b->plan);
    for (size_t i = 0; i < n; i++)
        plan_apply(&s, &b->plan.steps.v[i]);
    assert_int_equal(run(&s, NULL, b), 0);
    script_free(&s);
    look(b);
    for (size_t i = 0; i < b->plan.steps.n && b->plan.steps.n != planned - n; i++)
        print_message("left: %s\n", b->plan.steps.v[i].summary);
    assert_int_equal(b->plan.steps.n, planned - n);
}

static void declare(struct bed *b)
{
    want_owned(&b->cat);
    want_sysctl(&b->cat, "net.ipv4.conf.all.arp_ignore", "0"); /* of a namespace of its own */
    want_dir(&b->cat, path("made/deep"), (struct res_dir){0});
    want_dir(&b->cat, path("there"), (struct res_dir){.mode = 0700});
    want_file(&b->cat, path("made/deep/new"), (struct res_file){.content = "new\n"});
    want_file(&b->cat, path("there/old"), (struct res_file){.content = "ours\n", .backup = true});
    want_file(&b->cat, path("seeds/kept"), (struct res_file){.content = "seed\n", .seed = true});
    want_file(&b->cat, path("seeds/taken"), (struct res_file){.content = "seed\n", .seed = true});
    want_block(&b->cat, path("shared"),
               (struct res_block){.content = "us\n", .drop_field = 1, .drop_value = "them"});
    want_block(&b->cat, path("fresh"), (struct res_block){.content = "us\n"});
}

static void picture(struct strbuf *out)
{
    autosb struct strbuf file = {0};
    sb_addf(&file, "%s/picture", root);
    sh("cd %s/tree && find . -printf '%%p %%M %%u %%g %%l\\n' | sort >../picture && "
       "find . -type f -exec md5sum {} + | sort -k2 >>../picture",
       root);
    text(sb_str(&file), out);
}

static void start(void)
{
    sh("cd %s && rm -rf tree lib selinux bin etc firewalld && "
       "mkdir -p tree/there lib selinux/booleans bin",
       root);
    sh("cd %s/tree && printf 'no newline' >there/old && chmod 640 there/old && chmod 755 there && "
       "printf 'them too\\nothers\\n' >shared",
       root);
}

static void deploy(void)
{
    struct bed b;
    bed_open(&b);
    declare(&b);
    look(&b);
    assert_string_equal(b.plan.steps.v[0].summary, "write down what 9 things were before");
    carry_out(&b, b.plan.steps.n);
    bed_close(&b);
}

/* All that the host remembers goes back to what it was. */
static void destroy(void)
{
    struct bed b;
    struct err e = {0};
    bed_open(&b);
    remember(&b);
    assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), 0);
    look(&b);
    carry_out(&b, b.plan.steps.n);
    bed_close(&b);
}

/* Everything goes back byte for byte, but for a seed that has been edited. */
static void destroy_brings_back_what_was(void **state)
{
    autosb struct strbuf before = {0}, after = {0};
    struct bed b;
    struct err e = {0};
    (void)state;
    start();
    picture(&before);
    deploy();
    sh("echo mine >%s", path("seeds/kept"));
    bed_open(&b);
    remember(&b);
    assert_int_equal(b.facts.owned.n, 9);
    assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), 0);
    look(&b);
    carry_out(&b, b.plan.steps.n);
    assert_int_equal(b.plan.steps.n, 0);
    bed_close(&b);
    sh("rm %s && rmdir %s/tree/seeds", path("seeds/kept"), root);
    picture(&after);
    assert_string_equal(sb_str(&after), sb_str(&before));
    sh("! ls -A %s/lib | grep .", root);
}

static void a_boolean_goes_back(void **state)
{
    autosb struct strbuf on = {0}, off = {0};
    struct bed b;
    (void)state;
    start();
    sh("printf '0 0' >%s/selinux/booleans/httpd_use_nfs", root);
    bed_open(&b);
    want_owned(&b.cat);
    want_sebool(&b.cat, "httpd_use_nfs");
    look(&b);
    carry_out(&b, 2); /* write down, set; nothing is left */
    bed_close(&b);
    text(path("../selinux/booleans/httpd_use_nfs"), &on);
    assert_string_equal(sb_str(&on), "1 1");

    destroy();
    text(path("../selinux/booleans/httpd_use_nfs"), &off);
    assert_string_equal(sb_str(&off), "0 0");
}

/* However far a taking back came, the next one ends it. */
static void a_taking_back_that_was_cut_off_goes_on(void **state)
{
    autosb struct strbuf before = {0};
    struct err e = {0};
    (void)state;
    start();
    picture(&before);
    for (size_t cut = 0; cut < 10; cut++) {
        autosb struct strbuf after = {0};
        struct bed b;
        start();
        deploy();
        for (int again = 0; again < 2; again++) {
            bed_open(&b);
            remember(&b);
            assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), 0);
            look(&b);
            if (!again) { /* the step's work is done, and its record is still there */
                carry_out(&b, cut < b.plan.steps.n ? cut : b.plan.steps.n - 1);
                sh("rm -rf %s/saved && cp -a %s/lib %s/saved", root, root, root);
                carry_out(&b, 1);
                sh("rm -rf %s/lib && cp -a %s/saved %s/lib", root, root, root);
            } else {
                carry_out(&b, b.plan.steps.n);
            }
            bed_close(&b);
        }
        picture(&after);
        assert_string_equal(sb_str(&after), sb_str(&before));
        sh("! ls -A %s/lib | grep .", root);
    }
}

/* What is dropped from the catalog is taken back, the rest stays; the first record is the one that counts. */
static void what_is_not_wanted_any_more_goes(void **state)
{
    struct bed b;
    struct err e = {0};
    autosb struct strbuf old = {0};
    (void)state;
    start();
    deploy();
    bed_open(&b);
    remember(&b);
    want_owned(&b.cat);
    want_file(&b.cat, path("there/old"), (struct res_file){.content = "ours\n"});
    want_file(&b.cat, path("renamed"), (struct res_file){.content = "new\n"});
    assert_int_equal(owned_removals(&b.cat, OWNED_STALE, &e), 0);
    look(&b);
    /* write down, remove the seven others (the sysctl's too), create the new one */
    assert_string_equal(b.plan.steps.v[0].summary, "write down what 1 thing was before");
    assert_int_equal(b.plan.steps.n, 1 + 8 + 1);
    assert_non_null(strstr(b.plan.steps.v[1].summary, "take the clusterctl block out of"));
    assert_non_null(strstr(b.plan.steps.v[9].summary, "create "));
    carry_out(&b, b.plan.steps.n);
    sh("test ! -e %s && test ! -e %s && test -e %s", path("made"), path("fresh"), path("renamed"));
    text(path("there/old"), &old);
    assert_string_equal(sb_str(&old), "ours\n");
    bed_close(&b);

    bed_open(&b); /* and nothing more is to do */
    remember(&b);
    assert_int_equal(b.facts.owned.n, 2);
    want_owned(&b.cat);
    want_file(&b.cat, path("there/old"), (struct res_file){.content = "ours\n"});
    want_file(&b.cat, path("renamed"), (struct res_file){.content = "new\n"});
    assert_int_equal(owned_removals(&b.cat, OWNED_STALE, &e), 0);
    look(&b);
    assert_int_equal(b.plan.steps.n, 0);
    bed_close(&b);
}

static void take(struct bed *b, const char *line)
{
    struct err e = {0};
    if (owned_parse(vec_push(&b->facts.owned), &b->facts.arena, line, &e) < 0)
        fail_msg("%s: %s", line, e.msg);
}

static void everything_gone(struct bed *b)
{
    for (size_t i = 0; i < b->cat.list.n; i++)
        b->obs.have[i].gone = b->cat.list.v[i]->gone;
    plan_make(&b->plan, &b->cat, &b->obs);
}

static void each_kind_says_what_is_done(void **state)
{
    static const struct {
        const char *record, *summary; /* NULL: nothing to do */
        enum impact impact;
    } cases[] = {
        {"service nginx.service - absent", "stop and disable nginx.service", IMPACT_RESTART},
        {"service nginx.service - enabled active", NULL, IMPACT_NONE},
        {"service nginx.service - enabled inactive", "stop nginx.service", IMPACT_RESTART},
        {"service nginx.service - disabled active", "disable nginx.service", IMPACT_NONE},
        {"service keepalived.service - absent", "stop and disable keepalived.service", IMPACT_VIP_MOVES},
        {"service nginx.service - ?", "stop and disable nginx.service", IMPACT_RESTART},
        {"hostname hostname - debian debian", "set the hostname back to debian", IMPACT_NONE},
        {"hostname hostname - ?", NULL, IMPACT_NONE},
        {"dir /srv/a\\040b - absent /srv", "remove directory /srv/a b, when it is empty", IMPACT_NONE},
        {"dir /srv - existed 750 root:root", "set /srv back to 750 root:root", IMPACT_NONE},
        {"dir /srv any existed 750 root:root", NULL, IMPACT_NONE},
        {"file /etc/x nginx.service/reload absent -", "remove /etc/x", IMPACT_RELOAD},
        {"file /etc/x - existed", "restore /etc/x", IMPACT_NONE},
        {"file /p seed:eA== absent -", "remove /p, when nobody has changed it", IMPACT_NONE},
        {"file /p seed:eA== existed", NULL, IMPACT_NONE},
        {"sysctl net.ipv4.vs.x - -", NULL, IMPACT_NONE},
        {"sysctl net.ipv4.vs.sync_threshold - 3 50", "set net.ipv4.vs.sync_threshold back to 3 50",
         IMPACT_NONE},
        {"sysctl net.ipv4.conf.all.x - ?", "set net.ipv4.conf.all.x back to the default", IMPACT_NONE},
        {"kmod ip_vs - loaded", NULL, IMPACT_NONE},
        {"kmod ip_vs - absent", "unload kernel module ip_vs, when nothing uses it", IMPACT_NONE},
        {"address 10.1.1.140/32 lo absent", "remove 10.1.1.140/32 from lo, with its host route",
         IMPACT_NONE},
        {"address 10.1.1.140/32 lo present", NULL, IMPACT_NONE},
        {"export /nfs - -", "end the export of /nfs", IMPACT_RESTART},
        {"mount /m a:/b absent", "unmount /m", IMPACT_RESTART},
        {"mount /m a:/b mounted a:/b", NULL, IMPACT_NONE},
        {"packages packages - -", NULL, IMPACT_NONE},
        {"port tcp/80 80 -", NULL, IMPACT_NONE},
        {"port tcp/80 80 httpd.service enabled", "start httpd.service again", IMPACT_NONE},
        {"firewall firewall - -", "take the cluster's rules out of the firewall", IMPACT_NONE},
        {"sebool httpd_use_nfs - 0", "set SELinux boolean httpd_use_nfs back to off, now and at boot",
         IMPACT_NONE},
        {"sebool httpd_use_nfs - 1", NULL, IMPACT_NONE},
        {"selinux selinux - 1 enforcing 0",
         "put SELinux back as it was (enforcing; where it is off, from the next boot on)", IMPACT_NONE},
        {"selinux selinux - 0 permissive -", "put SELinux back as it was", IMPACT_NONE},
        {"selinux selinux - - - -", NULL, IMPACT_NONE},
        {"selinux selinux - ?", NULL, IMPACT_NONE},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bed b;
        struct err e = {0};
        bed_open(&b);
        take(&b, cases[i].record);
        assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), 0);
        observation_init(&b.obs, &b.cat);
        everything_gone(&b);
        if (b.plan.steps.n != (cases[i].summary != NULL))
            fail_msg("%s: %zu steps", cases[i].record, b.plan.steps.n);
        if (cases[i].summary) {
            assert_string_equal(b.plan.steps.v[0].summary, cases[i].summary);
            assert_int_equal(b.plan.steps.v[0].impact, cases[i].impact);
        }
        bed_close(&b);
    }
}

/* A unit that stays is told by its own step; one that goes too, at once. */
static void a_removed_file_reloads_what_read_it(void **state)
{
    struct bed b;
    struct err e = {0};
    (void)state;
    bed_open(&b);
    take(&b, "file /etc/nginx/conf.d/old.conf nginx.service/reload absent -");
    want_owned(&b.cat);
    want_service(&b.cat, "nginx.service", (struct res_service){0});
    assert_int_equal(owned_removals(&b.cat, OWNED_STALE, &e), 0);
    assert_int_equal(b.cat.list.n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(b.cat.list.v[i]->index, i);
    observation_init(&b.obs, &b.cat);
    for (const char *const *l = (const char *const[]){"service:nginx.service LoadState loaded",
                                                      "service:nginx.service ActiveState active",
                                                      "service:nginx.service UnitFileState enabled", NULL};
         *l; l++) {
        char buf[128];
        snprintf(buf, sizeof buf, "%s", *l);
        assert_int_equal(observe_record(&b.obs, buf, &e), 0);
    }
    everything_gone(&b);
    assert_int_equal(b.plan.steps.n, 3);
    assert_string_equal(b.plan.steps.v[1].summary, "remove /etc/nginx/conf.d/old.conf");
    assert_string_equal(b.plan.steps.v[2].summary, "reload nginx.service (is active)");
    bed_close(&b);
}

static void damaged_records_are_refused(void **state)
{
    static const char *const bad[] = {"", "file", "file /x", "nonsense /x - -", "confirm tcp/80 - -",
                                      "owned /var - -"};
    struct arena a = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct owned o;
        struct err e = {0};
        assert_int_equal(owned_parse(&o, &a, bad[i], &e), -1);
        assert_true(e.hint[0] != '\0');
    }
    arena_free(&a);
}

static void what_an_older_version_made_is_not_guessed_at(void **state)
{
    struct bed b;
    struct err e = {0};
    (void)state;
    bed_open(&b);
    b.facts.unrecorded = true;
    assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), -1);
    assert_non_null(strstr(e.hint, "clusterctl deploy"));
    bed_close(&b);
}

/* Directors first, mounts before their server; a host never waits for itself or in a circle. */
static void the_end_has_an_order(void **state)
{
    struct host hosts[] = {
        {.name = "d1", .roles = ROLE_DIRECTOR, .index_in_cluster = 0},
        {.name = "d2", .roles = ROLE_DIRECTOR, .index_in_cluster = 1},
        {.name = "w", .roles = ROLE_REAL_SERVER, .index_in_cluster = 2},
        {.name = "n", .roles = ROLE_NFS | ROLE_REAL_SERVER, .index_in_cluster = 3},
    };
    static const size_t waits[] = {0, 0, 2, 3};
    struct cluster c = {.hosts = hosts, .n_hosts = ARRAY_LEN(hosts)};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct bed b;
        struct err e = {0};
        bed_open(&b);
        b.cat.cluster = &c;
        b.cat.host = &hosts[i];
        take(&b, "kmod ip_vs - absent");
        assert_int_equal(owned_removals(&b.cat, OWNED_ALL, &e), 0);
        owned_order(&b.cat);
        assert_int_equal(b.cat.list.v[0]->n_needs, waits[i]);
        assert_string_equal(b.cat.list.v[1]->provides, OWNED_EMPTIED);
        bed_close(&b);
    }
}

/* What is planned of a host that says so: one step, or with NULL none. */
static void plan_is(struct bed *b, const char *const *seen, const char *summary)
{
    struct err e = {0};
    observation_init(&b->obs, &b->cat);
    for (; *seen; seen++) {
        char buf[128];
        snprintf(buf, sizeof buf, "%s", *seen);
        assert_int_equal(observe_record(&b->obs, buf, &e), 0);
    }
    plan_make(&b->plan, &b->cat, &b->obs);
    assert_int_equal(b->plan.steps.n, summary != NULL);
    if (summary)
        assert_string_equal(b->plan.steps.v[0].summary, summary);
}

/* What is asked of a host in each of its states; by the kernel's argument where that is asked for. */
static void enforcement_is_turned_off(void **state)
{
#define OFF "disable SELinux from the next boot on"
#define PERMISSIVE "put SELinux to permissive, now and at boot"
    const struct {
        enum selinux_policy mode;
        bool by_argument;
        const char *const *seen;
        const char *summary; /* NULL: nothing to do */
        bool boot;           /* that is right only after a boot */
    } cases[] = {
        {SELINUX_PERMISSIVE, false, (const char *const[]){"0 live 1", "0 config enforcing", NULL}, PERMISSIVE, false},
        {SELINUX_PERMISSIVE, false, (const char *const[]){"0 live 0", "0 config enforcing", NULL}, PERMISSIVE, false},
        {SELINUX_PERMISSIVE, false, (const char *const[]){"0 config enforcing", NULL}, PERMISSIVE, false},
        {SELINUX_PERMISSIVE, false, (const char *const[]){"0 live 0", "0 config permissive", NULL}, NULL, false},
        {SELINUX_PERMISSIVE, false, (const char *const[]){"0 config disabled", NULL}, NULL, false},
        {SELINUX_PERMISSIVE, false, (const char *const[]){NULL}, NULL, false},
        {SELINUX_DISABLED, false, (const char *const[]){"0 live 1", "0 config enforcing", NULL},
         OFF "; permissive until then", true},
        {SELINUX_DISABLED, false, (const char *const[]){"0 live 0", "0 config disabled", NULL}, NULL, true},
        {SELINUX_DISABLED, false, (const char *const[]){"0 config disabled", NULL}, NULL, false},
        {SELINUX_DISABLED, true, (const char *const[]){"0 live 0", "0 config disabled", "0 arg 0", NULL},
         OFF " (by the kernel's argument selinux=0); permissive until then", true},
        {SELINUX_DISABLED, true, (const char *const[]){"0 live 0", "0 config disabled", "0 arg 1", NULL}, NULL, true},
        {SELINUX_DISABLED, true, (const char *const[]){"0 config disabled", "0 arg 1", NULL}, NULL, false},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bed b;
        bed_open(&b);
        want_selinux(&b.cat, cases[i].mode, cases[i].by_argument);
        plan_is(&b, cases[i].seen, cases[i].summary);
        assert_int_equal(plan_wants_boot(&b.cat, &b.obs) != NULL, cases[i].boot);
        bed_close(&b);
    }
}

/* A host that has left is let in no more; ours that are wanted stay, whatever chain they are in. */
static void rules_for_those_who_left_go(void **state)
{
    const struct {
        const char *const *seen;
        const char *summary; /* NULL: nothing to do */
    } cases[] = {
        {(const char *const[]){"0 chain inet filter input",
                               "0 live inet filter input tcp/2049 from 10.1.1.132",
                               "0 live inet filter input tcp/2049 from 10.1.1.133", NULL},
         "let tcp/2049 from 10.1.1.133 through the firewall no more (nftables)"},
        {(const char *const[]){"0 chain inet filter input",
                               "0 live inet filter input tcp/2049 from 10.1.1.132",
                               "0 live ip other input tcp/2049 from 10.1.1.132", NULL},
         NULL},
        {(const char *const[]){"0 backend iptables", "0 filter ip filter INPUT",
                               "0 live ip filter INPUT tcp/2049 from 10.1.1.132", NULL},
         "let tcp/2049 from 10.1.1.132 through the firewall (iptables)"},
        {(const char *const[]){"0 backend iptables", "0 filter ip filter INPUT",
                               "0 live ip filter INPUT tcp/2049 from 10.1.1.132",
                               "0 stored ip filter INPUT tcp/2049 from 10.1.1.132",
                               "0 live ip filter INPUT tcp/2049 from 10.1.1.133", NULL},
         "let tcp/2049 from 10.1.1.133 through the firewall no more (iptables)"},
        {(const char *const[]){"0 backend iptables", "0 filter ip6 filter INPUT", NULL}, NULL},
#define RICH(address) "rule family=\"ipv4\" source address=\"" address "\" port port=\"2049\" protocol=\"tcp\" accept"
        {(const char *const[]){"0 backend firewalld", "0 live " RICH("10.1.1.132"), "0 stored " RICH("10.1.1.132"),
                               "0 live " RICH("10.1.1.133"), "0 stored " RICH("10.1.1.133"),
                               "0 ours " RICH("10.1.1.133"), "0 ours " RICH("10.1.1.132"), NULL},
         "let tcp/2049 from 10.1.1.133 through the firewall no more (firewalld)"},
        {(const char *const[]){"0 backend firewalld", "0 live " RICH("10.1.1.132"), "0 stored " RICH("10.1.1.132"),
                               "0 live " RICH("10.1.1.133"), "0 stored " RICH("10.1.1.133"), NULL},
         NULL},
        {(const char *const[]){"0 backend ufw", "0 both allow tcp 2049 0.0.0.0/0 any 10.1.1.132 in",
                               "0 both allow vrrp any 0.0.0.0/0 any 10.1.1.133 in",
                               "0 ours allow vrrp any 0.0.0.0/0 any 10.1.1.133 in",
                               "0 both allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in",
                               "0 ours allow tcp 80 0.0.0.0/0 any 0.0.0.0/0 in", NULL},
         "let vrrp from 10.1.1.133 and others through the firewall no more (ufw)"},
        {(const char *const[]){"0 backend ufw", "0 both allow tcp 2049 0.0.0.0/0 any 10.1.1.132 in",
                               "0 ours allow tcp 2049 0.0.0.0/0 any 10.1.1.132 in",
                               "0 both allow tcp 2049 0.0.0.0/0 any 10.1.1.133 in", NULL},
         NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fw_rule rule = {.protocol = "tcp", .port = 2049};
        struct bed b;
        assert_true(ipaddr_parse("10.1.1.132", &rule.source));
        bed_open(&b);
        want_firewall(&b.cat, (struct res_firewall){.rules = &rule, .n_rules = 1});
        plan_is(&b, cases[i].seen, cases[i].summary);
        bed_close(&b);
    }
}

/*
 * firewalld and ufw as far as they are spoken to: $ROOT/firewalld/live and stored have a rich rule a
 * line, user.rules is as ufw 0.36 writes it.
 */
static const char *const stand_ins[][2] = {
    {"systemctl", "[ \"$*\" = 'is-active -q firewalld.service' ] && [ -d /run/firewalld ]\n"},
    {"busctl", "rules() {\n"
               "  printf 'as %d' \"$(wc -l <\"$ROOT/firewalld/$1\")\"\n"
               "  sed 's/\"/\\\\\"/g; s/.*/ \"&\"/' \"$ROOT/firewalld/$1\" | tr -d '\\n'; echo\n"
               "}\n"
               "case \"$4 $5\" in\n"
               "*'FirewallD1 getDefaultZone') echo 's \"public\"' ;;\n"
               "*'.config getZoneByName') echo 'o \"/config/zone/0\"' ;;\n"
               "*'.config.zone getRichRules') rules stored ;;\n"
               "*'.zone getRichRules') rules live ;;\n"
               "*) exit 1 ;; esac\n"},
    {"firewall-cmd", "f=$ROOT/firewalld/live\n"
                     "a_rule() { case $1 in 'rule family='*' accept') ;; *) exit 122 ;; esac; }\n"
                     "while [ $# -gt 0 ]; do case $1 in\n"
                     "  -q) shift ;;\n"
                     "  --permanent) f=$ROOT/firewalld/stored; shift ;;\n"
                     "  --add-rich-rule) a_rule \"$2\"; echo \"$2\" >>$f; shift 2 ;;\n"
                     "  --remove-rich-rule) a_rule \"$2\"; grep -vxF -e \"$2\" $f >$f.new; mv $f.new $f; shift 2 ;;\n"
                     "  *) exit 2 ;; esac; done\n"},
    {"ufw", "f=/etc/ufw/user.rules\n"
            "d=; [ \"$1\" != delete ] || { d=1; shift; }\n"
            "[ \"$1 $2 $4 $6 $7\" = 'allow proto from to any' ] || exit 2\n"
            "r=\"### tuple ### allow $3\" a=$5; shift 7\n"
            "if [ \"$1\" = port ]; then r=\"$r $2\"; shift 2; else r=\"$r any\"; fi\n"
            "r=\"$r 0.0.0.0/0 any $a in\"\n"
            "grep -vF -e \"$r\" $f >$f.new; mv $f.new $f\n"
            "[ -n \"$d\" ] || echo \"$r comment=$(printf %s \"$2\" | od -An -tx1 | tr -d ' ')\" >>$f\n"},
};

static void put(const char *name, const char *what)
{
    char file[256];
    snprintf(file, sizeof file, "%s/%s", root, name);
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(what, f);
    fclose(f);
}

static void put_stand_ins(void)
{
    for (size_t i = 0; i < ARRAY_LEN(stand_ins); i++) {
        autosb struct strbuf name = {0}, program = {0};
        sb_addf(&name, "bin/%s", stand_ins[i][0]);
        sb_addf(&program, "#!/bin/sh\n%s", stand_ins[i][1]);
        put(sb_str(&name), sb_str(&program));
    }
    sh("chmod 755 %s/bin/*", root);
}

/* Deploy these rules; the last of what is planned must be as said. */
static void let_in(const struct fw_rule *rules, size_t n, const char *summary)
{
    struct fw_rule copy[4];
    struct bed b;
    memcpy(copy, rules, n * sizeof *rules);
    bed_open(&b);
    remember(&b);
    want_owned(&b.cat);
    want_firewall(&b.cat, (struct res_firewall){.rules = copy, .n_rules = n});
    look(&b);
    assert_true(b.plan.steps.n > 0);
    assert_string_equal(b.plan.steps.v[b.plan.steps.n - 1].summary, summary);
    carry_out(&b, b.plan.steps.n);
    bed_close(&b);
}

static void firewall_is(const char *file, const char *what)
{
    char path[256];
    autosb struct strbuf now = {0};
    snprintf(path, sizeof path, "%s/%s", root, file);
    text(path, &now);
    assert_string_equal(sb_str(&now), what);
}

/* Who is wanted no more goes with what is made next, or alone; what others made stays, and is all that does. */
static void rules_come_and_go(const char *backend, const char *const *files, const char *others,
                              const char *two, const char *last)
{
    struct fw_rule rules[] = {{.protocol = "vrrp"}, {.protocol = "tcp", .port = 2049},
                              {.protocol = "udp", .port = 8848}};
    char summary[128];
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        assert_true(ipaddr_parse("10.1.1.131", &rules[i].source));
    snprintf(summary, sizeof summary,
             "let vrrp from 10.1.1.131, tcp/2049 from 10.1.1.131 through the firewall (%s)", backend);
    let_in(rules, 2, summary);
    for (const char *const *f = files; *f; f++)
        firewall_is(*f, two);
    snprintf(summary, sizeof summary, "let udp/8848 from 10.1.1.131 through the firewall (%s)", backend);
    let_in(rules + 2, 1, summary);
    snprintf(summary, sizeof summary,
             "let vrrp from 10.1.1.131, tcp/2049 from 10.1.1.131 through the firewall (%s)", backend);
    let_in(rules, 3, summary);
    sh("f=%s/lib/clusterctl/firewalld; [ ! -e $f ] || echo 'rule fam' >>$f", root); /* by a power cut */
    snprintf(summary, sizeof summary,
             "let udp/8848 from 10.1.1.131 and others through the firewall no more (%s)", backend);
    let_in(rules, 1, summary);
    for (const char *const *f = files; *f; f++)
        firewall_is(*f, last);

    destroy();
    for (const char *const *f = files; *f; f++)
        firewall_is(*f, others);
}

static void firewalld_lets_in_no_more(void **state)
{
#define THEIRS "rule family=\"ipv4\" source address=\"10.1.1.9\" port port=\"2049\" protocol=\"tcp\" accept\n"
#define VRRP "rule family=\"ipv4\" source address=\"10.1.1.131\" protocol value=\"vrrp\" accept\n"
#define SHARE "rule family=\"ipv4\" source address=\"10.1.1.131\" port port=\"2049\" protocol=\"tcp\" accept\n"
    (void)state;
    start();
    put_stand_ins();
    sh("mkdir %s/firewalld", root);
    put("firewalld/live", THEIRS);
    put("firewalld/stored", THEIRS);
    rules_come_and_go("firewalld", (const char *const[]){"firewalld/live", "firewalld/stored", NULL}, THEIRS,
                      THEIRS VRRP SHARE, THEIRS VRRP);
#undef THEIRS
#undef VRRP
#undef SHARE
}

static void ufw_lets_in_no_more(void **state)
{
#define THEIRS                                                                                     \
    "### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 in\n"                                      \
    "### tuple ### allow tcp 2049 0.0.0.0/0 any 10.1.1.9 in comment=6d696e65\n"
#define VRRP "### tuple ### allow vrrp any 0.0.0.0/0 any 10.1.1.131 in comment=636c757374657263746c\n"
#define SHARE "### tuple ### allow tcp 2049 0.0.0.0/0 any 10.1.1.131 in comment=636c757374657263746c\n"
    (void)state;
    start();
    put_stand_ins();
    sh("mkdir -p %s/etc/ufw", root);
    put("etc/ufw/ufw.conf", "ENABLED=yes\n");
    put("etc/ufw/user.rules", THEIRS);
    rules_come_and_go("ufw", (const char *const[]){"etc/ufw/user.rules", NULL}, THEIRS,
                      THEIRS VRRP SHARE, THEIRS VRRP);
#undef THEIRS
#undef VRRP
#undef SHARE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destroy_brings_back_what_was),
        cmocka_unit_test(a_boolean_goes_back),
        cmocka_unit_test(a_taking_back_that_was_cut_off_goes_on),
        cmocka_unit_test(what_is_not_wanted_any_more_goes),
        cmocka_unit_test(each_kind_says_what_is_done),
        cmocka_unit_test(a_removed_file_reloads_what_read_it),
        cmocka_unit_test(damaged_records_are_refused),
        cmocka_unit_test(what_an_older_version_made_is_not_guessed_at),
        cmocka_unit_test(the_end_has_an_order),
        cmocka_unit_test(enforcement_is_turned_off),
        cmocka_unit_test(rules_for_those_who_left_go),
        cmocka_unit_test(firewalld_lets_in_no_more),
        cmocka_unit_test(ufw_lets_in_no_more),
    };
    if (!mkdtemp(root))
        return 1;
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    sh("rm -rf %s", root);
    return rc;
}

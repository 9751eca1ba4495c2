/*
 * Words that a shell would act on, in every place where a resource holds a word: each type's script
 * runs for real, in a folder where nothing but a shell and stubs is to be found, and does none of what
 * the words say. The inventory refuses such words; this holds without it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/parse.h"
#include "engine/members.h"
#include "engine/module.h"
#include "engine/record.h"
#include "engine/restype.h"

/* Where the scripts run: their whole file system. */
static char root[] = "/tmp/engine-hostile-XXXXXX";

/* Every "%" is the number of the place, so that the file that appears names it. */
static const char *const words[] = {
    "$(:>/canary-%)",    "`:>/canary-%`",    "; :>/canary-%",      "& :>/canary-% &",  "&& :>/canary-%",
    "|| :>/canary-%",    "| :>/canary-%",    ">/canary-%",         "\n:>/canary-%\n",  "\n}\n:>/canary-%\n",
    "'; :>/canary-%; '", "\"; :>/canary-%;\"", "\nEOF\n:>/canary-%\n", "${x:=`:>/canary-%`}",
    ") :>/canary-% (",   "$'\\n:>/canary-%'", "\\'; :>/canary-% #",  "a/'$(:>/canary-%)'",
};

/* What the scripts call; each says nothing and succeeds, so that what follows is reached. */
static const char stubs[] =
    "apt-get apt-cache awk base64 cat chgrp chmod chown command cp cut date dpkg dpkg-query exportfs find findmnt "
    "firewall-cmd flock getenforce getsebool grep grubby head hostname hostnamectl ifdown ifup ip iptables keepalived "
    "dnf yum ln mkdir mktemp modprobe mount mountpoint mv nft nginx promtool readlink resolvconf rm rmdir rmmod rpm sed "
    "restorecon setenforce setsebool sha256sum sleep sort ss stat sync sysctl systemctl systemd-analyze systemd-run tail test timeout "
    "touch tr ufw umount uniq unshare wc xargs";

static const char *place(struct arena *a, const char *word, unsigned n)
{
    autosb struct strbuf sb = {0};
    for (; *word; word++)
        if (*word == '%')
            sb_addf(&sb, "%u", n);
        else
            sb_addc(&sb, *word);
    return arena_strdup(a, sb_str(&sb));
}

static int build(void **state)
{
    char command[2048];
    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof command,
             "cd %s && mkdir -p bin dev tmp etc proc/self/fd run/clusterctl var/lib/clusterctl && "
             ": >dev/null && : >proc/self/fd/1 && "
             "cp -L --parents /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*') . && "
             "for c in %s; do echo '#!/bin/sh' >bin/$c && chmod 755 bin/$c || exit; done",
             root, stubs);
    return system(command) == 0 ? 0 : -1;
}

static int destroy(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command);
}

static void run(const struct strbuf *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/script", root);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text->s, 1, text->len, f), text->len);
    fclose(f);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60); /* an endless script is a failure, too */
        if (chroot(root) < 0 || chdir("/") < 0)
            _exit(99);
        if (!freopen("/dev/null", "w", stdout) || !freopen("/log", "w", stderr) ||
            !freopen("/dev/null", "r", stdin))
            _exit(98);
        execl("/bin/sh", "sh", "/script", (char *)NULL);
        _exit(97);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 97);
}

static void no_canary(const char *word)
{
    char command[256];
    snprintf(command, sizeof command, "cd %s && ! ls canary-* 2>/dev/null | grep . && ! grep -i 'syntax\\|unterm' log",
             root);
    if (system(command) != 0)
        fail_msg("the shell has acted on: %s", word);
}

/* A catalog with the word in every text that a resource has; the observation, too. */
struct bed {
    struct arena arena;
    struct host host;
    struct cluster cluster;
    struct facts facts;
    struct catalog cat;
    struct observation obs;
    struct plan plan;
    unsigned places;
    const char *word;
    enum firewall_backend firewall;
};

static const char *w(struct bed *b)
{
    return place(&b->arena, b->word, b->places++);
}

/* A path is always absolute. */
static const char *p(struct bed *b)
{
    return arena_printf(&b->arena, "/x/%s", w(b));
}

static const char *const *list_of(struct bed *b)
{
    const char **list = arena_array(&b->arena, const char *, 2);
    list[0] = w(b);
    return list;
}

static void want_everything(struct bed *b)
{
    struct catalog *c = &b->cat;
    struct ipaddr a, none = {0};
    struct fw_rule *rules = arena_array(&b->arena, struct fw_rule, 1);
    ipaddr_parse("10.1.1.1", &a);
    rules[0] = (struct fw_rule){"tcp", 80, a};
    want_hostname(c, w(b));
    want_network(c, p(b), (struct res_network){.stack = NET_IFUPDOWN, .interface = w(b), .address = a, .content = w(b)},
                 24, &none);
    want_confirm(c);
    want_packages(c, PACKAGES_APT, NULL, list_of(b));
    want_dir(c, p(b), (struct res_dir){.owner = w(b), .group = w(b), .mode = 0755});
    struct resource *f = want_file(c, p(b), (struct res_file){.content = w(b), .owner = w(b), .group = w(b),
                                                              .backup = true, .check = FILE_CHECK_NGINX});
    f->notify = w(b);
    f->notify_how = NOTIFY_RELOAD;
    want_block(c, p(b), (struct res_block){.marker = "clusterctl", .content = w(b), .drop_field = 1,
                                           .drop_value = w(b), .drop_value2 = w(b)});
    want_sysctl(c, w(b), w(b));
    want_kmod(c, w(b));
    want_address(c, (struct res_address){.address = a, .prefix = 32, .interface = w(b), .label = w(b)});
    want_firewall(c, (struct res_firewall){.rules = rules, .n_rules = 1});
    want_sebool(c, w(b));
    want_export(c, p(b), (struct res_export){.clients = list_of(b), .options = w(b)});
    want_mount(c, p(b), (struct res_mount){.source = w(b), .fstype = "nfs", .options = w(b)});
    want_service(c, w(b), (struct res_service){0});
    want_owned(c);
}

/* What hosts say reaches their own scripts again. */
static void observe_hostile(struct bed *b)
{
    for (size_t i = 0; i < b->cat.list.n; i++) {
        struct resource *have = &b->obs.have[i];
        if (have->type == RES_FIREWALL) {
            have->firewall.backend = b->firewall;
            have->firewall.chains = list_of(b);
            have->firewall.boot_chains = list_of(b);
            have->firewall.live = have->firewall.stored = have->firewall.ours = list_of(b);
        } else if (have->type == RES_NETWORK) {
            have->network.content = w(b);
            have->network.addresses = have->network.gateways = w(b);
        } else if (have->type == RES_DIR) {
            have->dir = (struct res_dir){.exists = true, .owner = w(b), .group = w(b)};
        } else if (have->type == RES_EXPORT) {
            have->export.live = list_of(b);
        } else if (have->type == RES_MOUNT) {
            have->mount = (struct res_mount){.source = w(b), .fstype = w(b), .options = w(b)};
        }
    }
}

/* A record of each type, as a host may have it. */
static void remember(struct bed *b)
{
    for (unsigned t = 0; t < RES_TYPES; t++) {
        if (!res_ops(t)->undo)
            continue;
        struct owned *o = vec_push(&b->facts.owned);
        *o = (struct owned){.type = t, .key = p(b), .arg = w(b), .before = w(b)};
        o->id = arena_printf(&b->arena, "%s %s", res_ops(t)->name, o->key);
    }
}

static void open_bed(struct bed *b, const char *word, enum firewall_backend firewall)
{
    struct err e = {0};
    *b = (struct bed){.word = word, .firewall = firewall};
    b->host = (struct host){.name = w(b), .hostname = w(b), .roles = ROLE_DIRECTOR, .ssh.user = w(b)};
    ipaddr_parse("10.1.1.130", &b->host.address);
    b->cluster = (struct cluster){.name = w(b), .hosts = &b->host, .n_hosts = 1, .network.managed = true};
    remember(b);
    b->cat = (struct catalog){.cluster = &b->cluster, .host = &b->host, .facts = &b->facts, .module = "test"};
    want_everything(b);
    if (owned_removals(&b->cat, OWNED_STALE, &e) < 0)
        fail_msg("%s", e.msg);
    observation_init(&b->obs, &b->cat);
    observe_hostile(b);
}

static void close_bed(struct bed *b)
{
    plan_free(&b->plan);
    observation_free(&b->obs);
    catalog_free(&b->cat);
    facts_free(&b->facts);
    arena_free(&b->arena);
}

/* Every type's step, whether this observation asks for it or not. */
static void plan_everything(struct bed *b)
{
    b->plan.catalog = &b->cat;
    for (size_t i = 0; i < b->cat.list.n; i++) {
        size_t before = b->plan.steps.n;
        const struct resource *want = b->cat.list.v[i];
        plan_diff(&b->plan, want, &b->obs.have[i]);
        if (b->plan.steps.n == before && want->type != RES_PORT)
            plan_step(&b->plan, want, &b->obs.have[i], IMPACT_NONE, "%s", want->key)->todo = ~0u;
    }
}

/* As apply.c puts a step's text together. */
static void add_steps(struct bed *b, struct script *s, const struct run_record *record)
{
    for (size_t i = 0; i < b->plan.steps.n; i++) {
        const struct step *step = &b->plan.steps.v[i];
        script_addf(s, "{ m start %zu\n(", i + 1);
        plan_apply(s, step);
        script_addf(s, ") >/run/clusterctl/out 2>/log\n");
        record_step(s, record, step);
        observe_one(s, step->want);
        script_addf(s, "m done %zu\n} </dev/null\n", i + 1);
    }
}

static void no_word_is_acted_on(void **state)
{
    (void)state;
    if (geteuid() != 0) /* chroot() */
        skip();
    static const enum firewall_backend firewalls[] = {FW_NFTABLES, FW_UFW, FW_FIREWALLD};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        struct bed b;
        struct script s;
        struct err e = {0};
        open_bed(&b, words[i], firewalls[i % ARRAY_LEN(firewalls)]);
        plan_everything(&b);
        struct run_record record = {.id = "20261126T071500Z-0001", .about = "\"x\":\"'$(:>/canary-about)\""};
        assert_int_equal(script_init(&s, &e), 0);
        script_prelude(&s);
        facts_script(&s, &b.cluster, &b.host, &b.facts);
        observe_functions(&s, &b.cat);
        owned_functions(&s, &b.plan);
        record_begin(&s, &record, &b.host, b.plan.steps.n);
        observe_script(&s, &b.cat);
        add_steps(&b, &s, &record);
        record_end(&s, &record, &b.host, "\"end\":\"'$(:>/canary-end)\"", w(&b));
        script_end(&s);
        run(&s.text);
        no_canary(words[i]);
        script_free(&s);
        close_bed(&b);
    }
}

/* The test above finds what it is there for. */
static void a_word_that_is_not_quoted_is_found(void **state)
{
    autosb struct strbuf text = {0};
    (void)state;
    if (geteuid() != 0) /* chroot() */
        skip();
    sb_addf(&text, "ip addr show %s\n", "$(:>/canary-0)");
    run(&text);
    char path[128];
    snprintf(path, sizeof path, "%s/canary-0", root);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_that_is_not_quoted_is_found),
        cmocka_unit_test(no_word_is_acted_on),
    };
    return cmocka_run_group_tests(tests, build, destroy);
}

/*
 * host_tool look|apply ROOT [COMMAND...]: a host of our own, whose /run, /var/lib and /etc/exports.d are folders
 * of ROOT, is looked at and brought to what main() declares. The script runs under COMMAND (which makes its
 * calls fail), in namespaces of its own. Prints the steps that are left to do, or what became of them.
 * 0: done, or nothing to do. 1: a step said that it failed, or steps are to do. 2: the script ended before its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "engine/observe.h"
#include "engine/plan.h"
#include "engine/record.h"
#include "engine/restype.h"

static struct host host = {.name = "h", .roles = ROLE_DIRECTOR, .ssh.user = "root"};
static struct cluster cluster = {.name = "w", .hosts = &host, .n_hosts = 1};
static const char *root;

struct bed {
    struct facts facts;
    struct catalog cat;
    struct observation obs;
    struct plan plan;
    bool failed, ended;
    size_t done;
};

static void fail(const char *what)
{
    fprintf(stderr, "host_tool: %s\n", what);
    exit(125);
}

static const char *in_root(struct bed *b, const char *name)
{
    return arena_printf(&b->cat.arena, "%s/tree/%s", root, name);
}

static void declare(struct bed *b)
{
    b->cat = (struct catalog){.cluster = &cluster, .host = &host, .facts = &b->facts};
    want_owned(&b->cat);
    want_sysctl(&b->cat, "net.ipv4.conf.all.arp_ignore", "1");
    want_dir(&b->cat, in_root(b, "made/deep"), (struct res_dir){.mode = 0755, .owner = "root", .group = "root"});
    want_file(&b->cat, in_root(b, "made/deep/new"), (struct res_file){.content = "new\n"});
    want_file(&b->cat, in_root(b, "conf"),
              (struct res_file){.content = "# Managed by clusterctl (w)\nours\n", .backup = true});
    want_file(&b->cat, in_root(b, "exports"), (struct res_file){.content = "/nfs/web 10.1.1.132(rw)\n"});
    want_file(&b->cat, "/var/lib/clusterctl/members", (struct res_file){.content = "member h\n"});
    want_block(&b->cat, in_root(b, "fstab"),
               (struct res_block){.content = "nfs:/nfs /mnt nfs _netdev 0 0\n", .drop_field = 2, .drop_value = "/mnt"});
}

static int hear(struct bed *b, const char *nonce, char *line)
{
    char *kind, *rest;
    struct err e = {0};
    if (!script_line(nonce, line, &kind, &rest))
        return printf("%s\n", line), 0;
    b->failed |= !strcmp(kind, "failed");
    b->ended |= !strcmp(kind, "end");
    b->done += !strcmp(kind, "done");
    return strcmp(kind, "r") != 0 || !strcmp(rest, "recorded") ? 0 : observe_record(&b->obs, rest, &e);
}

/* Run the script as its host would, under `how`, and hear what it says. */
static void run(struct bed *b, struct script *s, const char *how)
{
    autosb struct strbuf file = {0}, command = {0};
    char line[65536];
    sb_addf(&file, "%s/script", root);
    FILE *f = fopen(sb_str(&file), "w");
    if (!f || fputs(sb_str(&s->text), f) < 0 || fclose(f) != 0)
        fail("cannot write the script");
    sb_addf(&command,
            "unshare -mn sh -c 'mount --bind %s/run /run && mkdir -p /run/clusterctl && "
            "mount --bind %s/lib /var/lib && exec %s sh -s' <%s/script 2>&1",
            root, root, how, root);
    FILE *p = popen(sb_str(&command), "r");
    if (!p)
        fail("cannot start the script");
    while (fgets(line, sizeof line, p)) {
        line[strcspn(line, "\n")] = '\0';
        if (hear(b, s->nonce, line) < 0)
            fail("the script's records are not understood");
    }
    pclose(p);
}

static void look(struct bed *b)
{
    struct script s;
    struct err e = {0};
    observation_init(&b->obs, &b->cat);
    if (script_init(&s, &e) < 0)
        fail(e.msg);
    script_prelude(&s);
    observe_script(&s, &b->cat);
    script_end(&s);
    run(b, &s, "");
    script_free(&s);
    if (!b->ended)
        fail("the look did not come to its end");
    b->ended = false;
    plan_make(&b->plan, &b->cat, &b->obs);
}

/* As apply.c has it, without what a lock and a connection need. */
static void add_step(struct script *s, const struct run_record *r, const struct step *step, size_t n)
{
    script_addf(s, "{ m start %zu\n(set -e\n", n);
    plan_apply(s, step);
    script_addf(s,
                ") >/run/clusterctl/out 2>&1\nrc=$?\n"
                "[ $rc = 0 ] || { cat /run/clusterctl/out; m failed %zu $rc; m end; exit 0; }\n",
                n);
    record_step(s, r, step);
    observe_one(s, step->want);
    script_addf(s, "m done %zu\n} </dev/null\n", n);
}

static int apply(struct bed *b, const char *how)
{
    struct script s;
    struct err e = {0};
    const struct run_record record = {.id = "20260101T000000Z-0000", .about = "\"command\":\"deploy\"",
                                      .inventory_sha = "00"};
    if (script_init(&s, &e) < 0)
        fail(e.msg);
    script_prelude(&s);
    observe_functions(&s, &b->cat);
    owned_functions(&s, &b->plan);
    record_begin(&s, &record, &host, b->plan.steps.n);
    for (size_t i = 0; i < b->plan.steps.n; i++)
        add_step(&s, &record, &b->plan.steps.v[i], i + 1);
    record_end(&s, &record, &host, "\"outcome\":\"done\"", "{}\n");
    script_end(&s);
    run(b, &s, how);
    script_free(&s);
    printf("%zu of %zu done\n", b->done, b->plan.steps.n);
    return b->failed ? 1 : b->ended && b->done == b->plan.steps.n ? 0 : 2;
}

/* The sysctl is of a namespace that is no more. */
static int tell_what_is_left(const struct bed *b)
{
    int rc = 0;
    for (size_t i = 0; i < b->plan.steps.n; i++) {
        if (b->plan.steps.v[i].want->type == RES_SYSCTL)
            continue;
        printf("%s\n", b->plan.steps.v[i].summary);
        rc = 1;
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct bed b = {0};
    autosb struct strbuf how = {0};
    if (argc < 3)
        return 64;
    root = argv[2];
    for (int i = 3; i < argc; i++)
        sb_addf(&how, "%s ", argv[i]);
    declare(&b);
    look(&b);
    int rc = strcmp(argv[1], "apply") ? tell_what_is_left(&b) : apply(&b, sb_str(&how));
    plan_free(&b.plan);
    observation_free(&b.obs);
    catalog_free(&b.cat);
    facts_free(&b.facts);
    return rc;
}

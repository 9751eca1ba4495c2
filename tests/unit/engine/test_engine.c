/* Diffs, plans and the shell that carries them out. The shell runs for real, in a private /run. */
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
#include "engine/putfile.h"
#include "engine/udiff.h"
#include "shell.h"

static unsigned long dice_state = 1;

static unsigned dice(unsigned n)
{
    dice_state = dice_state * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(dice_state >> 33) % n;
}

/* Apply a unified diff the way patch(1) does, trusting nothing but its hunks. */
static void patched(struct strbuf *out, const char *old, const char *diff)
{
    size_t at = 0; /* lines of old consumed */
    const char *o = old ? old : "";
    for (const char *d = diff; *d;) {
        size_t n = strcspn(d, "\n");
        if (!strncmp(d, "@@ -", 4)) {
            char *end;
            size_t start = strtoul(d + 4, &end, 10);
            bool empty = *end == ',' && end[1] == '0';
            for (size_t until = empty ? start : start - 1; at < until; at++) {
                size_t k = strcspn(o, "\n");
                sb_addn(out, o, k + (o[k] == '\n'));
                o += k + (o[k] == '\n');
            }
        } else if (strncmp(d, "---", 3) != 0 && strncmp(d, "+++", 3) != 0) {
            bool last = !strncmp(d + n, "\n\\", 2);
            if (*d == ' ' || *d == '-') {
                size_t k = strcspn(o, "\n");
                assert_true(k == n - 1 && !strncmp(o, d + 1, k));
                o += k + (o[k] == '\n');
                at++;
            }
            if (*d == ' ' || *d == '+') {
                sb_addn(out, d + 1, n - 1);
                if (!last)
                    sb_addc(out, '\n');
            }
        }
        d += n + (d[n] == '\n');
    }
    sb_add(out, o);
}

static void random_text(struct strbuf *sb)
{
    unsigned n = dice(30);
    for (unsigned i = 0; i < n; i++)
        sb_addf(sb, "%c%s", 'a' + (int)dice(4), i + 1 == n && dice(3) == 0 ? "" : "\n");
}

static void diffs_patch_old_to_new(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        autosb struct strbuf a = {0}, b = {0}, d = {0}, r = {0};
        random_text(&a);
        random_text(&b);
        udiff(&d, "/f", sb_str(&a), sb_str(&b));
        patched(&r, sb_str(&a), sb_str(&d));
        assert_string_equal(sb_str(&r), sb_str(&b));
        assert_int_equal(d.len == 0, !strcmp(sb_str(&a), sb_str(&b)));
    }
}

static void diffs_read_like_diff(void **state)
{
    autosb struct strbuf d = {0};
    (void)state;
    udiff(&d, "/etc/x", "1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n");
    assert_string_equal(sb_str(&d), "--- a/etc/x\n+++ b/etc/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n"
                                    " 6\n 7\n 8\n");
    sb_reset(&d);
    udiff(&d, "/etc/x", NULL, "new");
    assert_string_equal(sb_str(&d), "--- /dev/null\n+++ b/etc/x\n@@ -0,0 +1 @@\n+new\n"
                                    "\\ No newline at end of file\n");
}

/* A catalog with one resource, its observation, and the plan between the two. */
struct one {
    struct catalog cat;
    struct observation obs;
    struct plan plan;
};

static void observe_lines(struct one *x, const char *const *lines)
{
    struct err e = {0};
    observation_init(&x->obs, &x->cat);
    for (; *lines; lines++) {
        char buf[512];
        snprintf(buf, sizeof buf, "%s", *lines);
        if (observe_record(&x->obs, buf, &e) < 0)
            fail_msg("%s: %s", *lines, e.msg);
    }
    plan_make(&x->plan, &x->cat, &x->obs);
}

static void forget(struct one *x)
{
    plan_free(&x->plan);
    observation_free(&x->obs);
    catalog_free(&x->cat);
    *x = (struct one){0};
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const nothing[] = {NULL};

/* "0 content BASE64", as ob_content prints it. */
static void content_record(struct strbuf *out, const struct strbuf *text)
{
    sb_add(out, "0 content ");
    base64_encode(out, sb_str(text), text->len, 0);
}

static void files_differ_by_content_mode_and_owner(void **state)
{
    static const struct {
        const char *stat, *content;
        size_t steps;
    } cases[] = {
        {"file:/etc/x stat 644 root root regular file", "0 content YQo=", 0},
        {"file:/etc/x stat 600 root root regular file", "0 content YQo=", 1},
        {"file:/etc/x stat 644 root adm regular file", "0 content YQo=", 1},
        {"file:/etc/x stat 644 root root regular file", "0 content Ygo=", 1},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct one x = {0};
        want_file(&x.cat, "/etc/x", (struct res_file){.content = "a\n"});
        observe_lines(&x, LINES(cases[i].stat, cases[i].content));
        assert_int_equal(x.plan.steps.n, cases[i].steps);
        forget(&x);
    }
    struct one x = {0};
    want_file(&x.cat, "/etc/x", (struct res_file){.content = "a\n", .seed = true});
    observe_lines(&x, LINES("file:/etc/x stat 600 www www regular empty file"));
    assert_int_equal(x.plan.steps.n, 0); /* a seed belongs to its user once it is there */
    forget(&x);
}

/* Stopped: neither whether it is enabled nor what waits for a reload matters. */
static void a_unit_is_stopped(void **state)
{
    (void)state;
    static const struct {
        const char *active;
        bool stops;
    } cases[] = {{"active", true}, {"activating", true}, {"inactive", false}, {"failed", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct one x = {0};
        char line[80];
        want_service(&x.cat, "keepalived.service", (struct res_service){.stopped = true});
        snprintf(line, sizeof line, "service:keepalived.service ActiveState %s", cases[i].active);
        const char *const lines[] = {"service:keepalived.service LoadState loaded", line,
                                     "service:keepalived.service UnitFileState disabled",
                                     "service:keepalived.service Pending reload", NULL};
        observe_lines(&x, lines);
        assert_int_equal(x.plan.steps.n, cases[i].stops);
        if (cases[i].stops) {
            assert_string_equal(x.plan.steps.v[0].summary, "stop keepalived.service");
            assert_int_equal(x.plan.steps.v[0].impact, IMPACT_VIP_MOVES);
        }
        forget(&x);
    }
}

static void a_changed_file_reloads_its_service(void **state)
{
    struct one x = {0};
    (void)state;
    struct resource *f = want_file(&x.cat, "/etc/x", (struct res_file){.content = "a\n"});
    f->notify = "x.service";
    f->notify_how = NOTIFY_RELOAD;
    want_service(&x.cat, "x.service", (struct res_service){0});
    observe_lines(&x, LINES("service:x.service LoadState loaded", "service:x.service ActiveState active",
                            "service:x.service UnitFileState enabled"));
    assert_int_equal(x.plan.steps.n, 2);
    assert_string_equal(x.plan.steps.v[1].summary, "reload x.service (is active)");
    assert_int_equal(plan_impact(&x.plan), IMPACT_RELOAD);
    forget(&x);

    /* Cut off between the file and the reload: the mark on the host is enough. */
    want_service(&x.cat, "x.service", (struct res_service){0});
    observe_lines(&x, LINES("service:x.service LoadState loaded", "service:x.service ActiveState active",
                            "service:x.service UnitFileState enabled",
                            "service:x.service Pending reload"));
    assert_int_equal(x.plan.steps.n, 1);
    forget(&x);
}

static void exports_need_every_option_and_no_stranger(void **state)
{
    static const char *const clients[] = {"10.1.1.132", "10.1.1.133", NULL};
    const struct res_export want = {.clients = clients, .options = "rw,root_squash"};
    struct one x = {0};
    (void)state;
    want_export(&x.cat, "/nfs/web", want);
    observe_lines(&x, LINES("0 client 10.1.1.132(rw,sync,root_squash)",
                            "0 client 10.1.1.133(rw,root_squash,sync)"));
    assert_int_equal(x.plan.steps.n, 0);
    forget(&x);
    want_export(&x.cat, "/nfs/web", want);
    observe_lines(&x, LINES("0 client 10.1.1.132(rw,no_root_squash)", "0 client 10.1.1.133(rw,root_squash)"));
    assert_int_equal(x.plan.steps.n, 1);
    forget(&x);
    want_export(&x.cat, "/nfs/web", want);
    observe_lines(&x, LINES("0 client 10.1.1.132(rw,root_squash)", "0 client 10.1.1.133(rw,root_squash)",
                            "0 client *(rw,root_squash)"));
    assert_int_equal(x.plan.steps.n, 1);
    forget(&x);
}

/* By exportfs -o, say; listed as nfs-utils 2.6 does. */
static void exports_give_no_more_than_is_asked_for(void **state)
{
#define LISTED(access, port, root, uid, gid)                                                       \
    "0 client 10.1.1.132(" access ",sync,wdelay,hide,nocrossmnt," port "," root ",no_all_squash,"    \
    "no_subtree_check,secure_locks,acl,no_pnfs,anonuid=" uid ",anongid=" gid ",sec=sys," access ","  \
    root ",no_all_squash)"
    static const char *const clients[] = {"10.1.1.132", NULL};
    static const struct {
        const char *options, *seen, *extra; /* NULL: nothing to do */
    } cases[] = {
        {"rw,sync", LISTED("rw", "secure", "root_squash", "65534", "65534"), NULL},
        {"rw,sync", LISTED("rw", "insecure", "root_squash", "65534", "65534"), "insecure"},
        {"rw,sync", LISTED("rw", "secure", "no_root_squash", "65534", "65534"), "no_root_squash"},
        {"rw,sync", LISTED("rw", "secure", "root_squash", "0", "65534"), "anonuid=0"},
        {"rw,sync", LISTED("rw", "secure", "root_squash", "65534", "0"), "anongid=0"},
        {"sync", LISTED("rw", "secure", "root_squash", "65534", "65534"), "rw"},
        {"sync", LISTED("ro", "secure", "root_squash", "65534", "65534"), NULL},
        {"rw,insecure,no_root_squash,anonuid=0,anongid=0", LISTED("rw", "insecure", "no_root_squash", "0", "0"), NULL},
    };
#undef LISTED
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char summary[128] = "";
        struct one x = {0};
        want_export(&x.cat, "/nfs/web", (struct res_export){.clients = clients, .options = cases[i].options});
        observe_lines(&x, LINES(cases[i].seen));
        if (cases[i].extra)
            snprintf(summary, sizeof summary, "export /nfs/web to 1 client (now to 1, with %s)", cases[i].extra);
        assert_string_equal(x.plan.steps.n ? x.plan.steps.v[0].summary : "", summary);
        forget(&x);
    }
}

static void strangers_on_a_port_block(void **state)
{
    struct one x = {0};
    (void)state;
    want_port(&x.cat, 80, "nginx", false);
    observe_lines(&x, LINES("0 line LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:((\"nginx\",pid=8,fd=6))",
                            "0 line LISTEN 0 511 [::]:80 [::]:* users:((\"apache2\",pid=9,fd=4))"));
    assert_int_equal(x.plan.steps.n, 1);
    assert_non_null(strstr(x.plan.steps.v[0].blocked, "taken by apache2"));
    forget(&x);
}

/* Where that is asked for, and only what is known to be a web server. */
static void web_servers_are_stopped(void **state)
{
    struct one x = {0};
    struct script s = {0};
    (void)state;
    want_port(&x.cat, 80, "nginx", true);
    observe_lines(&x, LINES("0 line LISTEN 0 511 *:80 *:* users:((\"httpd\",pid=9,fd=4))"));
    assert_int_equal(x.plan.steps.n, 1);
    assert_null(x.plan.steps.v[0].blocked);
    assert_string_equal(x.plan.steps.v[0].summary,
                        "stop and disable httpd.service, which holds port tcp/80");
    plan_apply(&s, &x.plan.steps.v[0]);
    assert_non_null(strstr(sb_str(&s.text), "free_port 80 "));
    script_free(&s);
    forget(&x);
    want_port(&x.cat, 80, "nginx", true);
    observe_lines(&x, LINES("0 line LISTEN 0 511 *:80 *:* users:((\"sshd\",pid=9,fd=4))"));
    assert_non_null(strstr(x.plan.steps.v[0].blocked, "taken by sshd"));
    forget(&x);
}

static void secrets_are_starred_out(void **state)
{
    struct one x = {0};
    (void)state;
    want_file(&x.cat, "/etc/x", (struct res_file){.content = "auth_pass hunter2\n"});
    *vec_push(&x.cat.secrets) = "hunter2";
    observe_lines(&x, nothing);
    assert_null(strstr(x.plan.steps.v[0].diff, "hunter2"));
    assert_non_null(strstr(x.plan.steps.v[0].diff, "auth_pass ********"));
    forget(&x);
    /* Somebody else's, as keepalived takes it. */
    want_file(&x.cat, "/etc/x", (struct res_file){.content = "  auth_pass\tother\n  auth_pass  more\n}\n"});
    observe_lines(&x, nothing);
    assert_null(strstr(x.plan.steps.v[0].diff, "other"));
    assert_null(strstr(x.plan.steps.v[0].diff, "more"));
    assert_non_null(strstr(x.plan.steps.v[0].diff, "+}"));
    forget(&x);
}

/* Shares that are somebody else's stand around ours, or in its place. */
static void passwords_in_fstab_are_starred_out(void **state)
{
    static const char file[] = "//s/x /x cifs ro,password=hush,uid=5 0 0\n"
                               "//s/y /m cifs user=me%hush,vers=3 0 0\n"
                               "#//s/z /z cifs pass=hush\n"
                               "m:/ /c ceph name=bypass=no,secret=hush 0 0\n";
    const struct res_block b = {.content = "src /m nfs rw 0 0\n", .drop_field = 2, .drop_value = "/m"};
    struct one x = {0};
    autosb struct strbuf line = {0}, text = {0};
    (void)state;
    sb_add(&text, file);
    content_record(&line, &text);
    want_block(&x.cat, "/etc/fstab", b)->block.check = FILE_CHECK_FSTAB;
    observe_lines(&x, LINES("block:/etc/fstab stat 644 root root regular file", sb_str(&line)));
    const char *diff = x.plan.steps.v[0].diff;
    assert_null(strstr(diff, "hush"));
    assert_non_null(strstr(diff, "\n //s/x /x cifs ro,password=********,uid=5 0 0\n"));
    assert_non_null(strstr(diff, "\n-//s/y /m cifs user=me%********,vers=3 0 0\n"));
    assert_non_null(strstr(diff, "\n #//s/z /z cifs pass=********\n"));
    assert_non_null(strstr(diff, "\n m:/ /c ceph name=bypass=no,secret=******** 0 0\n"));
    forget(&x);
}

/* The reports of a hostile host: refused, never followed. */
static void records_are_checked(void **state)
{
    static const char *const bad[] = {"", "0", "1 value 1", "99999999999 value x", "sysctl:other value 1",
                                      "kmod:net.x value 1", "-1 value 1"};
    struct one x = {0};
    struct err e = {0};
    (void)state;
    want_sysctl(&x.cat, "net.x", "1");
    observation_init(&x.obs, &x.cat);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char buf[64];
        snprintf(buf, sizeof buf, "%s", bad[i]);
        assert_int_equal(observe_record(&x.obs, buf, &e), -1);
    }
    forget(&x);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void read_text(const char *path, struct strbuf *out)
{
    char buf[4096];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;)
        sb_addn(out, buf, n);
    fclose(f);
}

/* Run a step's own shell on this machine, with a private /run and /var/lib/clusterctl. */
static int run_step(const struct step *step)
{
    struct script s;
    struct err e = {0};
    char path[] = "/tmp/engine-step-XXXXXX";
    char command[128];
    assert_int_equal(script_init(&s, &e), 0);
    script_prelude(&s);
    script_add(&s, "mount -t tmpfs none /run && mkdir -p /run/clusterctl && "
                   "mount -t tmpfs none /var/lib && set -e\n");
    script_add(&s, res_ops(step->want->type)->functions);
    res_ops(step->want->type)->apply(&s, step);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, s.text.s, s.text.len), (ssize_t)s.text.len);
    close(fd);
    snprintf(command, sizeof command, "unshare -m sh %s >%s.out 2>&1", path, path);
    int rc = system(command);
    unlink(path);
    snprintf(command, sizeof command, "%s.out", path);
    unlink(command);
    script_free(&s);
    return rc;
}

/* The edit that is shown (C) and the edit that is made (awk) are the same, from any start. */
static void the_block_shown_is_the_block_made(void **state)
{
    static const char *const starts[] = {
        "",
        "one\n",
        "one\n# a comment /m\nsrc /m nfs defaults 0 0\ntwo\n",
        "\tsrc2   /m  nfs\nlast",
        "a\n# BEGIN clusterctl\nold /m x\nolder\n# END clusterctl\nz\n",
        "# BEGIN clusterctl\n# END clusterctl\n",
        "#/m /m\n\n\n",
    };
    char path[] = "/tmp/engine-block-XXXXXX";
    (void)state;
    close(mkstemp(path));
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        for (int again = 0; again < 2; again++) {
            struct one x = {0};
            autosb struct strbuf after = {0}, line = {0};
            const char *want = "src /m nfs x'$y 0 0\n";
            struct res_block b = {.content = want, .drop_field = 2, .drop_value = "/m"};
            want_block(&x.cat, path, b);
            autosb struct strbuf before = {0};
            if (!again)
                write_text(path, starts[i]);
            read_text(path, &before);
            content_record(&line, &before);
            char stat[128];
            snprintf(stat, sizeof stat, "block:%s stat 600 root root regular file", path);
            observe_lines(&x, LINES(stat, sb_str(&line)));
            assert_int_equal(x.plan.steps.n, again ? 0 : 1);
            if (!again) {
                autosb struct strbuf expected = {0};
                patched(&expected, sb_str(&before), x.plan.steps.v[0].diff);
                assert_int_equal(run_step(&x.plan.steps.v[0]), 0);
                read_text(path, &after);
                assert_string_equal(sb_str(&after), sb_str(&expected));
            }
            forget(&x);
        }
    }
    unlink(path);
}

static void files_arrive_byte_for_byte(void **state)
{
    char path[] = "/tmp/engine-file-XXXXXX";
    const char *text = "it's \"$(id)\" `x` \\ \t\nEOF\n# no newline at the end";
    struct one x = {0};
    autosb struct strbuf got = {0};
    (void)state;
    close(mkstemp(path));
    want_file(&x.cat, path, (struct res_file){.content = text, .mode = 0640, .backup = true});
    write_text(path, "original\n");
    observe_lines(&x, nothing);
    assert_int_equal(run_step(&x.plan.steps.v[0]), 0);
    read_text(path, &got);
    assert_string_equal(sb_str(&got), text);
    autosb struct strbuf orig = {0}, kept = {0};
    sb_addf(&orig, "%s.clusterctl-orig", path);
    read_text(sb_str(&orig), &kept);
    assert_string_equal(sb_str(&kept), "original\n");
    unlink(sb_str(&orig));
    unlink(path);
    forget(&x);
}

/* Before us anybody could read keepalived.conf, and the auth_pass in it. */
static void the_original_of_a_secret_is_kept_as_one(void **state)
{
    static const unsigned modes[][2] = {{0600, 0600}, {0640, 0644}};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        char path[] = "/tmp/engine-file-XXXXXX";
        struct stat st;
        struct one x = {0};
        autosb struct strbuf orig = {0};
        close(mkstemp(path));
        chmod(path, 0644);
        write_text(path, "original\n");
        want_file(&x.cat, path, (struct res_file){.content = "new", .mode = modes[i][0], .backup = true});
        observe_lines(&x, nothing);
        assert_int_equal(run_step(&x.plan.steps.v[0]), 0);
        sb_addf(&orig, "%s.clusterctl-orig", path);
        assert_int_equal(stat(sb_str(&orig), &st), 0);
        assert_int_equal(st.st_mode & 07777, modes[i][1]);
        unlink(sb_str(&orig));
        unlink(path);
        forget(&x);
    }
}

/* Somebody who may write to the share puts a link where the new file is being made. */
static void nobody_leads_root_elsewhere(void **state)
{
    static const struct {
        const char *swap, *said;
    } cases[] = {
        {"", "0 hi\n"},
        {"rm() { command rm \"$@\"; ln -s /run/victim \"$t\"; }\n", "refused\n"},
        {"rm() { command rm \"$@\"; ln -s /run/device \"$t\"; }\n", "refused\n"},
        {"base64() { command base64 \"$@\"; ln -sf /run/victim \"$t\"; }\n", "0 mine\n"},
        {"base64() { command base64 \"$@\"; ln -sf /run/device \"$t\"; }\n", "refused\n"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf text = {0}, out = {0}, want = {0};
        sb_add(&text, "mount -t tmpfs none /run && cd /run && mkdir share && mknod -m 600 device c 1 3 || exit\n"
                      "echo mine >victim; chmod 600 victim\n");
        sb_add(&text, putfile_functions);
        sb_add(&text, cases[i].swap);
        sb_add(&text, "(set -e; put_file /run/share/x 0644 nobody:root 0 none - reload 0) 2>/dev/null <<'EOF'\n"
                      "aGkK\nEOF\n"
                      "rc=$?; [ $rc = 0 ] && { printf '0 '; cat share/x; } || echo refused\n"
                      "cat victim; stat -c '%a %U' victim device\n");
        sb_addf(&want, "%smine\n600 root\n600 root\n", cases[i].said);
        shell_run(text.s, text.len, &out);
        assert_string_equal(sb_str(&out), sb_str(&want));
    }
}

static void a_refused_file_changes_nothing(void **state)
{
    char path[] = "/tmp/engine-conf-XXXXXX";
    struct one x = {0};
    autosb struct strbuf got = {0}, tmp = {0};
    (void)state;
    close(mkstemp(path));
    write_text(path, "! good\n");
    want_file(&x.cat, path,
              (struct res_file){.content = "vrrp_instance x {\n  nonsense\n}\n",
                                .check = FILE_CHECK_KEEPALIVED});
    observe_lines(&x, nothing);
    assert_int_not_equal(run_step(&x.plan.steps.v[0]), 0);
    read_text(path, &got);
    assert_string_equal(sb_str(&got), "! good\n");
    sb_addf(&tmp, "/tmp/.%s.clusterctl-tmp", strrchr(path, '/') + 1);
    assert_int_equal(access(sb_str(&tmp), F_OK), -1);
    unlink(path);
    forget(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diffs_patch_old_to_new),
        cmocka_unit_test(diffs_read_like_diff),
        cmocka_unit_test(files_differ_by_content_mode_and_owner),
        cmocka_unit_test(a_unit_is_stopped),
        cmocka_unit_test(a_changed_file_reloads_its_service),
        cmocka_unit_test(exports_need_every_option_and_no_stranger),
        cmocka_unit_test(exports_give_no_more_than_is_asked_for),
        cmocka_unit_test(strangers_on_a_port_block),
        cmocka_unit_test(web_servers_are_stopped),
        cmocka_unit_test(secrets_are_starred_out),
        cmocka_unit_test(passwords_in_fstab_are_starred_out),
        cmocka_unit_test(records_are_checked),
        cmocka_unit_test(the_block_shown_is_the_block_made),
        cmocka_unit_test(files_arrive_byte_for_byte),
        cmocka_unit_test(the_original_of_a_secret_is_kept_as_one),
        cmocka_unit_test(nobody_leads_root_elsewhere),
        cmocka_unit_test(a_refused_file_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

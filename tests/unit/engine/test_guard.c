/*
 * Changes that take themselves back. The shell runs for real over a private /var/lib and /etc/systemd;
 * systemctl and systemd-run are made up, and tell what they were asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/guard.h"
#include "engine/resource.h"
#include "shell.h"

#define GUARD "/var/lib/clusterctl/guard"

static const char world[] =
    "mount -t tmpfs none /var/lib && mount -t tmpfs none /run && mkdir -p /run/clusterctl || exit\n"
    "mkdir -p /etc/systemd/system && mount -t tmpfs none /etc/systemd/system || exit\n"
    "for f in systemctl systemd-run; do\n"
    "  printf '#!/bin/sh\\ncase $1 in is-active) echo active ;; is-enabled) echo enabled ;;\\n"
    "*) echo \"%s $*\" >>/run/said ;; esac\\n' $f >/run/$f\n"
    "  chmod 755 /run/$f; mount --bind /run/$f \"$(readlink -f \"$(command -v $f)\")\" || exit\n"
    "done\n"
    "cd /var/lib; echo old >file\n";

static struct resource file = {.type = RES_FILE, .key = "/var/lib/file", .notify = "x.service"};
static struct resource fresh = {.type = RES_FILE, .key = "/var/lib/fresh"};
static struct resource unit = {.type = RES_SERVICE, .key = "x.service"};
static struct resource firewalld = {.type = RES_FIREWALL, .key = "firewall", .firewall.backend = FW_FIREWALLD};

/* A step's group as apply.c makes it: `text` is what it does. */
static void add_step(struct script *s, const struct resource *want, const char *text)
{
    struct step step = {.want = want, .have = want};
    script_add(s, "{ (set -e\n");
    guard_before(s, &step, 60);
    script_add(s, text);
    script_add(s, "\n) >/run/out 2>&1; echo \"step $?\"\n");
    guard_after(s);
    script_add(s, "}\n");
}

static void begin(struct script *s)
{
    struct err e = {0};
    assert_int_equal(script_init(s, &e), 0);
    script_add(s, world);
    script_prelude(s);
    script_add(s, "r() { echo \"r $*\"; }\n");
    guard_setup(s, 60);
}

static void expect(struct script *s, const char *want)
{
    autosb struct strbuf out = {0};
    shell_run(s->text.s, s->text.len, &out);
    assert_string_equal(sb_str(&out), want);
    script_free(s);
}

#define CHANGES(s)                                                                                 \
    do {                                                                                           \
        add_step(s, &file, "echo new >/var/lib/file; echo again >/var/lib/file");                  \
        add_step(s, &fresh, "echo new >/var/lib/fresh");                                           \
        add_step(s, &unit, ":");                                                                   \
    } while (0)

static void everything_comes_back(void **state)
{
    struct script s;
    (void)state;
    begin(&s);
    add_step(&s, &file, "echo new >/var/lib/file; echo again >/var/lib/file");
    script_add(&s, "[ -e " GUARD "/armed ] || echo not armed yet\n");
    add_step(&s, &fresh, "echo new >/var/lib/fresh");
    add_step(&s, &unit, ":");
    script_add(&s, "[ -e " GUARD "/armed ] && grep -c watch /run/said; : >/run/said\n"
                   "mkdir -p clusterctl/pending; : >clusterctl/pending/x.service.reload\n"
                   "sh " GUARD "/run revert; cat file; ls clusterctl/pending; ls fresh; cat /run/said\n"
                   "find /etc/systemd/system -type f\n");
    /* The shell of the run, should it be heard again. */
    add_step(&s, &file, "echo late >/var/lib/file");
    script_add(&s, "cat file; tail -n 1 /run/out\n");
    expect(&s, "step 0\nnot armed yet\nstep 0\nstep 0\n1\nold\n"
               "ls: cannot access 'fresh': No such file or directory\n"
               "systemctl daemon-reload\nsystemctl enable -q x.service\n"
               "systemctl reload-or-restart x.service\n"
               "step 1\nold\n"
               "-- no confirmation came in time: the host has taken its changes back\n");
}

/* With firewalld's files comes our list of what we made in them. */
static void rules_come_back_as_ours(void **state)
{
    struct script s;
    (void)state;
    begin(&s);
    script_add(&s, "[ ! -d /etc/firewalld ] || mount -t tmpfs none /etc/firewalld || exit\n"
                   "mkdir -p clusterctl; echo rule >clusterctl/firewalld\n");
    add_step(&s, &firewalld, ": >/var/lib/clusterctl/firewalld");
    script_add(&s, "sh " GUARD "/run revert >/dev/null 2>&1; cat clusterctl/firewalld\n");
    expect(&s, "step 0\nrule\n");
}

static void what_is_confirmed_stays(void **state)
{
    struct script s;
    (void)state;
    begin(&s);
    CHANGES(&s);
    script_add(&s, "guard_confirm && echo confirmed; ls " GUARD " 2>&1; cat file fresh\n");
    guard_confirmed(&s);
    add_step(&s, &file, "echo third >/var/lib/file");
    add_step(&s, &unit, ":");
    script_add(&s, "sh " GUARD "/run revert; cat file; guard_confirm || echo late\n");
    expect(&s, "step 0\nstep 0\nstep 0\nconfirmed\n"
               "ls: cannot access '" GUARD "': No such file or directory\n"
               "again\nnew\nstep 0\nstep 0\nagain\nlate\n");
}

static void a_boot_gives_the_files_back(void **state)
{
    struct script s;
    (void)state;
    begin(&s);
    CHANGES(&s);
    script_add(&s, "ls /etc/systemd/system/sysinit.target.wants\n"
                   "sh " GUARD "/run boot; cat file; ls fresh; ls " GUARD "/armed\n"
                   "ls /etc/systemd/system/sysinit.target.wants\n"
                   "guard_begin; ls " GUARD "\n");
    expect(&s, "step 0\nstep 0\nstep 0\nclusterctl-guard-boot.service\nold\n"
               "ls: cannot access 'fresh': No such file or directory\n"
               "ls: cannot access '" GUARD "/armed': No such file or directory\n"
               "ls: cannot access '" GUARD "': No such file or directory\n");
}

/* The watch ends with the change confirmed, or with it taken back when nothing is heard. */
static void the_watch_counts_from_the_last_sign_of_life(void **state)
{
    struct script s;
    (void)state;
    begin(&s);
    CHANGES(&s);
    /* From the beat that comes during the watch: the one before it would keep it for longer. */
    script_add(&s, "read -r a l </proc/uptime; a=${a%.*}; echo $((a + 60)) >" GUARD "/beat\n"
                   "(sleep 2; echo $((a + 2)) >" GUARD "/beat) &\n"
                   "sh " GUARD "/run watch 3; read -r b l </proc/uptime; b=$((${b%.*} - a))\n"
                   "[ $b -ge 5 ] && [ $b -lt 60 ] && echo waited; cat file\n"
                   "ls " GUARD "/reverted\n");
    expect(&s, "step 0\nstep 0\nstep 0\nwaited\nold\n" GUARD "/reverted\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_back),
        cmocka_unit_test(rules_come_back_as_ours),
        cmocka_unit_test(what_is_confirmed_stays),
        cmocka_unit_test(a_boot_gives_the_files_back),
        cmocka_unit_test(the_watch_counts_from_the_last_sign_of_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Who gets a host's lock. The shell runs for real over a private /run; the holder is a shell that reads
 * what it is to do from a FIFO, as one reads it from a connection.
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

#include "base/quote.h"
#include "engine/lock.h"
#include "shell.h"

#define HOLDER "anna@ops1 pid 1 since noon"
/* For how long is in parentheses, and who had it before behind `mine`. Then what is UNTIL_LOCKED ends. */
#define M \
    "m() { s=\"${*% (*}\"; [ \"$1\" = mine ] && s=mine; echo \"$s\"\n" \
    "[ \"$1\" != locked ] || exec 6>&-; }\n"
#define OTHER "ben@ops2 pid 2 since one"

/*
 * A step that reads /run/go is at work when one of these is through, and for as long: until this shell ends,
 * or until it has found the lock taken.
 */
#define UNTIL_WE_END "exec 5>/run/go\n"
#define UNTIL_LOCKED "exec 6>/run/go\n"

/* The holder's shell, at what `then` says (with the lock); $! is its pid, descriptor 8 its connection. */
static void add_holder(struct script *s, const char *then)
{
    struct script h = {0};
    script_add(&h, "exec 7>&-\nm() { echo \"holder: $1\"; }\n");
    lock_functions(&h);
    lock_take(&h, 1, HOLDER);
    script_add(&h, then);
    script_add(s, "mount -t tmpfs none /run && mkfifo /run/fifo /run/go || exit\n"
                  "sh -s </run/fifo >/run/holder & exec 8>/run/fifo\n"
                  "printf '%s\\n' ");
    quote_sh(&s->text, sb_str(&h.text));
    script_add(s, " >&8\nuntil [ -s /run/holder ]; do sleep 0.05; done\n");
    script_free(&h);
}

static void add_contender(struct script *s, unsigned wait_s, const char *owner)
{
    script_add(s, M);
    lock_functions(s);
    lock_take(s, wait_s, owner);
    script_add(s, "kill -0 $! 2>/dev/null && echo 'it lives'\n");
}

static void expect(struct script *s, const char *want)
{
    autosb struct strbuf out = {0};
    shell_run(s->text.s, s->text.len, &out);
    assert_string_equal(sb_str(&out), want);
    script_free(s);
}

/* Its client has not been heard of for as long as the machine is up. */
#define LONG_AGO "read -r state </run/clusterctl/state; echo \"${state% *} 0.00\" >/run/clusterctl/state\n"

static void a_holder_whose_client_lives_is_waited_for(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "");
    add_contender(&s, 1, OTHER);
    expect(&s, "locked " HOLDER "\nbusy " HOLDER "\nend\n");
}

static void one_that_is_gone_is_ended(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "");
    script_add(&s, LONG_AGO);
    add_contender(&s, 5, OTHER);
    expect(&s, "locked " HOLDER "\nmine\n");
}

static void the_same_owner_does_not_wait(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "");
    add_contender(&s, 5, HOLDER);
    expect(&s, "locked " HOLDER "\nmine\n");
}

/* Here, the shell is all that has the lock: it would be free if that were killed. */
static void a_step_at_work_is_not_ended(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "{ at_step 3 999999999; read x </run/go; at_step 0 0; }\n");
    script_add(&s, UNTIL_WE_END LONG_AGO);
    add_contender(&s, 1, HOLDER);
    expect(&s, "locked " HOLDER "\nbusy " HOLDER "\nend\n");
}

static void a_step_at_work_is_waited_for(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "{ at_step 3 900; read x </run/go; echo finished >>/run/holder; at_step 0 0; }\n");
    script_add(&s, UNTIL_LOCKED);
    add_contender(&s, 20, HOLDER);
    script_add(&s, "tail -n 1 /run/holder\n");
    expect(&s, "locked " HOLDER "\nmine\nfinished\n");
}

/* A holder at a step of these commands, whose output goes to /run/work, and what it does `then`. */
static void add_worker(struct script *s, const char *commands, const char *then)
{
    struct script work = {0};
    script_add(&work, "{ at_step 3 900\n");
    lock_work_begin(&work);
    script_add(&work, commands);
    lock_work_end(&work, "/run/work");
    script_add(&work, then);
    script_add(&work, "} </dev/null\n");
    add_holder(s, work.text.s);
    script_free(&work);
}

/* The holder's shell alone is killed: what it has started would work beside the next run's. */
static void work_outlives_its_shell(void **state)
{
    (void)state;
    struct script s = {0};
    add_worker(&s, "echo begun\ncat /run/go\necho finished\n", "");
    script_add(&s, UNTIL_LOCKED "kill -KILL $!; wait $! 2>/dev/null\n");
    add_contender(&s, 20, HOLDER);
    script_add(&s, "cat /run/work\n");
    expect(&s, "locked " HOLDER "\nmine\nbegun\nfinished\n");
}

/* A daemon that a step has started does not hold the lock. */
static void what_is_started_for_good_has_no_lock(void **state)
{
    (void)state;
    struct script s = {0};
    add_worker(&s, "sleep 60 >/dev/null 2>&1 & echo $! >/run/daemon\n(exit 3)\n",
               "echo \"rc $rc\" >>/run/holder; exit\n");
    script_add(&s, "wait $!\n");
    add_contender(&s, 5, OTHER);
    script_add(&s, "tail -n 1 /run/holder; kill $(cat /run/daemon) && echo 'it lived'\n");
    expect(&s, "mine\nrc 3\nit lived\n");
}

/* What else is at work in this shell's namespace, and stays for ten seconds: nothing of the lock's holder. */
#define ALONE \
    "i=0 left=?; while [ \"$left\" ] && [ $i -lt 100 ]; do i=$((i + 1)) left=; sleep 0.1\n" \
    "for d in /proc/[0-9]*; do\n" \
    "[ $d/ns/mnt -ef /proc/$$/ns/mnt ] && [ ${d#/proc/} != $$ ] && left=\"$left $d\"\n" \
    "done; done; for d in $left; do tr '\\0' ' ' <$d/cmdline; done 2>/dev/null; echo alone\n"

/* A holder at a step that would take longer than it may; what it prints is all of it that TERM ends. */
static void add_late(struct script *s, unsigned limit_s, const char *first, const char *commands)
{
    struct script work = {0};
    script_add(&work, first);
    script_addf(&work, "{ at_step 3 %u\n", limit_s);
    lock_work_begin(&work);
    script_add(&work, commands);
    lock_work_end(&work, "/run/work");
    script_add(&work, "echo goes on >>/run/holder; at_step 0 0\n} </dev/null\n");
    add_holder(s, work.text.s);
    script_free(&work);
    script_add(s, "until [ -s /run/work ]; do sleep 0.05; done\n");
}

/* By whoever wants the lock next; what asks TERM to go away, too, and what it has started. */
static void a_step_that_has_had_its_time_is_ended(void **state)
{
    (void)state;
    struct script s = {0};
    add_late(&s, 2, "", "sh -c 'trap \"\" TERM; echo begun; sleep 61; sleep 62' & sleep 63\n");
    add_contender(&s, 20, OTHER);
    script_add(&s, "tail -n 1 /run/holder\n" ALONE);
    expect(&s, "locked " HOLDER "\nmine\nholder: mine\nalone\n");
}

/* Also where the holder's shell alone was killed, and nobody waits for the step any more. */
static void a_step_without_its_shell_is_ended(void **state)
{
    (void)state;
    struct script s = {0};
    add_late(&s, 2, "", "echo begun; sleep 64\n");
    script_add(&s, "kill -KILL $!; wait $! 2>/dev/null\n");
    add_contender(&s, 20, OTHER);
    script_add(&s, ALONE);
    expect(&s, "locked " HOLDER "\nmine\nalone\n");
}

/* By nobody who asks for it: its client is gone, and so may be its shell. */
static void a_late_step_ends_by_itself(void **state)
{
    static const char *const kill[] = {"", "{ kill -KILL $!; wait $!; } 2>/dev/null\n"};
    (void)state;
    for (size_t i = 0; i < sizeof kill / sizeof *kill; i++) {
        struct script s = {0}, watch = {0};
        lock_watch_steps(&watch, HOLDER);
        add_late(&s, 2, sb_str(&watch.text), "echo begun; trap '' TERM; sleep 65\n");
        script_free(&watch);
        script_add(&s, kill[i]);
        lock_functions(&s);
        script_add(&s, "flock -w 30 /run/clusterctl/lock echo free\n"
                       "read_holder; [ $a -ge 200 ] || echo 'not yet'\n" ALONE);
        expect(&s, "free\nalone\n");
    }
}

/* And by its own run, which tells at once whether it was late. */
static void the_own_run_ends_a_late_step(void **state)
{
    (void)state;
    struct script s = {0};
    add_late(&s, 60, "", "sleep 60 >/dev/null 2>&1 & echo begun; sleep 61\n");
    lock_functions(&s);
    lock_end_overdue(&s);
    script_add(&s, "kill -0 $! && echo 'in time'\n" LONG_AGO);
    lock_end_overdue(&s);
    script_add(&s, "wait $! 2>/dev/null; echo \"$?\"; tail -n 1 /run/holder\n");
    expect(&s, "in time\n137\nholder: mine\n");
}

static void who_has_it_is_told_with_since_when(void **state)
{
    (void)state;
    struct script s = {0};
    add_worker(&s, "cat /run/go\n", "");
    script_add(&s, UNTIL_WE_END "sleep 2\nm() { echo \"$*\"; }\n");
    lock_functions(&s);
    lock_take(&s, 1, OTHER);
    autosb struct strbuf out = {0};
    shell_run(s.text.s, s.text.len, &out);
    unsigned held, at, pid;
    assert_int_equal(sscanf(sb_str(&out),
                            "locked " HOLDER " (held for %u s, at step 3 for %u s, pid %u there)\n", &held,
                            &at, &pid),
                     3);
    assert_in_range(held, 2, 60);
    script_free(&s);
}

/* The cluster's lock is another one than the host's. */
static void a_cluster_has_a_lock_of_its_own(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "");
    script_add(&s, M);
    lock_functions(&s);
    lock_of_cluster(&s);
    lock_take(&s, 1, OTHER);
    script_add(&s, "cat /run/clusterctl/owner /run/clusterctl/claim/owner | sed '2d;4d'\n");
    expect(&s, "mine\n" HOLDER "\n" OTHER "\n");
}

/* A look, then what happens until the lock is asked for, then whether what was planned may be done. */
static void add_look(struct script *s, const char *between, const char *seen)
{
    script_add(s, M "r() { echo \"$*\"; }\n");
    lock_look(s);
    script_add(s, between);
    lock_functions(s);
    lock_take(s, 20, OTHER);
    lock_unless_worked(s, seen);
    script_add(s, "echo go\n");
}

static void a_plan_is_stale_when_another_has_had_the_lock(void **state)
{
    (void)state;
    static const struct {
        const char *before, *between, *seen, *want;
    } cases[] = {
        {"", "", NULL, "mine\ngo\n"},
        {"echo 9 0 0 8 >/run/clusterctl/state\n", "", "9 0 0 8", "holder 9 0 0 8\nmine\ngo\n"},
        {"", "echo 9 0 0 8 >/run/clusterctl/state\n", NULL, "mine\nstale\nend\n"},
        {"echo 9 0 0 8 >/run/clusterctl/state\n", "echo 9 0 0 9 >/run/clusterctl/state\n", "9 0 0 8",
         "holder 9 0 0 8\nmine\nstale\nend\n"},
        /* It was at a step, and killed: nobody says when that has ended. */
        {"echo 9 4 0 8 >/run/clusterctl/state\n", "", "9 4 0 8", "holder 9 4 0 8\nmine\nstale\nend\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script s = {0};
        script_add(&s, "mount -t tmpfs none /run && mkdir /run/clusterctl || exit\n");
        script_add(&s, cases[i].before);
        add_look(&s, cases[i].between, cases[i].seen);
        expect(&s, cases[i].want);
    }
}

static void a_plan_is_stale_when_the_lock_was_waited_for(void **state)
{
    (void)state;
    struct script s = {0};
    add_worker(&s, "cat /run/go\n", "exit\n");
    script_add(&s, UNTIL_LOCKED);
    add_look(&s, "echo 9 0 0 8 >/run/clusterctl/state\n", "9 0 0 8"); /* as it was seen: not enough */
    autosb struct strbuf out = {0};
    shell_run(s.text.s, s.text.len, &out);
    assert_non_null(strstr(sb_str(&out), "locked " HOLDER "\nmine\nstale\nend\n"));
    script_free(&s);
}

/* What is written down may be another's, whose number somebody else has now. */
static void nobody_else_is_ended(void **state)
{
    (void)state;
    struct script s = {0};
    add_holder(&s, "");
    script_add(&s, "h=$!; sleep 9 >/dev/null 2>&1 8>&- & echo \"$! 0 0 0.00\" >/run/clusterctl/state\n");
    add_contender(&s, 1, OTHER);
    expect(&s, "locked " HOLDER "\nbusy " HOLDER "\nend\n");
}

static void nonsense_is_survived(void **state)
{
    (void)state;
    static const char *const states[] = {"", "1", "1 0 0", "x 0 0 0", "1 0 0 -1", "1 0 0 1",
                                        "1 0 0 1.2.34", "1 0 0 .x5", "$(id) 0 0 0.00"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct script s = {0};
        add_holder(&s, "");
        script_add(&s, "echo");
        script_arg(&s, states[i]);
        script_add(&s, " >/run/clusterctl/state\n");
        add_contender(&s, 1, OTHER);
        expect(&s, "locked " HOLDER "\nbusy " HOLDER "\nend\n");
    }
}

/* Whoever can open the lock's file can hold it: on directors keepalived may have made the folder first. */
static void the_lock_is_roots_alone(void **state)
{
    (void)state;
    struct script s = {0};
    script_add(&s, "mount -t tmpfs none /run && mkdir -m 755 /run/clusterctl || exit\n");
    add_contender(&s, 1, OTHER);
    script_add(&s, "stat -c %a /run/clusterctl\n");
    expect(&s, "mine\n700\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_holder_whose_client_lives_is_waited_for),
        cmocka_unit_test(one_that_is_gone_is_ended),
        cmocka_unit_test(the_same_owner_does_not_wait),
        cmocka_unit_test(a_step_at_work_is_not_ended),
        cmocka_unit_test(a_step_at_work_is_waited_for),
        cmocka_unit_test(work_outlives_its_shell),
        cmocka_unit_test(what_is_started_for_good_has_no_lock),
        cmocka_unit_test(a_step_that_has_had_its_time_is_ended),
        cmocka_unit_test(a_step_without_its_shell_is_ended),
        cmocka_unit_test(a_late_step_ends_by_itself),
        cmocka_unit_test(the_own_run_ends_a_late_step),
        cmocka_unit_test(who_has_it_is_told_with_since_when),
        cmocka_unit_test(a_cluster_has_a_lock_of_its_own),
        cmocka_unit_test(a_plan_is_stale_when_another_has_had_the_lock),
        cmocka_unit_test(a_plan_is_stale_when_the_lock_was_waited_for),
        cmocka_unit_test(nobody_else_is_ended),
        cmocka_unit_test(nonsense_is_survived),
        cmocka_unit_test(the_lock_is_roots_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Records of runs: the shell that writes them runs for real, over a private /var/lib. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/facts.h"
#include "engine/record.h"
#include "shell.h"

static const struct host director = {
    .name = "a", .roles = ROLE_DIRECTOR, .ssh = {.user = "root"}};
static const struct host server = {
    .name = "b", .roles = ROLE_REAL_SERVER, .ssh = {.user = "ops"}};

#define INVENTORY "{\"auth_pass\": \"s3cret\"}"

static struct run_record record_of(const char *id)
{
    struct run_record r = {.id = id, .about = "\"command\":\"deploy\""};
    sha256_hex(INVENTORY, strlen(INVENTORY), r.inventory_sha);
    return r;
}

/* The script's own words, after a script of ours has looked at what it left. */
static void run_script(struct script *s, const char *mount, const char *look, struct strbuf *out)
{
    autosb struct strbuf whole = {0};
    sb_addf(&whole, "mount -t tmpfs %s none /var/lib && mkdir -p /run/clusterctl || exit\n", mount);
    sb_add(&whole, sb_str(&s->text));
    sb_addf(&whole, "\n%s\n", look);
    assert_int_equal(shell_run(whole.s, whole.len, out), 0);
}

static void begin(struct script *s)
{
    struct err e = {0};
    assert_int_equal(script_init(s, &e), 0);
    script_prelude(s);
    script_add(s, "r() { echo \"r $*\"; }\n");
}

static void ids_sort_and_are_strict(void **state)
{
    char a[RUN_ID_LEN];
    struct err e = {0};
    (void)state;
    assert_int_equal(run_id_make(a, &e), 0);
    assert_true(run_id_valid(a));
    assert_true(run_id_valid("20261126T071500Z-3fa9"));
    static const char *const bad[] = {"", "20261126T071500Z-3fa", "20261126T071500Z-3fa9x",
                                      "20261126T071500Z-3FA9", "../61126T071500Z-3fa9",
                                      "20261126 071500Z-3fa9"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(run_id_valid(bad[i]));
}

static void a_step_tells_what_was_there_before(void **state)
{
    struct script s;
    struct run_record r = record_of("20261126T071500Z-3fa9");
    struct resource want = {.type = RES_FILE, .key = "/etc/it's"}, have = {.type = RES_FILE};
    struct step step = {.want = &want, .have = &have, .summary = "change \"/etc/it's\"\033[2J",
                        .impact = IMPACT_RELOAD};
    struct plan p = {0};
    autosb struct strbuf out = {0};
    (void)state;
    *vec_push(&p.steps) = step;
    begin(&s);
    record_begin(&s, &r, &server, p.steps.n);
    record_step(&s, &r, &step);
    have.file = (struct res_file){.exists = true, .content = "abc", .len = 3};
    record_step(&s, &r, &step);
    record_end(&s, &r, &server, "\"outcome\":\"failed\"", NULL);
    run_script(&s, "", "cat " RUNS_DIR "/*; stat -c %a " RUNS_DIR " " RUNS_DIR "/*", &out);
    assert_string_equal(
        sb_str(&out),
        "r recorded\n"
        "{\"run\":\"20261126T071500Z-3fa9\",\"command\":\"deploy\",\"ssh_user\":\"ops\"}\n"
        "{\"planned\":1}\n"
        "{\"step\":\"change \\\"/etc/it's\\\"\\\\x1b[2J\",\"impact\":\"reload\","
        "\"file\":\"/etc/it's\",\"before\":\"absent\"}\n"
        "{\"step\":\"change \\\"/etc/it's\\\"\\\\x1b[2J\",\"impact\":\"reload\","
        "\"file\":\"/etc/it's\",\"before\":"
        "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}\n"
        "{\"outcome\":\"failed\"}\n700\n600\n");
    plan_free(&p);
    script_free(&s);
}

static void an_id_follows_another(void **state)
{
    static const struct {
        const char *id, *other, *want; /* NULL: as it was, and nothing follows */
    } cases[] = {
        {"20261126T071500Z-3fa9", "20261126T071459Z-ffff", "20261126T071500Z-3fa9"},
        {"20261126T071500Z-3fa9", "20261126T071500Z-0000", "20261126T071501Z-3fa9"},
        {"20261126T071500Z-3fa9", "20261126T081500Z-ffff", "20261126T081501Z-3fa9"},
        {"20261126T071500Z-3fa9", "20271231T235959Z-ffff", "20280101T000000Z-3fa9"},
        {"20261126T071500Z-3fa9", "99991231T235959Z-ffff", NULL},
        {"20261126T071500Z-3fa9", "20269926T071500Z-ffff", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char id[RUN_ID_LEN];
        snprintf(id, sizeof id, "%s", cases[i].id);
        assert_int_equal(run_id_follow(id, cases[i].other), cases[i].want != NULL);
        assert_string_equal(id, cases[i].want ? cases[i].want : cases[i].id);
    }
}

/* Only a director holds the inventory and its digest, and only while a record speaks of it. */
static void directors_keep_the_inventory(void **state)
{
    struct script s;
    struct run_record r = record_of("20261126T071500Z-0001");
    autosb struct strbuf out = {0}, want = {0};
    (void)state;
    begin(&s);
    script_add(&s, "mkdir -p " RUNS_DIR "; : >" RUNS_DIR "/inventory-0000\n");
    record_end(&s, &r, &director, "\"outcome\":\"done\"", INVENTORY);
    run_script(&s, "", "cd " RUNS_DIR "; cat good inventory-*; echo; cat *.jsonl; ls", &out);
    sb_addf(&want,
            "r recorded\n%s %s\n" INVENTORY "\n"
            "{\"run\":\"%s\",\"command\":\"deploy\",\"ssh_user\":\"root\","
            "\"inventory_sha256\":\"%s\"}\n{\"outcome\":\"done\"}\n"
            "%s.jsonl\ngood\ninventory-%s\n",
            r.id, r.inventory_sha, r.id, r.inventory_sha, r.id, r.inventory_sha);
    assert_string_equal(sb_str(&out), sb_str(&want));
    script_free(&s);
    /* A host of another role that took no part is told nothing. */
    begin(&s);
    record_end(&s, &r, &server, "\"outcome\":\"done\"", INVENTORY);
    assert_null(strstr(sb_str(&s.text), "cret"));
    sb_reset(&out);
    run_script(&s, "", "ls /var/lib", &out);
    assert_string_equal(sb_str(&out), "");
    script_free(&s);
}

/* Ten more than a host keeps, of 07:10 to 07:12. */
static void add_sixty_runs(struct script *s)
{
    script_add(s, "mkdir -p " RUNS_DIR "; for i in 10 11 12; do for j in 0 1 2 3 4 5 6 7 8 9; do "
                  "for k in 1 2; do : >" RUNS_DIR "/20261126T07$i${j}0Z-000$k.jsonl; done; done; "
                  "done\n");
}

static void old_runs_go(void **state)
{
    struct script s;
    struct run_record r = record_of("20261126T071500Z-ffff");
    struct plan p = {0};
    autosb struct strbuf out = {0};
    (void)state;
    begin(&s);
    add_sixty_runs(&s);
    record_begin(&s, &r, &server, p.steps.n);
    run_script(&s, "", "cd " RUNS_DIR "; ls | wc -l; ls | head -n 1; ls | tail -n 1", &out);
    assert_string_equal(sb_str(&out), "50\n20261126T071050Z-0002.jsonl\n"
                                      "20261126T071500Z-ffff.jsonl\n");
    script_free(&s);
}

/* With the look, so that the next run's id can follow it. */
static void the_newest_run_is_told(void **state)
{
    struct script s;
    struct cluster c = {0};
    struct facts f = {0};
    struct err e = {0};
    autosb struct strbuf out = {0};
    char told[] = "run 20261126T071500Z-0003", nonsense[] = "run ../etc/passwd";
    (void)state;
    begin(&s);
    script_add(&s, "mkdir -p " RUNS_DIR "; : >" OWNED_FILE "; for i in 1 3 2; do "
                   ": >" RUNS_DIR "/20261126T071500Z-000$i.jsonl; done\n");
    facts_script(&s, &c, &server, &f);
    run_script(&s, "", "", &out);
    assert_non_null(strstr(sb_str(&out), "r run 20261126T071500Z-0003\n"));
    assert_int_equal(facts_record(&f, told, &e), 0);
    assert_string_equal(f.newest_run, "20261126T071500Z-0003");
    assert_int_equal(facts_record(&f, nonsense, &e), 0);
    assert_null(f.newest_run);
    facts_free(&f);
    script_free(&s);
}

/* By a clock that was behind all of theirs it would be the first to go, and what it stored with it. */
static void what_was_just_written_stays(void **state)
{
    struct script s;
    struct run_record r = record_of("20251126T071500Z-ffff");
    struct plan p = {0};
    autosb struct strbuf out = {0}, want = {0};
    (void)state;
    begin(&s);
    add_sixty_runs(&s);
    record_begin(&s, &r, &director, p.steps.n);
    record_end(&s, &r, &director, "\"outcome\":\"done\"", INVENTORY);
    run_script(&s, "", "cd " RUNS_DIR "; ls *.jsonl | wc -l; ls | head -n 2; ls inventory-*", &out);
    sb_addf(&want, "r recorded\n50\n%s.jsonl\n20261126T071050Z-0002.jsonl\ninventory-%s\n", r.id,
            r.inventory_sha);
    assert_string_equal(sb_str(&out), sb_str(&want));
    script_free(&s);
}

/* No room: nothing is left half written, nothing is said, and the steps go on. */
static void a_full_disk_stops_nothing(void **state)
{
    struct script s;
    struct run_record r = record_of("20261126T071500Z-3fa9");
    struct resource want = {.type = RES_SYSCTL, .key = "x"};
    struct step step = {.want = &want, .have = &want, .summary = "set x"};
    struct plan p = {0};
    autosb struct strbuf out = {0};
    (void)state;
    begin(&s);
    script_add(&s, "set -e\n");
    record_begin(&s, &r, &director, p.steps.n);
    record_step(&s, &r, &step);
    script_add(&s, "set +e\n");
    record_end(&s, &r, &director, "\"outcome\":\"done\"", INVENTORY);
    run_script(&s, "-o nr_inodes=3", "ls -A " RUNS_DIR "; echo went on", &out);
    assert_string_equal(sb_str(&out), "went on\n");
    script_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_sort_and_are_strict),
        cmocka_unit_test(an_id_follows_another),
        cmocka_unit_test(a_step_tells_what_was_there_before),
        cmocka_unit_test(directors_keep_the_inventory),
        cmocka_unit_test(old_runs_go),
        cmocka_unit_test(the_newest_run_is_told),
        cmocka_unit_test(what_was_just_written_stays),
        cmocka_unit_test(a_full_disk_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The token's shell, run by this machine's own sh in a directory of the test's. */
#include "test.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include "verify/token.h"

static char directory[] = "/tmp/test-token-XXXXXX";

static const char *in_directory(struct strbuf *sb, const char *name)
{
    sb_reset(sb);
    sb_addf(sb, "%s/%s", directory, name);
    return sb_str(sb);
}

/* Run a fragment the way the host's shell gets it, and return what it says. */
static void run(struct script *s, struct strbuf *said)
{
    char path[] = "/tmp/test-token-sh-XXXXXX", line[512];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, sb_str(&s->text), s->text.len), (ssize_t)s->text.len);
    close(fd);
    autosb struct strbuf command = {0};
    sb_addf(&command, "sh %s </dev/null", path);
    FILE *p = popen(sb_str(&command), "r");
    assert_non_null(p);
    while (fgets(line, sizeof line, p))
        sb_add(said, line);
    pclose(p);
    unlink(path);
}

static void begin(struct script *s)
{
    struct err e = {0};
    assert_int_equal(script_init(s, &e), 0);
    script_prelude(s);
}

static bool there(const char *path)
{
    return access(path, F_OK) == 0;
}

static void written_read_removed(void **state)
{
    struct token t;
    struct err e = {0};
    struct script s;
    autosb struct strbuf path = {0}, said = {0};
    (void)state;
    assert_int_equal(token_draw(&t, &e), 0);
    begin(&s);
    token_write(&s, directory, &t);
    token_read(&s, directory, &t);
    run(&s, &said);
    assert_non_null(strstr(sb_str(&said), "r token_written\n"));
    assert_non_null(strstr(sb_str(&said), t.text));
    assert_true(there(in_directory(&path, t.name)));
    script_free(&s);

    begin(&s);
    token_remove(&s, directory, &t);
    token_read(&s, directory, &t);
    sb_reset(&said);
    run(&s, &said);
    assert_false(there(sb_str(&path)));
    assert_non_null(strstr(sb_str(&said), "r token_error "));
    script_free(&s);
}

/* A file that a killed run left is removed by the next, others' files never, nor a run's just now.
 */
static void leftovers(void **state)
{
    static const char *const names[] = {TOKEN_PREFIX "old", TOKEN_PREFIX "new", "page.html"};
    struct utimbuf long_ago = {time(NULL) - 3600, time(NULL) - 3600};
    struct token t;
    struct err e = {0};
    struct script s;
    autosb struct strbuf path = {0}, said = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        FILE *f = fopen(in_directory(&path, names[i]), "w");
        assert_non_null(f);
        fclose(f);
        if (i != 1)
            utime(sb_str(&path), &long_ago);
    }
    assert_int_equal(token_draw(&t, &e), 0);
    begin(&s);
    token_write(&s, directory, &t);
    token_remove(&s, directory, &t);
    run(&s, &said);
    script_free(&s);
    assert_false(there(in_directory(&path, names[0])));
    assert_true(there(in_directory(&path, names[1])));
    assert_true(there(in_directory(&path, names[2])));
}

static void no_writing(void **state)
{
    struct token t;
    struct err e = {0};
    struct script s;
    autosb struct strbuf said = {0};
    (void)state;
    assert_int_equal(token_draw(&t, &e), 0);
    begin(&s);
    token_write(&s, "/nonexistent", &t);
    run(&s, &said);
    assert_non_null(strstr(sb_str(&said), "r token_error "));
    assert_null(strstr(sb_str(&said), "token_written"));
    script_free(&s);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    autosb struct strbuf command = {0};
    (void)state;
    sb_addf(&command, "rm -rf %s", directory);
    return system(sb_str(&command)); /* NOLINT */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_read_removed),
        cmocka_unit_test(leftovers),
        cmocka_unit_test(no_writing),
    };
    return cmocka_run_group_tests_name("token", tests, make_directory, remove_directory);
}

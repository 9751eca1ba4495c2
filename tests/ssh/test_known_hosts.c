/* known_hosts: what comparing with ssh, as test_known_hosts.py does, cannot show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "ssh/known_hosts.h"
#include "ssh/wire.h"

/* Keys made of a type and one letter: known_hosts does not look inside. */
static size_t blob(unsigned char *out, const char *type, char letter)
{
    autosb struct strbuf sb = {0};
    wire_put_string(&sb, type, strlen(type));
    wire_put_string(&sb, &letter, 1);
    memcpy(out, sb.s, sb.len);
    return sb.len;
}

static void add_key(struct strbuf *text, const char *prefix, const char *type, char letter)
{
    unsigned char key[128];
    size_t n = blob(key, type, letter);
    sb_addf(text, "%s %s ", prefix, type);
    base64_encode(text, key, n, 0);
    sb_addc(text, '\n');
}

static void write_file(char *path, const struct strbuf *text)
{
    strcpy(path, "/tmp/known_hosts.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, sb_str(text), text->len), text->len);
    close(fd);
}

static enum known_hosts_verdict check(const char *const *files, const char *host, unsigned port,
                                      const char *type, char letter,
                                      struct known_hosts_where *where)
{
    unsigned char key[128];
    enum known_hosts_verdict verdict;
    struct err e = {0};
    size_t n = blob(key, type, letter);
    assert_int_equal(known_hosts_check(files, host, port, type, key, n, &verdict, where, &e), 0);
    return verdict;
}

static void test_where(void **state)
{
    char a[64], b[64];
    autosb struct strbuf first = {0}, second = {0};
    struct known_hosts_where at;
    (void)state;
    sb_add(&first, "# comment\n\n");
    add_key(&first, "10.0.0.1", "ssh-rsa", 'r');
    add_key(&second, "10.0.0.1", "ssh-ed25519", 'k');
    add_key(&second, "@revoked *", "ssh-ed25519", 'v');
    write_file(a, &first);
    write_file(b, &second);
    const char *const files[] = {"/nonexistent/file", a, b, NULL};

    assert_int_equal(check(files, "10.0.0.1", 22, "ssh-ed25519", 'k', &at), KNOWN_HOSTS_MATCH);
    assert_string_equal(at.file, b);
    assert_int_equal(at.line, 1);
    assert_int_equal(check(files, "10.0.0.1", 22, "ssh-ed25519", 'x', &at), KNOWN_HOSTS_CHANGED);
    assert_int_equal(at.line, 1);
    assert_int_equal(strncmp(at.fingerprint, "SHA256:", 7), 0);
    assert_int_equal(check(files, "10.0.0.1", 22, "ecdsa-sha2-nistp256", 'k', &at),
                     KNOWN_HOSTS_UNKNOWN);
    assert_int_equal(check(files, "10.0.0.9", 2222, "ssh-ed25519", 'v', &at), KNOWN_HOSTS_REVOKED);
    assert_int_equal(at.line, 2);
    assert_int_equal(check(files, "10.0.0.9", 22, "ssh-ed25519", 'k', &at), KNOWN_HOSTS_UNKNOWN);
    assert_string_equal(at.file, "");
    unlink(a);
    unlink(b);
}

static void test_no_files(void **state)
{
    struct known_hosts_where at;
    const char *const none[] = {NULL};
    char types[4][40];
    (void)state;
    assert_int_equal(check(none, "h", 22, "ssh-ed25519", 'k', &at), KNOWN_HOSTS_UNKNOWN);
    assert_int_equal(check(NULL, "h", 22, "ssh-ed25519", 'k', &at), KNOWN_HOSTS_UNKNOWN);
    assert_int_equal(known_hosts_types(NULL, "h", 22, types, 4), 0);
}

static void test_types(void **state)
{
    char path[64], types[4][40];
    autosb struct strbuf text = {0};
    (void)state;
    add_key(&text, "[h]:2222", "ssh-ed25519", 'a');
    add_key(&text, "[h]:2222", "ssh-ed25519", 'b');
    add_key(&text, "@revoked [h]:2222", "ssh-dss", 'c');
    add_key(&text, "@cert-authority *", "ssh-rsa", 'c');
    add_key(&text, "h", "ecdsa-sha2-nistp256", 'd');
    write_file(path, &text);
    const char *const files[] = {path, NULL};
    assert_int_equal(known_hosts_types(files, "h", 2222, types, 4), 1);
    assert_string_equal(types[0], "ssh-ed25519");
    assert_int_equal(known_hosts_types(files, "H", 22, types, 4), 1);
    assert_string_equal(types[0], "ecdsa-sha2-nistp256");
    assert_int_equal(known_hosts_types(files, "h", 99, types, 4), 1); /* by the plain name */
    assert_int_equal(known_hosts_types(files, "h", 22, types, 0), 0);
    unlink(path);
}

/* Short names (libssh2's own reader never matches these), IPv6, long patterns. */
static void test_names(void **state)
{
    char path[64];
    autosb struct strbuf text = {0}, monster = {0};
    struct known_hosts_where at;
    (void)state;
    for (int i = 0; i < 2000; i++)
        sb_addc(&monster, '*');
    sb_add(&monster, ",z");
    add_key(&text, "a", "ssh-ed25519", '1');
    add_key(&text, "2001:DB8::1,[2001:db8::2]:2222", "ssh-ed25519", '2');
    add_key(&text, sb_str(&monster), "ssh-ed25519", '3');
    write_file(path, &text);
    const char *const files[] = {path, NULL};
    assert_int_equal(check(files, "a", 22, "ssh-ed25519", '1', &at), KNOWN_HOSTS_MATCH);
    assert_int_equal(check(files, "2001:db8::1", 22, "ssh-ed25519", '2', &at), KNOWN_HOSTS_MATCH);
    assert_int_equal(check(files, "2001:db8::2", 2222, "ssh-ed25519", '2', &at), KNOWN_HOSTS_MATCH);
    assert_int_equal(check(files, "2001:db8::2", 22, "ssh-ed25519", '2', &at), KNOWN_HOSTS_UNKNOWN);
    assert_int_equal(check(files, "z", 22, "ssh-ed25519", '3', &at), KNOWN_HOSTS_UNKNOWN);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_no_files),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What each version of keepalived is known to take, and what it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"
#include "modules/keepalived_grammar.h"

#define INSTANCE(lines) "vrrp_instance VI_1 {\n" lines "\n}\n"
#define SERVER(lines) "virtual_server 10.1.1.140 80 {\n real_server 10.1.1.132 80 {\n" lines "\n }\n}\n"

static const struct {
    const char *text;
    struct version v;
    const char *said; /* NULL: accepted */
} cases[] = {
    {"", {1, 3, 5}, NULL},
    {"# nothing }\n! nothing {\n", {1, 3, 5}, NULL},
    {INSTANCE(" advert_int 1"), {1, 3, 5}, NULL},
    {INSTANCE(" advert_int 0.1"), {1, 3, 5}, "does not take \"0.1\" in advert_int (line 2"},
    {INSTANCE(" advert_int 0.1"), {2, 0, 10}, NULL},
    {INSTANCE(" advert_int 1."), {2, 2, 8}, "does not take"},
    {INSTANCE(" track_file {\n x\n }"), {1, 3, 5}, "does not know \"track_file\" in vrrp_instance"},
    {INSTANCE(" track_file {\n x\n }"), {2, 0, 10}, NULL},
    {"track_file x {\n file /x\n}\n", {2, 0, 10}, "does not know \"track_file\" (line 1"},
    {"track_file x {\n file /x\n}\n", {2, 1, 5}, NULL},
    {"vrrp_track_file x {\n file /x\n}\n", {2, 0, 10}, NULL},
    {"global_defs {\n vrrp_startup_delay 2\n}\n", {2, 0, 10}, "does not know"},
    {"global_defs {\n vrrp_startup_delay 2\n}\n", {2, 1, 5}, NULL},
    {"global_defs {\n vrrp_version 4\n}\n", {2, 2, 8}, "does not take \"4\" in vrrp_version"},
    {INSTANCE(" unicast_peer {\n 10.1.1.131 min_ttl 255 max_ttl 255\n }"), {2, 1, 5}, "min_ttl"},
    {INSTANCE(" unicast_peer {\n 10.1.1.131 min_ttl 255 max_ttl 255\n }"), {2, 2, 8}, NULL},
    {INSTANCE(" virtual_router_id 256"), {1, 3, 5}, "does not take"},
    {INSTANCE(" authentication {\n auth_pass 123456789\n }"), {1, 3, 5}, "auth_pass"},
    {INSTANCE(" authentication {\n auth_pass 12345678\n }"), {1, 3, 5}, NULL},
    {INSTANCE(" authentication {\n auth_pass ab#cd\n }"), {1, 3, 5}, NULL}, /* "ab": a comment */
    {SERVER(" weight 0"), {1, 3, 5}, NULL},
    {SERVER(" weight 0"), {2, 0, 10}, "does not take \"0\" in weight"},
    {SERVER(" weight 0"), {2, 1, 5}, "does not take"},
    {SERVER(" weight 0"), {2, 2, 8}, NULL},
    {SERVER(" HTTP_GET {\n retry 1\n }"), {1, 3, 5}, "does not know \"retry\" in HTTP_GET"},
    {SERVER(" HTTP_GET {\n nb_get_retry 1\n }"), {1, 3, 5}, NULL},
    {SERVER(" HTTP_GET {\n retry 0\n }"), {2, 1, 5}, NULL},
    {SERVER(" TCP_CHECK {\n retry 3\n }"), {1, 3, 5}, NULL},
    {SERVER(" TCP_CHECK {\n retry 0\n }"), {1, 3, 5}, "does not take"},
    {SERVER(" TCP_CHECK {\n nb_get_retry 3\n }"), {1, 3, 5}, "nb_get_retry"}, /* the article's */
    {SERVER(" TCP_CHECK {\n connect_timeout 0.5\n }"), {2, 0, 10}, "does not take \"0.5\""},
    {SERVER(" TCP_CHECK {\n connect_timeout 0.5\n }"), {2, 1, 5}, NULL},
    {SERVER(" UDP_CHECK {\n retry 1\n }"), {2, 0, 10}, "does not know \"UDP_CHECK\""},
    {SERVER(" UDP_CHECK {\n retry 1\n }"), {2, 1, 5}, NULL},
    {INSTANCE(" nopreempt yes"), {1, 3, 5}, "does not take \"yes\" in nopreempt"},
    {INSTANCE(" virtual_rooter_id 10"), {2, 2, 8}, "virtual_rooter_id"},
    {"}\n", {2, 2, 8}, "nothing to close"},
    {"vrrp_instance VI_1 {\n", {2, 2, 8}, "misses the end of \"vrrp_instance\""},
    {"vrrp_instance VI_1\n", {2, 2, 8}, "does not take"},
};

static void test_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        int rc = keepalived_lint(cases[i].text, cases[i].v, &e);
        if ((rc == 0) != !cases[i].said || (rc < 0 && !strstr(e.msg, cases[i].said)))
            fail_msg("case %zu: %d %s", i, rc, e.msg);
        assert_true(rc == 0 || e.hint[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_grammar)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above first. */
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "templates/render.h"

static const char data_text[] =
    "{\"name\": \"web01\", \"port\": 80, \"zero\": 0, \"yes\": true, \"no\": false, \"nil\": null,"
    " \"empty\": \"\", \"html\": \"a<b>&\\\"{{name}}\", \"real\": 0.5, \"none\": [],"
    " \"ips\": [\"10.1.1.132\", \"10.1.1.133\"], \"grid\": [[1, 2], [3]],"
    " \"host\": {\"name\": \"inner\", \"if\": {\"mtu\": 1500}},"
    " \"servers\": [{\"ip\": \"a\", \"tags\": [1, 2]}, {\"ip\": \"b\", \"tags\": []}]}";

static const struct {
    const char *text, *want;
} good[] = {
    {"", ""},
    {"plain } }} { text\n", "plain } }} { text\n"},
    {"{{name}}:{{port}} {{zero}}", "web01:80 0"},
    {"{{ name }}|{{\tname }}", "web01|web01"},
    {"{{html}}", "a<b>&\"{{name}}"}, /* neither escaped nor scanned again */
    {"[{{empty}}]", "[]"},
    {"{{host.name}} {{host.if.mtu}}", "inner 1500"},
    {"{{#ips}}{{.}},{{/ips}}", "10.1.1.132,10.1.1.133,"},
    {"{{#ips}}\n  {{.}};\n{{/ips}}\n", "  10.1.1.132;\n  10.1.1.133;\n"},
    {"{{#host}}{{name}}:{{port}}{{/host}}", "inner:80"},
    {"{{#host.if}}{{mtu}}{{/host.if}}", "1500"},
    {"{{#yes}}{{name}}{{/yes}}{{#no}}x{{/no}}{{#nil}}x{{/nil}}{{#none}}x{{/none}}", "web01"},
    {"{{#missing}}{{nothing}}{{/missing}}{{#host.nope.deep}}x{{/host.nope.deep}}", ""},
    {"{{#name}}<{{.}}>{{/name}}{{#zero}}<{{.}}>{{/zero}}{{#empty}}x{{/empty}}", "<web01><0>"},
    {"{{^no}}a{{/no}}{{^nil}}b{{/nil}}{{^none}}c{{/none}}{{^missing}}d{{/missing}}", "abcd"},
    {"{{^empty}}e{{/empty}}{{^zero}}x{{/zero}}", "e"},
    {"{{^yes}}{{nothing}}{{/yes}}{{^name}}x{{/name}}{{^ips}}x{{/ips}}{{^real}}x{{/real}}", ""},
    {"{{#servers}}{{ip}}:{{#tags}}{{ip}}{{.}}{{/tags}}{{^tags}}-{{/tags}} {{/servers}}",
     "a:a1a2 b:- "},
    {"{{#grid}}{{#.}}{{.}}{{/.}};{{/grid}}", "12;3;"},
    {"a{{! a comment }}b{{!}}c", "abc"},
    {"a\n  {{! alone\n on two lines }}  \nb\n", "a\nb\n"},
    {"{{#yes}}\r\nx\r\n{{/yes}}\r\ny", "x\r\ny"},
    {"  {{#yes}}\n\tx\n  {{/yes}}", "\tx\n"},       /* standalone on an unended last line */
    {"| {{#yes}} x\n{{/yes}}\n", "|  x\n"},         /* not alone: the line stays */
    {"{{#yes}}{{#yes}}\nx{{/yes}}{{/yes}}", "\nx"}, /* two on a line are not alone either */
    {"{{name}}\n{{port}}\n", "web01\n80\n"},        /* values never take the line */
    {"{{#yes}}\n{{#yes}}\n{{! c }}\nx\n{{/yes}}\n{{/yes}}\n", "x\n"},
};

/* The message must hold `at` and `what`. */
static const struct {
    const char *text, *at, *what;
} bad[] = {
    {"a\nb {{nothing}}", "t:2:3:", "no value named {{nothing}}"},
    {"é{{nothing}}", "t:1:2:", "nothing"},
    {"{{host.nope}}", "t:1:1:", "host.nope"},
    {"{{name.length}}", "t:1:1:", "name.length"},
    {"{{nil}}", "t:1:1:", "is null"},
    {"{{yes}}", "t:1:1:", "is a boolean"},
    {"{{ips}}", "t:1:1:", "is an array"},
    {"{{host}}", "t:1:1:", "is an object"},
    {"{{real}}", "t:1:1:", "a fraction"},
    {"{{.}}", "t:1:1:", "is an object"},
    {"{{#real}}{{/real}}", "t:1:1:", "neither true nor false"},
    {"{{#servers}}\n{{mtu}}\n{{/servers}}", "t:2:1:", "mtu"},
    {"{{{name}}}", "t:1:1:", "not a tag"},
    {"{{&name}}", "t:1:1:", "not a tag"},
    {"{{>part}}", "t:1:1:", "not a tag"},
    {"{{=<% %>=}}", "t:1:1:", "not a tag"},
    {"{{}}", "t:1:1:", "not a tag"},
    {"{{#}}", "t:1:1:", "not a tag"},
    {"{{a b}}", "t:1:1:", "not a tag"},
    {"{{a..b}}", "t:1:1:", "not a tag"},
    {"{{.a}}", "t:1:1:", "not a tag"},
    {"{{a.}}", "t:1:1:", "not a tag"},
    {"{{ #yes}}{{/yes}}", "t:1:1:", "not a tag"},
    {"{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}", "t:1:1:", "not a tag"},
    {"x {{name\n}}", "t:1:3:", "no closing \"}}\" on its line"},
    {"{{", "t:1:1:", "no closing"},
    {"{{! open", "t:1:1:", "no closing \"}}\""},
    {"\n{{#yes}}x", "t:2:1:", "no {{/yes}}"},
    {"{{/yes}}", "t:1:1:", "not open"},
    {"{{#yes}}{{#name}}{{/yes}}{{/name}}", "t:1:18:", "{{/name}} must come first"},
    /* What is not printed must parse all the same. */
    {"{{#no}}{{>x}}{{/no}}", "t:1:8:", "not a tag"},
    {"{{#none}}{{#a}}{{/none}}", "t:1:16:", "{{/a}} must come first"},
};

static void renders(void **state)
{
    (void)state;
    json_t *data = json_loads(data_text, 0, NULL);
    assert_non_null(data);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct err e = {0};
        autosb struct strbuf out = {0};
        sb_add(&out, ">");
        /* A copy of the exact size, so that a sanitizer sees any step past the end. */
        size_t len = strlen(good[i].text);
        autofree char *text = xmalloc(len ? len : 1);
        memcpy(text, good[i].text, len);
        if (template_render_text("t", text, len, data, &out, &e) < 0)
            fail_msg("%s: %s", good[i].text, e.msg);
        assert_string_equal(sb_str(&out) + 1, good[i].want);
        assert_int_equal(template_check_text("t", text, len, &e), 0);
    }
    json_decref(data);
}

static void refuses(void **state)
{
    (void)state;
    json_t *data = json_loads(data_text, 0, NULL);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        autosb struct strbuf out = {0};
        sb_add(&out, "kept");
        size_t len = strlen(bad[i].text);
        autofree char *text = xmalloc(len);
        memcpy(text, bad[i].text, len);
        if (template_render_text("t", text, len, data, &out, &e) == 0)
            fail_msg("%s: accepted", bad[i].text);
        if (strncmp(e.msg, bad[i].at, strlen(bad[i].at)) != 0 || !strstr(e.msg, bad[i].what))
            fail_msg("%s: \"%s\" is not \"%s ... %s\"", bad[i].text, e.msg, bad[i].at, bad[i].what);
        assert_string_equal(sb_str(&out), "kept");
    }
    json_decref(data);
}

static void limits(void **state)
{
    (void)state;
    struct err e = {0};
    autosb struct strbuf deep = {0}, out = {0}, small = {.cap = 4};
    json_t *data = json_pack("{s:b}", "a", 1);
    for (int i = 0; i < TEMPLATE_MAX_DEPTH; i++)
        sb_add(&deep, "{{#a}}");
    for (int i = 0; i < TEMPLATE_MAX_DEPTH; i++)
        sb_add(&deep, "{{/a}}");
    assert_int_equal(template_render_text("t", deep.s, deep.len, data, &out, &e), 0);
    autosb struct strbuf deeper = {0};
    sb_addf(&deeper, "{{#a}}%s{{/a}}", deep.s);
    assert_int_equal(template_render_text("t", deeper.s, deeper.len, data, &out, &e), -1);
    assert_non_null(strstr(e.msg, "nested deeper than 16"));
    assert_int_equal(template_render_text("t", "12345", 5, data, &small, &e), -1);
    assert_non_null(strstr(e.msg, "longer than 4 bytes"));
    assert_string_equal(sb_str(&small), "");
    json_decref(data);
}

static void embedded(void **state)
{
    (void)state;
    struct err e = {0};
    autosb struct strbuf out = {0};
    const char *const *names = template_names();
    for (size_t i = 0; names[i]; i++)
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
    json_t *data =
        json_pack("{s:s,s:[{s:s,s:i}]}", "cluster", "web", "sysctls", "key", "net.ipv4.conf.all.arp_ignore", "value", 1);
    assert_int_equal(template_render(NULL, "arp.sysctl.tmpl", data, &out, &e), 0);
    assert_non_null(strstr(out.s, "\nnet.ipv4.conf.all.arp_ignore = 1\n"));
    assert_null(strstr(out.s, "{{"));
    assert_int_equal(template_render(NULL, "../secret", data, &out, &e), -1);
    assert_non_null(strstr(e.msg, "no template named ../secret"));
    json_decref(data);
    data = json_pack("{s:s,s:[{s:s}]}", "cluster", "web", "sysctls", "key", "k");
    assert_int_equal(template_render(NULL, "arp.sysctl.tmpl", data, &out, &e), -1);
    assert_non_null(strstr(e.msg, "built-in template arp.sysctl.tmpl:"));
    assert_non_null(strstr(e.msg, ":11: there is no value named {{value}} here"));
    json_decref(data);
}

/* A directory of its own for each test; removed by the teardown. */
static char dir[] = "/tmp/templates-XXXXXX";

static int make_dir(void **state)
{
    (void)state;
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fdopendir(fd);
    if (!d)
        return -1;
    for (const struct dirent *entry; (entry = readdir(d));)
        unlinkat(fd, entry->d_name, 0);
    closedir(d);
    return rmdir(dir);
}

static void put(const char *name, const char *text, size_t len)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

static void overrides(void **state)
{
    (void)state;
    struct err e = {0};
    struct template_set set = {dir};
    autosb struct strbuf out = {0};
    json_t *data = json_pack("{s:s,s:[]}", "cluster", "web", "sysctls");
    assert_int_equal(template_dir_check(dir, &e), 0); /* empty: nothing is overridden */
    assert_int_equal(template_render(&set, "arp.sysctl.tmpl", data, &out, &e), 0);
    assert_non_null(strstr(out.s, "Managed by clusterctl"));
    sb_reset(&out);
    put("arp.sysctl.tmpl", "own\n{{nothing}}", 4);
    put(".gitkeep", "", 0);
    assert_int_equal(template_dir_check(dir, &e), 0);
    assert_int_equal(template_render(&set, "arp.sysctl.tmpl", data, &out, &e), 0);
    assert_string_equal(out.s, "own\n");
    put("arp.sysctl.tmpl", "own\n{{nothing}}", 15);
    assert_int_equal(template_render(&set, "arp.sysctl.tmpl", data, &out, &e), -1);
    assert_memory_equal(e.msg, dir, strlen(dir)); /* names the file that must be mended */
    assert_non_null(strstr(e.msg, "/arp.sysctl.tmpl:2:1: "));
    json_decref(data);
}

static void check_says(enum err_code code, const char *msg, const char *hint)
{
    struct err e = {0};
    assert_int_equal(template_dir_check(dir, &e), -1);
    assert_int_equal(e.code, code);
    if (!strstr(e.msg, msg) || !strstr(e.hint, hint))
        fail_msg("\"%s\" (%s) is not \"%s\" (%s)", e.msg, e.hint, msg, hint);
}

static void checks_directory(void **state)
{
    (void)state;
    char path[256];
    struct err e = {0};
    put("arp.sysctl.tmp", "x", 1);
    check_says(ERR_USAGE, "/arp.sysctl.tmp does not override any template",
               "mean arp.sysctl.tmpl?");
    snprintf(path, sizeof path, "%s/arp.sysctl.tmp", dir);
    unlink(path);
    put("arp.sysctl.tmpl", "\n {{#x}}", 8);
    check_says(ERR_FAILED, "/arp.sysctl.tmpl:2:2: there is no {{/x}} to end this section", "");
    put("arp.sysctl.tmpl", "a\0b", 3);
    check_says(ERR_FAILED, "NUL byte", "");
    snprintf(path, sizeof path, "%s/arp.sysctl.tmpl", dir);
    assert_int_equal(truncate(path, TEMPLATE_MAX_BYTES + 1), 0);
    check_says(ERR_FAILED, "larger than 1048576 bytes", "");
    unlink(path);
    assert_int_equal(symlink("nowhere", path), 0);
    check_says(ERR_USAGE, "points to a file that does not exist", "");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    check_says(ERR_FAILED, "not a regular file", "");
    unlink(path);
    snprintf(path, sizeof path, "%s/nowhere", dir);
    assert_int_equal(template_dir_check(path, &e), -1);
    assert_int_equal(e.code, ERR_USAGE);
    assert_non_null(strstr(e.msg, "No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renders),
        cmocka_unit_test(refuses),
        cmocka_unit_test(limits),
        cmocka_unit_test(embedded),
        cmocka_unit_test_setup_teardown(overrides, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(checks_directory, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

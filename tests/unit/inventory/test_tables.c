/* The tables themselves, and hostile text in every string that they allow. */
#include "test.h"

#include <jansson.h>
#include <regex.h>

#include "inventory/text.h"

static const struct {
    const struct table *table;
    const char *pointer; /* where full.json has such an object */
} objects[] = {
    {&top_table, ""},          {&service_table, "/services/0"},
    {&vrrp_table, "/vrrp"},    {&health_table, "/services/0/check"},
    {&nfs_table, "/nfs"},      {&ssh_table, "/ssh"},
    {&host_table, "/hosts/2"}, {&ssh_table, "/hosts/3/ssh"},
    {&network_table, "/network"}, {&monitoring_table, "/monitoring"},
};

/* String contents as they stand in JSON. Some are harmless, but not everywhere. */
static const char *const hostile[] = {
    "",
    " ",
    "a b",
    "a\\tb",
    "a\\nb",
    "a\\r\\nb",
    "\\\"",
    "a\\\"b",
    "'",
    "\\\\",
    "$(id)",
    "`id`",
    "a;b",
    "a|b",
    "a&b",
    "a>b",
    "#",
    "ab#cd",
    "a!b",
    "{",
    "a}",
    "a{b}",
    "*",
    "%s%n",
    "..",
    "../x",
    "/..",
    "/a/../b",
    "/a/./b",
    "//",
    "/a//b",
    "/a/",
    "/",
    "~",
    "~root/x",
    "-rf",
    "--help",
    "\\u0001",
    "a\\u001b[0m",
    "\\u007f",
    "\\u009b",
    "\\u202e",
    "a\\u2066b",
    "\\u200b",
    "\\ufeff",
    "\\u2028",
    "\xc3\xa9",
    "a,,b",
    ",",
    "a,",
    "$HOME",
    "a=b",
    "(rw)",
    "<b>",
    "localhost",
    "1.2.3",
    "a..b",
    "a.-b",
    ".hidden",
    "@x",
    "a:b",
    "\\u0000",
    "a\\u0000b",
    "\xff",
    "\xc3",
    "\xed\xa0\x80",
    "a\nb",
    "\\q",
    "web1",
    "/srv/www",
    "eth0",
    "rw,hard",
    "x_y",
    "a/b",
    "a\\/b",
    "Tr\xc3\xb6te ✓",
};

static char *example;

static int load_example(void **state)
{
    (void)state;
    autofree char *path = source_path("inventory/examples/full.json");
    example = slurp(path);
    return 0;
}

static int free_example(void **state)
{
    (void)state;
    free(example);
    return 0;
}

static json_t *follow(json_t *at, const char *pointer)
{
    autofree char *copy = xstrdup(pointer);
    for (char *save, *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save))
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
    return at;
}

/* The example with one string replaced by this raw content. */
static char *example_with(size_t object, const struct field *f, const char *raw)
{
    static const char mark[] = "THE-HOSTILE-VALUE";
    json_t *json = json_loads(example, 0, NULL);
    json_t *o = follow(json, objects[object].pointer);
    assert_true(json_is_object(o));
    json_object_set_new(o, f->name, json_string(mark));
    autofree char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    char *at = strstr(text, mark);
    struct strbuf out = {0};
    sb_addn(&out, text, (size_t)(at - text));
    sb_add(&out, raw);
    sb_add(&out, at + strlen(mark));
    return sb_detach(&out);
}

/* Where the value went in the model, or NULL when it goes nowhere. */
static const char *decoded(const struct cluster *c, size_t object, const struct field *f)
{
    const void *models[] = {NULL,    &c->services[0],  &c->vrrp,     &c->services[0].check,
                            &c->nfs, &c->hosts[0].ssh, &c->hosts[2], &c->hosts[3].ssh,
                            &c->network};
    if (!f->size)
        return NULL;
    if (object == 0)
        return c->name;
    const char *field = (const char *)models[object] + f->offset;
    if (f->type == TYPE_PATHS || f->type == TYPE_STRINGS)
        return (*(const char *const *const *)(const void *)field)[0];
    return *(const char *const *)(const void *)field;
}

/* What the published schema says, as far as POSIX can read it. */
struct published {
    const struct text_rule *rule;
    regex_t pattern, refuse;
};

static struct published publish(const struct text_rule *r)
{
    struct published p = {.rule = r};
    autosb struct strbuf pattern = {0};
    text_pattern(r, &pattern);
    if (!r->rest && !r->form) /* written with \u, which POSIX has not */
        sb_reset(&pattern);
    assert_int_equal(regcomp(&p.pattern, sb_str(&pattern), REG_EXTENDED | REG_NOSUB), 0);
    const char *refuse = r->refuse ? r->refuse : "^$";
    assert_int_equal(regcomp(&p.refuse, refuse, REG_EXTENDED | REG_NOSUB), 0);
    return p;
}

static void unpublish(struct published *p)
{
    regfree(&p->pattern);
    regfree(&p->refuse);
}

static bool allows(const struct published *p, const char *s)
{
    return *s && strlen(s) <= p->rule->max && regexec(&p->pattern, s, 0, NULL, 0) == 0 &&
           regexec(&p->refuse, s, 0, NULL, 0) != 0;
}

static bool allowed_by_pattern(const struct text_rule *r, const char *s)
{
    struct published p = publish(r);
    bool yes = allows(&p, s);
    unpublish(&p);
    return yes;
}

static void assert_value_is_safe(const struct field *f, const char *s)
{
    const struct text_rule *r = f->type == TYPE_PATHS || f->type == TYPE_PATH ? &local_path_rule : f->text;
    assert_true(strlen(s) <= r->max);
    for (const char *p = s; *p; p++)
        assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
    if (!r->rest)
        return;
    assert_null(strpbrk(s, " \"'\\$`#!{}()"));
    assert_true(allowed_by_pattern(r, s));
}

static void try_value(size_t object, const struct field *f, const char *raw)
{
    struct diagnostics d = {0};
    struct err e = {0};
    autofree char *text = example_with(object, f, raw);
    autosb struct strbuf pointer = {0}, quoted = {0};
    sb_addf(&pointer, "%s/%s", objects[object].pointer, f->name);
    sb_addf(&quoted, "\"%s\"", raw);
    json_t *value = json_loadb(quoted.s, quoted.len, JSON_DECODE_ANY, NULL);
    struct cluster *c = inventory_parse(text, strlen(text), "hostile", "/base", &d, &e);
    if (c) {
        const char *s = decoded(c, object, f);
        assert_non_null(value);
        if (s && (f->type == TYPE_PATHS || f->type == TYPE_PATH) &&
            json_string_value(value)[0] != '/') {
            /* relative and home paths are completed */
            assert_int_equal(s[0], '/');
        } else if (s) {
            assert_string_equal(s, json_string_value(value));
        }
        assert_value_is_safe(f, json_string_value(value));
    } else {
        assert_true(d.list.n > 0);
        assert_int_equal(e.code, ERR_INVENTORY);
        assert_true(d.list.v[0].line > 0 && d.list.v[0].column > 0);
        if (value)
            assert_string_equal(d.list.v[0].pointer, sb_str(&pointer));
        autosb struct strbuf out = {0};
        diagnostics_print(&d, "hostile", &out);
        assert_null(strpbrk(sb_str(&out), "\x1b\r\t\x7f"));
        if (f->secret && value && strlen(raw) > 3)
            assert_null(strstr(sb_str(&out), raw));
    }
    json_decref(value);
    cluster_free(c);
    diagnostics_free(&d);
}

static bool takes_text(const struct field *f)
{
    return (f->type == TYPE_STRING && f->text) || f->type == TYPE_PATHS || f->type == TYPE_PATH ||
           f->type == TYPE_STRINGS;
}

static void hostile_text_in_every_string(void **state)
{
    (void)state;
    char *huge = xcalloc(1, 64 * 1024 + 1);
    memset(huge, 'a', 64 * 1024);
    unsigned fields = 0;
    for (size_t o = 0; o < ARRAY_LEN(objects); o++)
        for (size_t i = 0; i < objects[o].table->n_fields; i++) {
            const struct field *f = &objects[o].table->fields[i];
            if (!takes_text(f))
                continue;
            fields++;
            for (size_t k = 0; k < ARRAY_LEN(hostile); k++)
                try_value(o, f, hostile[k]);
            try_value(o, f, huge);
        }
    assert_true(fields >= 20);
    free(huge);
}

/* The code of a rule and its published pattern must say the same. */
static void rules_agree_with_their_patterns(void **state)
{
    (void)state;
    static const struct text_rule *const rules[] = {
        &any_text_rule,   &name_rule,       &hostname_rule,  &interface_rule, &auth_pass_rule,
        &check_path_rule, &check_host_rule, &directory_rule, &options_rule,   &account_rule,
        &login_rule,      &file_name_rule,  &page_rule,      &local_path_rule,
        &host_key_rule, &jump_rule};
    static const char alphabet[] = "aZ0.-_/,~:@ $";
    for (size_t r = 0; r < ARRAY_LEN(rules); r++) {
        struct published p = publish(rules[r]);
        struct arena a = {0};
        /* every string of up to three characters of the alphabet, alone and within a longer one */
        for (unsigned n = 0; n < 13 * 13 * 13; n++) {
            char s[8] = {alphabet[n % 13], alphabet[n / 13 % 13], alphabet[n / 169]};
            assert_int_equal(text_refused(rules[r], s, &a) == NULL, allows(&p, s));
            snprintf(s, sizeof s, "/%c%cb%c", alphabet[n % 13], alphabet[n / 13 % 13],
                     alphabet[n / 169]);
            assert_int_equal(text_refused(rules[r], s, &a) == NULL, allows(&p, s));
        }
        arena_free(&a);
        unpublish(&p);
    }
}

/* Texts of the form, and what becomes of them when up to three characters are changed. */
static void forms_agree_with_their_patterns(void **state)
{
    static const char key[] = "SHA256:0123456789abcdefghijABCDEFGHIJ+/01234567890";
    static const struct {
        const struct text_rule *rule;
        const char *text;
    } seeds[] = {
        {&host_key_rule, key},
        {&host_key_rule, "ssh-ed25519 AAAAC3Nz"},
        {&host_key_rule, "ecdsa-sha2-nistp256 AAAAE2VjZHNh=="},
        {&host_key_rule, "ssh-r AAAAB="},
        {&jump_rule, "ops@gate.example.com:2222"},
        {&jump_rule, "a@b@c"},
        {&jump_rule, "[2001:db8::1]:22"},
        {&jump_rule, "h:99999"},
    };
    static const char alphabet[] = "aZ0_-.@:[]=+/ A9~\xc3";
    unsigned dice = 1, taken = 0;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
        struct arena a = {0};
        struct published p = publish(seeds[i].rule);
        assert_true(allows(&p, seeds[i].text));
        for (unsigned n = 0; n < 20000; n++) {
            char s[64];
            size_t len = (size_t)snprintf(s, sizeof s, "%s", seeds[i].text);
            for (unsigned k = n % 4; k; k--) {
                dice = dice * 1103515245 + 12345;
                char *at = &s[(dice >> 8) % len];
                if ((dice >> 4) % 3 == 0)
                    memmove(at, at + 1, strlen(at));
                else
                    *at = alphabet[(dice >> 16) % (sizeof alphabet - 1)];
                len = strlen(s);
            }
            bool ours = text_refused(seeds[i].rule, s, &a) == NULL;
            taken += ours;
            assert_int_equal(ours, allows(&p, s));
        }
        arena_free(&a);
        unpublish(&p);
    }
    assert_true(taken > 50000 && taken < 150000);
}

static void long_labels_are_refused(void **state)
{
    (void)state;
    struct arena a = {0};
    char label[65] = {0};
    memset(label, 'x', 63);
    assert_null(text_refused(&hostname_rule, label, &a));
    assert_true(allowed_by_pattern(&hostname_rule, label));
    label[63] = 'x';
    assert_non_null(text_refused(&hostname_rule, label, &a));
    assert_false(allowed_by_pattern(&hostname_rule, label));
    arena_free(&a);
}

static void every_field_is_documented_and_fits(void **state)
{
    (void)state;
    for (size_t o = 0; o < ARRAY_LEN(objects); o++) {
        const struct table *t = objects[o].table;
        assert_true(t->n_fields <= 32);
        for (size_t i = 0; i < t->n_fields; i++) {
            const struct field *f = &t->fields[i];
            assert_non_null(f->name); /* a hole between the designated initialisers */
            assert_true(strlen(f->doc) > 10);
            assert_false(f->required && f->def);
            assert_int_equal(f->type == TYPE_TIME, f->unit != 0);
            if (f->type == TYPE_INT || f->type == TYPE_TIME)
                assert_true(f->min < f->max);
        }
    }
}

static void committed_schema_is_the_generated_one(void **state)
{
    (void)state;
    autofree char *path = source_path("inventory/inventory.schema.json");
    autofree char *committed = slurp(path), *generated = inventory_json_schema();
    assert_string_equal(committed, generated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_documented_and_fits),
        cmocka_unit_test(rules_agree_with_their_patterns),
        cmocka_unit_test(forms_agree_with_their_patterns),
        cmocka_unit_test(long_labels_are_refused),
        cmocka_unit_test(hostile_text_in_every_string),
        cmocka_unit_test(committed_schema_is_the_generated_one),
    };
    return cmocka_run_group_tests_name("inventory/tables", tests, load_example, free_example);
}

/* The JSON Schema (2020-12), from the same tables that decode. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "inventory/load.h"
#include "inventory/text.h"

static void set(json_t *o, const char *key, json_t *value)
{
    if (json_object_set_new(o, key, value) < 0)
        abort(); /* no memory */
}

static void set_string(json_t *o, const char *key, const char *s)
{
    set(o, key, json_string(s));
}

/* 255 rather than 255.0, as a person would write it. */
static json_t *number(long v, unsigned unit)
{
    return v % (long)unit ? json_real((double)v / unit) : json_integer(v / (long)unit);
}

static void set_choices(json_t *o, const struct choice *c)
{
    json_t *words = json_array();
    for (; c->word; c++)
        json_array_append_new(words, json_string(c->word));
    set(o, "enum", words);
}

static void set_text(json_t *o, const struct text_rule *r)
{
    autosb struct strbuf pattern = {0};
    text_pattern(r, &pattern);
    set_string(o, "type", "string");
    set(o, "minLength", json_integer(1));
    set(o, "maxLength", json_integer((json_int_t)r->max));
    set_string(o, "pattern", sb_str(&pattern));
    if (r->refuse) {
        json_t *not = json_object();
        set_string(not, "pattern", r->refuse);
        set(o, "not", not );
    }
}

/* Validators may ignore "format", so the pattern says it too. */
static void set_address(json_t *o)
{
#define BYTE "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
    set_string(o, "type", "string");
    set_string(o, "format", "ipv4");
    set_string(o, "pattern", "^(" BYTE "[.]){3}" BYTE "$");
}

static void set_array(json_t *o, json_t *items, long min, long max, bool unique)
{
    set_string(o, "type", "array");
    set(o, "items", items);
    if (min)
        set(o, "minItems", json_integer(min));
    if (max)
        set(o, "maxItems", json_integer(max));
    if (unique)
        set(o, "uniqueItems", json_true());
}

/* Either one of something, or an array of it. */
static void set_one_or_many(json_t *o, json_t *one, long min, bool unique)
{
    json_t *any = json_array(), *many = json_object();
    set_array(many, json_deep_copy(one), min, 0, unique);
    json_array_append_new(any, one);
    json_array_append_new(any, many);
    set(o, "anyOf", any);
}

static json_t *reference(const struct table *t)
{
    json_t *o = json_object();
    set(o, "$ref", json_sprintf("#/$defs/%s", t->what));
    return o;
}

/* {"env": NAME}, {"file": PATH} or {"command": TEXT} */
static json_t *secret_source(void)
{
    static const char *const kinds[] = {"env", "file", "command"};
    json_t *o = json_object(), *properties = json_object();
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        set(properties, kinds[i], json_pack("{s:s}", "type", "string"));
    set_string(o, "type", "object");
    set(o, "properties", properties);
    set(o, "minProperties", json_integer(1));
    set(o, "maxProperties", json_integer(1));
    set(o, "additionalProperties", json_false());
    return o;
}

static void set_type(json_t *o, const struct field *f)
{
    json_t *one = json_object();
    switch (f->type) {
    case TYPE_STRING:
        if (f->choices)
            set_choices(o, f->choices);
        else
            set_text(o, f->text);
        break;
    case TYPE_INT:
    case TYPE_TIME: {
        unsigned unit = f->type == TYPE_TIME ? f->unit : 1;
        set_string(o, "type", unit == 1 ? "integer" : "number");
        set(o, "minimum", number(f->min, unit));
        set(o, "maximum", number(f->max, unit));
        break;
    }
    case TYPE_BOOL: set_string(o, "type", "boolean"); break;
    case TYPE_CHOICE: set_choices(o, f->choices); break;
    case TYPE_CHOICES:
        set_choices(one, f->choices);
        set_one_or_many(o, json_incref(one), 1, true);
        break;
    case TYPE_ADDRESS: set_address(o); break;
    case TYPE_ADDRESSES:
        set_address(one);
        set_array(o, json_incref(one), f->min, f->max, true);
        break;
    case TYPE_MODE:
        set_string(o, "type", "string");
        set_string(o, "pattern", "^[0-7]{3,4}$");
        break;
    case TYPE_PATHS:
        set_text(one, &local_path_rule);
        set_one_or_many(o, json_incref(one), 0, false);
        break;
    case TYPE_PATH:
        set_text(one, &local_path_rule);
        set(o, "anyOf", json_pack("[O{s:b}]", one, "const", 0));
        break;
    case TYPE_STRINGS:
        set_text(one, f->text);
        set_one_or_many(o, json_incref(one), 1, false);
        break;
    case TYPE_SECRET:
        set_text(one, f->text);
        set(o, "anyOf", json_pack("[O,o]", one, secret_source()));
        break;
    case TYPE_OBJECT: set(o, "$ref", json_sprintf("#/$defs/%s", f->object->what)); break;
    case TYPE_LIST: set_array(o, reference(f->object), 1, 0, false); break;
    }
    json_decref(one);
}

static json_t *property(const struct field *f)
{
    json_t *o = json_object();
    set_string(o, "description", f->doc);
    set_type(o, f);
    if (f->def)
        set(o, "default", json_loads(f->def, JSON_DECODE_ANY, NULL));
    return o;
}

/* {"role": the role alone, or an array that holds it} */
static json_t *needs_role(enum role r)
{
    return json_pack("{s:{s:{s:[{s:s},{s:s,s:{s:s}}]}}}", "properties", "role", "anyOf", "const",
                     role_name(r), "type", "array", "contains", "const", role_name(r));
}

static void set_table(json_t *o, const struct table *t)
{
    json_t *properties = json_object(), *required = json_array(), *depends = json_object();
    set_string(o, "type", "object");
    for (size_t i = 0; i < t->n_fields; i++) {
        const struct field *f = &t->fields[i];
        set(properties, f->name, property(f));
        if (f->required)
            json_array_append_new(required, json_string(f->name));
        if (f->roles)
            set(depends, f->name, needs_role((enum role)f->roles));
    }
    set(o, "properties", properties);
    if (json_array_size(required))
        set(o, "required", required);
    else
        json_decref(required);
    if (json_object_size(depends))
        set(o, "dependentSchemas", depends);
    else
        json_decref(depends);
    set(o, "additionalProperties", json_false());
}

char *inventory_json_schema(void)
{
    static const struct table *const tables[] = {
        &service_table, &health_table,     &vrrp_table, &nfs_table,
        &network_table, &monitoring_table, &ssh_table,  &host_table};
    json_t *top = json_object(), *defs = json_object();
    set_string(top, "$schema", "https://json-schema.org/draft/2020-12/schema");
    set_string(top, "title", "clusterctl inventory");
    set_string(top, "description", top_table.doc);
    set_table(top, &top_table);
    set(top, "oneOf", json_pack("[{s:[s]},{s:[s]}]", "required", "vip", "required", "vips"));
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        json_t *o = json_object();
        set_string(o, "description", tables[i]->doc);
        set_table(o, tables[i]);
        set(defs, tables[i]->what, o);
    }
    set(top, "$defs", defs);

    char *text = json_dumps(top, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(top);
    if (!text)
        abort();
    struct strbuf out = {0};
    sb_addf(&out, "%s\n", text);
    xfree(text);
    return sb_detach(&out);
}

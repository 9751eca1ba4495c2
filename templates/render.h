#pragma once
/*
 * Configuration files from templates: a small, strict, logic-less subset of mustache over a JSON
 * value. The templates are embedded in the binary; each can be overridden by a file of the same
 * name in the directory given with --templates.
 *
 *   {{name}}              the value: a string or an integer, printed as it is. Quoting for the
 *                         file's own syntax is the caller's job (base/quote.h).
 *   {{a.b}}  {{.}}        a member of a member; the current element.
 *   {{#name}}...{{/name}} array: once for each element, which becomes the context; object, integer
 *                         or non-empty string: once with it as the context; true: once;
 *                         false, null, missing, [] or "": not at all.
 *   {{^name}}...{{/name}} exactly when {{#name}} would print nothing.
 *   {{! comment }}        nothing; may span lines.
 *
 * A name is looked up in the current context first, then outwards. A section or comment tag alone
 * on its line takes the whole line with it. Everything else is an error with template:line:column:
 * a {{name}} that is missing, null or of another type, other tag forms ({{{, {{&, {{>, {{=),
 * sections left open. Values are never scanned for tags: a literal "{{" can come in as a value.
 */
#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "base/sha256.h"
#include "base/strbuf.h"

enum { TEMPLATE_MAX_BYTES = 1024 * 1024, TEMPLATE_MAX_NAME = 64, TEMPLATE_MAX_DEPTH = 16 };

struct template_set {
    const char *dir; /* looked in first; NULL: only the embedded templates */
};

/* Append the rendered template to `out`, which is left as it was on an error. */
int template_render(const struct template_set *set, const char *name, const json_t *data,
                    struct strbuf *out, struct err *e);

/* The names of the embedded templates, sorted, with a NULL behind the last. */
const char *const *template_names(void);

/*
 * Is this a good --templates directory: every file in it (but dot files) overrides an embedded
 * template, is readable, and parses. What only shows with data (a missing value) is not checked.
 */
int template_dir_check(const char *dir, struct err *e);

/*
 * The SHA-256 of all templates together, overrides in place of what they override: two sets of the
 * same digest render alike.
 */
int template_set_digest(const struct template_set *set, char out[static SHA256_HEX_LEN],
                        struct err *e);

/* The renderer itself, on text in memory; `origin` is what messages call it. */
int template_render_text(const char *origin, const char *text, size_t len, const json_t *data,
                         struct strbuf *out, struct err *e);
int template_check_text(const char *origin, const char *text, size_t len, struct err *e);

#include "inventory/load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "inventory/draft.h"
#include "inventory/json.h"
#include "inventory/secret.h"

static void add_service(struct cluster *c, const struct service *s, const struct ipaddr *vip)
{
    c->services[c->n_services] = *s;
    c->services[c->n_services++].vip = *vip;
}

/* A service without a VIP of its own is one on every VIP. */
static void expand_services(struct draft *r)
{
    struct cluster *c = r->c;
    size_t n = 0;
    for (size_t i = 0; i < r->n_services; i++)
        n += r->services[i].vip.family ? 1 : c->n_vips;
    c->services = arena_array(&c->arena, struct service, n);
    for (size_t i = 0; i < r->n_services; i++) {
        const struct service *s = &r->services[i];
        if (s->vip.family)
            add_service(c, s, &s->vip);
        else
            for (size_t k = 0; k < c->n_vips; k++)
                add_service(c, s, &c->vips[k]);
    }
}

static struct cluster *cluster_new(const char *name)
{
    struct arena arena = {0};
    struct cluster *c = arena_new(&arena, struct cluster);
    c->arena = arena;
    c->file = arena_strdup(&c->arena, name);
    return c;
}

static struct cluster *parse(const char *text, size_t len, const char *name, struct decoder d,
                             struct err *e)
{
    struct diagnostics *diags = d.diags;
    size_t before = diags->list.n;
    struct cluster *c = NULL;
    json_t *json = inventory_json(text, len, diags);
    if (json) {
        c = cluster_new(name);
        c->text = secrets_taken_out(c, json, text, len);
        c->text_has_secret =
            json_is_string(json_object_get(json_object_get(json, "vrrp"), "auth_pass"));
        d.arena = &c->arena;
        d.cluster = c;
        d.json = json;
        struct draft *r = arena_new(&c->arena, struct draft); /* c->vips may point into it */
        r->c = c;
        r->diags = diags;
        decode_draft(&d, json, r);
        if (json_is_object(json))
            check_draft(r);
        if (diags->list.n == before) {
            expand_services(r);
            cluster_index(c);
        }
        json_decref(json);
        diagnostics_place(diags, text, len);
    }
    size_t n = diags->list.n - before;
    if (n == 0)
        return c;
    cluster_free(c);
    err_set(e, ERR_INVENTORY, "%s: %zu error%s in the inventory", name, n, n == 1 ? "" : "s");
    return NULL;
}

struct cluster *inventory_parse(const char *text, size_t len, const char *name,
                                const char *base_dir, struct diagnostics *diags, struct err *e)
{
    return parse(text, len, name, (struct decoder){.diags = diags, .base_dir = base_dir}, e);
}

struct cluster *inventory_parse_kept(const char *text, size_t len, const char *name,
                                     const char *base_dir, const struct cluster *own,
                                     struct diagnostics *diags, struct err *e)
{
    const struct decoder d = {
        .diags = diags, .base_dir = base_dir, .foreign = true, .known = own->secrets};
    return parse(text, len, name, d, e);
}

/* At most one byte more than is allowed, which the parser then complains about. */
static int read_file(const char *path, struct strbuf *out, struct err *e)
{
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "cannot open %s", path);
    while (out->len <= INVENTORY_MAX_BYTES) {
        char buf[64 * 1024];
        size_t room = (size_t)INVENTORY_MAX_BYTES + 1 - out->len;
        ssize_t n = read(fd, buf, room < sizeof buf ? room : sizeof buf);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, "cannot read %s", path);
        if (n == 0)
            break;
        sb_addn(out, buf, (size_t)n);
    }
    return 0;
}

/* The folder of the file itself where the path is a symbolic link; "." for a pipe. */
static char *folder_of(const char *path)
{
    char *real = realpath(path, NULL);
    if (!real && errno == ENOMEM)
        out_of_memory();
    if (!real)
        return realpath(".", NULL);
    char *slash = strrchr(real, '/');
    slash[slash == real] = '\0';
    return real;
}

struct cluster *inventory_load(const char *path, struct diagnostics *diags, struct err *e)
{
    autosb struct strbuf text = {0};
    if (read_file(path, &text, e) < 0)
        return NULL;
    autofree char *folder = folder_of(path);
    struct cluster *c =
        inventory_parse(sb_str(&text), text.len, path, folder ? folder : ".", diags, e);
    secrets_from_environment(c);
    return c;
}

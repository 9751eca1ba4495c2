#include "engine/catalog.h"

#include <assert.h>
#include <string.h>

#include "engine/module.h"
#include "engine/owned.h"

const char *impact_name(enum impact i)
{
    static const char *const names[] = {"none", "reload", "restart", "vip-moves"};
    return names[i];
}

const struct resource *catalog_find(const struct catalog *c, enum res_type type, const char *key)
{
    for (size_t i = 0; i < c->list.n; i++)
        if (c->list.v[i]->type == type && !c->list.v[i]->gone && !strcmp(c->list.v[i]->key, key))
            return c->list.v[i];
    return NULL;
}

static struct resource *add(struct catalog *c, enum res_type type, const char *key)
{
    assert(!catalog_find(c, type, key));
    struct resource *r = arena_new(&c->arena, struct resource);
    r->type = type;
    r->key = arena_strdup(&c->arena, key);
    r->module = c->module ? c->module : "";
    r->index = c->list.n;
    *vec_push(&c->list) = r;
    return r;
}

static const char *or_default(const char *s, const char *def)
{
    return s ? s : def;
}

struct resource *want_hostname(struct catalog *c, const char *name)
{
    struct resource *r = add(c, RES_HOSTNAME, name);
    r->hostname = (struct res_hostname){name, name};
    return r;
}

struct resource *want_network(struct catalog *c, const char *path, struct res_network n,
                              unsigned prefix, const struct ipaddr *gateway)
{
    char own[IPADDR_STRLEN], gw[IPADDR_STRLEN];
    struct resource *r = add(c, RES_NETWORK, path);
    n.live = arena_printf(&c->arena, "%s/%u%s%s", ipaddr_str(&n.address, own), prefix,
                          gateway->family ? " via " : ", no gateway", ipaddr_str(gateway, gw));
    r->network = n;
    return r;
}

struct resource *want_confirm(struct catalog *c)
{
    return add(c, RES_CONFIRM, "clusterctl-revert.timer");
}

struct resource *want_packages(struct catalog *c, enum package_manager manager,
                               const char *repository, const char *const *names)
{
    struct resource *r = add(c, RES_PACKAGES, "packages");
    r->packages =
        (struct res_packages){.manager = manager, .repository = repository, .names = names};
    return r;
}

struct resource *want_port(struct catalog *c, unsigned port, const char *owner, bool stop)
{
    struct resource *r = add(c, RES_PORT, arena_printf(&c->arena, "tcp/%u", port));
    r->port = (struct res_port){.port = port, .owner = owner, .stop = stop};
    return r;
}

struct resource *want_dir(struct catalog *c, const char *path, struct res_dir d)
{
    struct resource *r = add(c, RES_DIR, path);
    d.exists = true;
    d.owner = or_default(d.owner, "root");
    d.group = or_default(d.group, "root");
    d.mode = d.mode ? d.mode : 0755;
    r->dir = d;
    return r;
}

struct resource *want_file(struct catalog *c, const char *path, struct res_file f)
{
    struct resource *r = add(c, RES_FILE, path);
    f.exists = true;
    f.owner = or_default(f.owner, "root");
    f.group = or_default(f.group, "root");
    f.mode = f.mode ? f.mode : 0644;
    f.len = f.len ? f.len : strlen(f.content);
    r->file = f;
    return r;
}

struct resource *want_block(struct catalog *c, const char *path, struct res_block b)
{
    struct resource *r = add(c, RES_BLOCK, path);
    b.marker = or_default(b.marker, "clusterctl");
    r->block = b;
    return r;
}

struct resource *want_sysctl(struct catalog *c, const char *key, const char *value)
{
    struct resource *r = add(c, RES_SYSCTL, key);
    r->sysctl.value = value;
    return r;
}

struct resource *want_kmod(struct catalog *c, const char *name)
{
    struct resource *r = add(c, RES_KMOD, name);
    r->kmod.loaded = true;
    return r;
}

struct resource *want_address(struct catalog *c, struct res_address a)
{
    char buf[IPADDR_STRLEN];
    struct resource *r = add(c, RES_ADDRESS,
                             arena_printf(&c->arena, "%s/%u", ipaddr_str(&a.address, buf), a.prefix));
    a.present = a.route = true;
    r->address = a;
    return r;
}

struct resource *want_firewall(struct catalog *c, struct res_firewall f)
{
    struct resource *r = add(c, RES_FIREWALL, "firewall");
    r->firewall = f;
    return r;
}

struct resource *want_selinux(struct catalog *c, enum selinux_policy mode, bool by_argument)
{
    struct resource *r = add(c, RES_SELINUX, "selinux");
    r->selinux = (struct res_selinux){.mode = mode, .by_argument = by_argument};
    return r;
}

struct resource *want_sebool(struct catalog *c, const char *name)
{
    struct resource *r = add(c, RES_SEBOOL, name);
    r->sebool = (struct res_sebool){true};
    return r;
}

struct resource *want_export(struct catalog *c, const char *path, struct res_export x)
{
    struct resource *r = add(c, RES_EXPORT, path);
    r->export = x;
    return r;
}

struct resource *want_mount(struct catalog *c, const char *path, struct res_mount m)
{
    struct resource *r = add(c, RES_MOUNT, path);
    r->mount = m;
    return r;
}

struct resource *want_service(struct catalog *c, const char *unit, struct res_service s)
{
    struct resource *r = add(c, RES_SERVICE, unit);
    s.exists = s.enabled = s.active = !s.stopped;
    r->service = s;
    return r;
}

struct resource *want_owned(struct catalog *c)
{
    struct resource *r = add(c, RES_OWNED, OWNED_DIR);
    r->module = "owned";
    r->owned.catalog = c;
    return r;
}

struct resource *want_forgotten(struct catalog *c)
{
    struct resource *r = add(c, RES_OWNED, OWNED_DIR);
    r->module = "owned";
    r->owned = (struct res_owned){.catalog = c, .forget = true};
    r->provides = OWNED_EMPTIED;
    return r;
}

void want_needs(struct catalog *c, struct resource *r, const struct host *host,
                const char *milestone, bool soft)
{
    struct need *list = arena_grow(&c->arena, r->needs, r->n_needs, sizeof *list);
    list[r->n_needs] = (struct need){host, milestone, soft};
    r->needs = list;
    r->n_needs++;
}

const char *catalog_render(struct catalog *c, const char *name, json_t *data, struct err *e)
{
    autosb struct strbuf sb = {0};
    int rc = template_render(c->templates, name, data, &sb, e);
    json_decref(data);
    return rc < 0 ? NULL : arena_strdup(&c->arena, sb_str(&sb));
}

static size_t begins(const char *text, size_t len, const char *secret)
{
    size_t n = secret ? strlen(secret) : 0;
    return n <= len && memcmp(text, secret ? secret : "", n) == 0 ? n : 0;
}

/*
 * How much of the text, at its start, is a secret of ours; 0: none. A director has auth_pass whether
 * the modules at work have a file with it or not.
 */
static size_t known_secret(const struct catalog *c, const char *text, size_t len)
{
    bool director = c->cluster && c->host && c->host->roles & ROLE_DIRECTOR;
    size_t hit = begins(text, len, director ? c->cluster->vrrp.auth_pass : NULL);
    for (size_t k = 0; k < c->secrets.n; k++) {
        size_t n = begins(text, len, c->secrets.v[k]);
        hit = n > hit ? n : hit;
    }
    return hit;
}

/* A host may have another secret than ours: it follows this word, to the end of the line. */
static const char announced[] = "auth_pass";

static bool is_announced(const char *text, size_t len)
{
    size_t word = strlen(announced);
    return len > word && memcmp(text, announced, word) == 0 && (text[word] == ' ' || text[word] == '\t');
}

void catalog_mask(const struct catalog *c, struct strbuf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (is_announced(text + i, len - i)) {
            const char *end = memchr(text + i, '\n', len - i);
            sb_addf(out, "%s ********", announced);
            i = end ? (size_t)(end - text) : len;
            continue;
        }
        size_t hit = known_secret(c, text + i, len - i);
        if (hit)
            sb_add(out, "********");
        else
            sb_addc(out, text[i]);
        i += hit ? hit : 1;
    }
}

void catalog_free(struct catalog *c)
{
    vec_free(&c->list);
    vec_free(&c->secrets);
    arena_free(&c->arena);
}

int modules_declare(const struct module_table *modules, struct catalog *cat, struct err *e)
{
    for (const struct module *const *m = modules->list; *m; m++) {
        if (!((*m)->roles & cat->host->roles))
            continue;
        cat->module = (*m)->name;
        if ((*m)->declare(cat, e) < 0)
            return err_wrap(e, "module %s", (*m)->name);
    }
    cat->module = NULL;
    return 0;
}

#pragma once
/*
 * A catalog: everything that must be true of one host, in the order in which it is to be made true.
 * Modules fill it through the want_*() functions and set edges on what these return:
 *
 *     struct resource *conf = want_file(cat, "/etc/x.conf", (struct res_file){.content = text, ...});
 *     conf->notify = "x.service";
 *     conf->notify_how = NOTIFY_RELOAD;
 *     want_service(cat, "x.service", (struct res_service){0});
 */
#include "base/vec.h"
#include "engine/facts.h"
#include "engine/resource.h"
#include "templates/render.h"

struct catalog {
    const struct cluster *cluster;
    const struct host *host;
    const struct facts *facts;
    const struct template_set *templates;
    const char *const *forgotten;  /* departed members that are to be remembered no more; or NULL */
    const char *module;            /* whose declare() is running */
    VEC(struct resource *) list;
    VEC(const char *) secrets;     /* never to be shown: diffs print stars instead */
    struct arena arena;
};

/*
 * Defaults filled in: owner and group root, mode 0644 (file) or 0755 (dir), service enabled and
 * active, file content length by strlen. Declaring the same type and key twice is a programming
 * error (assert).
 */
struct resource *want_hostname(struct catalog *c, const char *name);
/* `gateway` may have family 0; `content` is the whole of the file `path`. */
struct resource *want_network(struct catalog *c, const char *path, struct res_network n,
                              unsigned prefix, const struct ipaddr *gateway);
struct resource *want_confirm(struct catalog *c);
/* `repository` may be NULL; `names` is NULL-terminated. */
struct resource *want_packages(struct catalog *c, enum package_manager manager,
                               const char *repository, const char *const *names);
struct resource *want_port(struct catalog *c, unsigned port, const char *owner, bool stop);
struct resource *want_dir(struct catalog *c, const char *path, struct res_dir d);
struct resource *want_file(struct catalog *c, const char *path, struct res_file f);
struct resource *want_block(struct catalog *c, const char *path, struct res_block b);
struct resource *want_sysctl(struct catalog *c, const char *key, const char *value);
struct resource *want_kmod(struct catalog *c, const char *name);
struct resource *want_address(struct catalog *c, struct res_address a);
struct resource *want_firewall(struct catalog *c, struct res_firewall f);
struct resource *want_selinux(struct catalog *c, enum selinux_policy mode, bool by_argument);
struct resource *want_sebool(struct catalog *c, const char *name);
struct resource *want_export(struct catalog *c, const char *path, struct res_export x);
struct resource *want_mount(struct catalog *c, const char *path, struct res_mount m);
/* In front of everything: the host is to remember what it was, of all that the catalog comes to hold. */
struct resource *want_owned(struct catalog *c);
/* At the end of everything: what the host remembers is removed. */
struct resource *want_forgotten(struct catalog *c);
struct resource *want_service(struct catalog *c, const char *unit, struct res_service s);

/* Add "host must have reached milestone" to a resource. */
void want_needs(struct catalog *c, struct resource *r, const struct host *host,
                const char *milestone, bool soft);

/*
 * Render template NAME over `data` (whose reference is taken) into the catalog's arena. NULL on
 * error.
 */
const char *catalog_render(struct catalog *c, const char *name, json_t *data, struct err *e);

/* The wanted resource of a type and key, or NULL. Whoever goes through the list sees `gone` ones too. */
const struct resource *catalog_find(const struct catalog *c, enum res_type type, const char *key);

/*
 * Append `text` with stars in the place of every secret, ours or a host's own ("auth_pass ..."):
 * before anything is shown or recorded.
 */
void catalog_mask(const struct catalog *c, struct strbuf *out, const char *text, size_t len);

void catalog_free(struct catalog *c);

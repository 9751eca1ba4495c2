#include "engine/members.h"

#include <string.h>

#include "base/parse.h"
#include "base/quote.h"
#include "base/strlist.h"
#include "inventory/text.h"

enum { MAX_MEMBERS = 65536 };

static const struct {
    enum role role;
    const char *word;
} roles[] = {{ROLE_DIRECTOR, "director"}, {ROLE_REAL_SERVER, "real_server"}, {ROLE_NFS, "nfs"}};

static unsigned roles_of(char *words)
{
    unsigned found = 0;
    for (char *w = words; w && *w;) {
        char *comma = strchr(w, ',');
        if (comma)
            *comma = '\0';
        for (size_t i = 0; i < ARRAY_LEN(roles); i++)
            if (!strcmp(roles[i].word, w))
                found |= roles[i].role;
        w = comma ? comma + 1 : NULL;
    }
    return found;
}

/* As the inventory would have it: the names go on into other hosts' files. */
static bool is_sound(struct arena *a, const char *name, const char *user)
{
    return !text_refused(&name_rule, name, a) && !text_refused(&login_rule, user, a);
}

void members_record(struct facts *f, char *line)
{
    char *kind = parse_word(&line);
    if (!kind)
        return;
    if (!strcmp(kind, "cluster")) {
        f->cluster_id = arena_strdup(&f->arena, line);
        return;
    }
    bool departed = !strcmp(kind, "departed");
    if (!departed && strcmp(kind, "member") != 0)
        return;
    char *name = parse_word(&line), *address = parse_word(&line), *port = parse_word(&line);
    char *user = parse_word(&line), *become = parse_word(&line);
    uint64_t number;
    struct member m = {.departed = departed};
    if (!name || !address || !port || !user || !become || f->members.n >= MAX_MEMBERS ||
        !ipaddr_parse(address, &m.address) || !parse_u64(port, 1, 65535, &number))
        return;
    unquote_octal(name);
    unquote_octal(user);
    if (!is_sound(&f->arena, name, user))
        return;
    m.name = arena_strdup(&f->arena, name);
    m.user = arena_strdup(&f->arena, user);
    m.port = (uint16_t)number;
    m.become = !strcmp(become, "sudo") ? BECOME_SUDO : BECOME_NONE;
    m.roles = roles_of(parse_word(&line));
    *vec_push(&f->members) = m;
}

void members_cluster_id(struct strbuf *out, const struct cluster *c)
{
    char vip[IPADDR_STRLEN] = "-";
    if (c->n_vips)
        ipaddr_str(&c->vips[0], vip);
    quote_octal(out, c->name);
    sb_addf(out, " %s", vip);
}

static void add(struct strbuf *out, const char *kind, const struct member *m)
{
    char address[IPADDR_STRLEN];
    sb_addf(out, "%s ", kind);
    quote_octal(out, m->name);
    sb_addf(out, " %s %u ", ipaddr_str(&m->address, address), m->port);
    quote_octal(out, m->user);
    sb_addf(out, " %s ", m->become == BECOME_SUDO ? "sudo" : "none");
    for (size_t i = 0, n = 0; i < ARRAY_LEN(roles); i++)
        if (m->roles & roles[i].role)
            sb_addf(out, "%s%s", n++ ? "," : "", roles[i].word);
    sb_addc(out, '\n');
}

static bool is_forgotten(const struct catalog *cat, const struct member *m)
{
    char address[IPADDR_STRLEN];
    return strlist_contains(cat->forgotten, m->name) ||
           strlist_contains(cat->forgotten, ipaddr_str(&m->address, address));
}

void members_text(struct strbuf *out, const struct catalog *cat)
{
    const struct cluster *c = cat->cluster;
    const struct facts *f = cat->facts;
    sb_addf(out,
            "# Managed by clusterctl (cluster %s). Changes made here are overwritten by the next "
            "deploy.\ncluster ",
            c->name);
    members_cluster_id(out, c);
    sb_addc(out, '\n');
    for (const struct host *h = NULL; (h = cluster_next_known(c, cat->host, h));)
        add(out, "member", &(struct member){.name = h->name,
                                            .address = h->address,
                                            .port = h->ssh.port,
                                            .user = h->ssh.user,
                                            .become = h->ssh.become,
                                            .roles = h->roles});
    for (size_t i = 0; i < f->members.n; i++) {
        const struct member *m = &f->members.v[i];
        if (cluster_knows(cat->host, &m->address, m->roles) &&
            !cluster_host_at(c, &m->address, ROLE_ANY) && !is_forgotten(cat, m))
            add(out, "departed", m);
    }
}

bool members_knows(const struct facts *f, const struct host *h)
{
    for (size_t i = 0; i < f->members.n; i++)
        if (ipaddr_eq(&f->members.v[i].address, &h->address) && !f->members.v[i].departed)
            return true;
    return f->members.n == 0;
}

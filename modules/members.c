#include "engine/members.h"
#include "modules/registry.h"

/*
 * Every host remembers who of the cluster it has to do with, so that one that leaves the inventory is
 * found and set free. Last of all: a director that did not get so far has not learnt of a new real server.
 */
static int declare(struct catalog *cat, struct err *e)
{
    autosb struct strbuf text = {0};
    (void)e;
    members_text(&text, cat);
    want_file(cat, MEMBERS_FILE,
              (struct res_file){.content = arena_strdup(&cat->arena, sb_str(&text)), .mode = 0600});
    return 0;
}

const struct module module_members = {
    .name = "members",
    .summary = "hosts remember who belongs to the cluster",
    .roles = ROLE_DIRECTOR | ROLE_REAL_SERVER | ROLE_NFS,
    .declare = declare,
};

/* The inventory's SSH settings, completed from the operator's own ssh_config. */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/home.h"
#include "base/ipaddr.h"
#include "ssh/config.h"
#include "ssh/ssh.h"

static const char *or_nobody(const char *s)
{
    return s ? s : "";
}

/* The paths of the file, expanded; "none" stands for no file at all. */
static const char *const *expand(struct arena *a, const char *const *paths, size_t n,
                                 const char *more, const struct config_ends *ends, struct err *e)
{
    const char **list = arena_array(a, const char *, n + 2);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!strcasecmp(paths[i], "none"))
            continue;
        if (!(list[m] = config_path(a, paths[i], ends, e)))
            return NULL;
        m++;
    }
    if (more)
        list[m] = more;
    return list;
}

/* "a,b" as a list; what could pass for an option of ssh's is none of its hosts. */
static int take_jump(struct ssh_settings *ssh, struct arena *a, const char *jump, struct err *e)
{
    size_t n = 1;
    for (const char *p = jump; *p; p++)
        n += *p == ',';
    const char **list = arena_array(a, const char *, n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(jump, ",");
        if (!len || *jump == '-')
            return err_set(e, ERR_FAILED, "ProxyJump has a host that is none");
        list[i] = arena_strndup(a, jump, len);
        jump += len + 1;
    }
    ssh->jump = list;
    return 0;
}

/* Whatever the inventory does not say itself. */
static int complete(struct ssh_settings *ssh, struct arena *a, const struct ssh_config *c,
                    struct config_ends *ends, struct err *e)
{
    if (c->user && !ssh->user_given)
        ssh->user = c->user;
    if (c->port && !ssh->port_given)
        ssh->port = (uint16_t)c->port;
    if (c->hostname)
        ssh->hostname = c->hostname;
    if (c->jump && !ssh->jump_given && take_jump(ssh, a, c->jump, e))
        return -1;
    ends->hostname = c->hostname ? c->hostname : ends->name;
    ends->user = ssh->user;
    ends->port = ssh->port;
    if (c->identities.n && !ssh->identities_given &&
        !(ssh->identities = expand(a, c->identities.v, c->identities.n, NULL, ends, e)))
        return err_wrap(e, "IdentityFile");
    if (c->known_hosts.n && !ssh->known_hosts_given &&
        !(ssh->known_hosts = expand(a, c->known_hosts.v, c->known_hosts.n,
                                    "/etc/ssh/ssh_known_hosts", ends, e)))
        return err_wrap(e, "UserKnownHostsFile");
    if (c->revoked_keys && strcasecmp(c->revoked_keys, "none") != 0 &&
        !(ssh->revoked_keys = config_path(a, c->revoked_keys, ends, e)))
        return err_wrap(e, "RevokedHostKeys");
    return 0;
}

static int configure_host(struct host *h, struct arena *a, const struct config_ends *us,
                          const struct ssh_cancel *notes, struct err *e)
{
    char address[IPADDR_STRLEN];
    struct ssh_settings *ssh = &h->ssh;
    struct config_ends ends = *us;
    struct ssh_config c;

    if (ssh->config && !*ssh->config)
        return 0;
    const char *path = ssh->config ? ssh->config : arena_printf(a, "%s/.ssh/config", us->home);
    ends.name = ssh->alias ? ssh->alias : ipaddr_str(&h->address, address);
    if (ssh->config && access(ssh->config, R_OK))
        return err_errno(e, "cannot read %s (\"config\" under \"ssh\" in the inventory)", path);
    /* The system's ssh reads the file itself: nothing of it is passed over. */
    config_note_fn *note = notes && ssh->transport != TRANSPORT_OPENSSH ? notes->note : NULL;
    int rc = config_read(&c, a, path, ends.name, !ssh->config, note, notes ? notes->ud : NULL, e);
    if (!rc && complete(ssh, a, &c, &ends, e))
        rc = err_wrap(e, "%s, for %s", path, h->name);
    config_free(&c);
    return rc;
}

int ssh_configure(struct host *hosts, size_t n, struct arena *a, const struct ssh_cancel *notes,
                  struct err *e)
{
    struct config_ends us = {.home = arena_strdup(a, home_directory())};
    const struct passwd *pw = getpwuid(getuid());
    us.local_user = arena_strdup(a, or_nobody(pw ? pw->pw_name : NULL));
    for (size_t i = 0; i < n; i++)
        if (configure_host(&hosts[i], a, &us, notes, e))
            return -1;
    return 0;
}

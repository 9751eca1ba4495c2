/*
 * The configuration that ssh is given: in ssh_config(5) the first value counts, so what must be so
 * stands first, then comes the operator's own file and the system's, and last what the inventory has
 * as defaults. A file rather than options, since ssh passes on to the ssh that reaches a jump host
 * nothing but the name of this file.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/openssh.h"
#include "ssh/pins.h"

/* For sockets and files; made with the first session. */
static char directory[80];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/*
 * KnownHostsCommand is one more source of known keys. It came with OpenSSH 8.5; an older ssh would
 * refuse a file that says "none" of it.
 */
static bool has_command;

static void look_at_ssh(void)
{
    enum { LOOK_MS = 5000, REFUSED = 255 };
    const char *const argv[] = {"ssh",       "-G", "-F", "none", "-o", "KnownHostsCommand=none",
                                "localhost", NULL};
    struct err why = {0}; /* no ssh at all: whoever needs it will say so */
    struct child c;
    if (child_start(&c, argv, &why))
        return;
    child_stop(&c, deadline_in(LOOK_MS)); /* what it prints fits into a pipe */
    has_command = !WIFEXITED(c.status) || WEXITSTATUS(c.status) != REFUSED;
}

static int make_directory(struct err *e)
{
    const char *run = getenv("XDG_RUNTIME_DIR");
    /* A socket's path holds 107 bytes, of which ssh wants 17 for a name of its own. */
    if (!run || *run != '/' || strlen(run) > 40 || access(run, W_OK))
        run = "/tmp";
    snprintf(directory, sizeof directory, "%s/clusterctl-XXXXXX", run);
    if (mkdtemp(directory)) { /* mode 0700 */
        look_at_ssh();
        return 0;
    }
    err_errno(e, "cannot make a directory in %s for ssh's sockets", run);
    directory[0] = '\0';
    return -1;
}

void openssh_exit(void)
{
    if (directory[0])
        rmdir(directory);
    directory[0] = '\0';
}

const char *openssh_target(const struct ssh *s)
{
    return s->host->ssh.alias ? s->host->ssh.alias : s->address;
}

/* A word in double quotes; `tokens` where ssh expands % in it. */
static void add_word(struct strbuf *sb, const char *s, bool tokens)
{
    sb_addc(sb, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            sb_addc(sb, '\\');
        if (*s == '%' && tokens)
            sb_addc(sb, '%');
        sb_addc(sb, *s);
    }
    sb_addc(sb, '"');
}

static int write_file(const char *path, const struct strbuf *text, struct err *e)
{
    autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, sb_str(text), text->len) != (ssize_t)text->len)
        return err_errno(e, "cannot write %s", path);
    return 0;
}

/* Host keys come from one file, or list of them, and from nowhere else; its name is to follow. */
static void add_only_source(struct strbuf *sb)
{
    if (has_command)
        sb_add(sb, "KnownHostsCommand none\n");
    sb_add(sb, "GlobalKnownHostsFile none\nUserKnownHostsFile");
}

/* About this host alone, and above everything else. */
static void add_own(struct strbuf *sb, const struct ssh *s)
{
    const struct ssh_settings *ssh = &s->host->ssh;
    sb_addf(sb, "Host %s\n", openssh_target(s));
    if (ssh->user_given)
        sb_addf(sb, "User %s\n", ssh->user);
    if (ssh->port_given)
        sb_addf(sb, "Port %u\n", ssh->port);
    if (ssh->jump_given) {
        autosb struct strbuf way = {0};
        jump_list(s->host, SIZE_MAX, &way);
        sb_addf(sb, "ProxyJump %s\n", way.len ? way.s : "none");
    }
    if (!ssh->agent)
        sb_add(sb, "IdentityAgent none\n");
    if (s->master->pins[0]) {
        sb_add(sb, "StrictHostKeyChecking yes\n");
        add_only_source(sb);
        sb_addc(sb, ' ');
        add_word(sb, s->master->pins, true);
        sb_addc(sb, '\n');
    }
}

/* About every connection, to a jump host as well. */
static void add_rules(struct strbuf *sb, const struct ssh *s)
{
    const struct ssh_settings *ssh = &s->host->ssh;
    unsigned alive = ssh->dead_after_ms / 3000;
    sb_addf(sb,
            "Host *\nBatchMode yes\nStrictHostKeyChecking %s\nUpdateHostKeys no\n"
            "NoHostAuthenticationForLocalhost no\nVerifyHostKeyDNS no\n"
            "ConnectTimeout %u\nConnectionAttempts 1\nServerAliveInterval %u\n"
            "ServerAliveCountMax 3\nForwardAgent no\nForwardX11 no\nClearAllForwardings yes\n"
            "PermitLocalCommand no\nRemoteCommand none\nRequestTTY no\nTunnel no\n"
            "VisualHostKey no\nLogLevel INFO\n",
            ssh->host_key == HOST_KEY_ACCEPT_NEW ? "accept-new" : "yes",
            (ssh_connect_timeout(s->host) + 999) / 1000, ssh->dead_after_ms && !alive ? 1 : alive);
    for (const char *const *p = ssh->identities; ssh->identities_given && p && *p; p++) {
        sb_add(sb, "IdentityFile ");
        add_word(sb, *p, true);
        sb_addc(sb, '\n');
    }
    if (!ssh->known_hosts_given)
        return;
    add_only_source(sb);
    for (const char *const *p = ssh->known_hosts; p && *p; p++) {
        sb_addc(sb, ' ');
        add_word(sb, *p, true);
    }
    sb_addf(sb, "%s\n", ssh->known_hosts && ssh->known_hosts[0] ? "" : " none");
}

static void add_operators(struct strbuf *sb, const struct ssh_settings *ssh)
{
    const char *home = getenv("HOME");
    autosb struct strbuf own = {0};
    if (ssh->config && !*ssh->config)
        return;
    sb_addf(&own, "%s/.ssh/config", home ? home : "");
    sb_add(sb, "Include ");
    add_word(sb, ssh->config ? ssh->config : sb_str(&own), false);
    sb_add(sb, "\nInclude /etc/ssh/ssh_config\n");
}

static void add_defaults(struct strbuf *sb, const struct ssh *s)
{
    char address[IPADDR_STRLEN];
    sb_addf(sb, "Host %s\nUser %s\nPort %u\nHostName %s\n", openssh_target(s), s->host->ssh.user,
            s->host->ssh.port, ipaddr_str(&s->host->address, address));
}

/*
 * Under any name, so that it does not matter what ssh takes for the host's. ssh looks at no other
 * file: what the operator's revoke is to be revoked in this one.
 */
static int write_pins(const struct ssh *s, struct err *e)
{
    const struct ssh_settings *ssh = &s->host->ssh;
    autosb struct strbuf text = {0};
    for (const char *const *p = ssh->pinned_keys; *p; p++) {
        bool revoked;
        if (pins_revoked(*p, ssh->known_hosts, s->address, ssh->port, &revoked, e))
            return -1;
        sb_addf(&text, "%s* %s\n", revoked ? "@revoked " : "", *p);
    }
    return write_file(s->master->pins, &text, e);
}

int openssh_files(struct ssh *s, struct err *e)
{
    static atomic_uint sessions;
    struct master *m = s->master;
    autosb struct strbuf text = {0};
    unsigned n = atomic_fetch_add(&sessions, 1);

    pthread_mutex_lock(&lock);
    int rc = directory[0] ? 0 : make_directory(e);
    pthread_mutex_unlock(&lock);
    if (rc)
        return -1;
    snprintf(m->socket, sizeof m->socket, "%s/%u", directory, n);
    snprintf(m->config, sizeof m->config, "%s/%u.conf", directory, n);
    if (s->host->ssh.pinned_keys && s->transport == &transport_openssh) {
        snprintf(m->pins, sizeof m->pins, "%s/%u.keys", directory, n);
        if (write_pins(s, e))
            return -1;
    }
    /* Where libssh2 speaks to the host, ssh only meets those on the way to it. */
    bool whole = s->transport == &transport_openssh;
    if (whole)
        add_own(&text, s);
    add_rules(&text, s);
    add_operators(&text, &s->host->ssh);
    if (whole)
        add_defaults(&text, s);
    return write_file(m->config, &text, e);
}

void openssh_remove_files(struct master *m)
{
    if (m->socket[0])
        unlink(m->socket); /* ssh has done so when it has ended well */
    if (m->config[0])
        unlink(m->config);
    if (m->pins[0])
        unlink(m->pins);
}

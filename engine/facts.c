#include "engine/facts.h"

#include <string.h>

#include "base/parse.h"
#include "engine/lock.h"
#include "engine/members.h"
#include "engine/netstack.h"
#include "engine/paths.h"
#include "engine/putfile.h"
#include "engine/record.h"
#include "engine/script.h"

/* Builtins where possible: every process costs the host, and we are not alone on it. */
static const char facts_sh[] =
    "facts() {\n"
    "  while IFS= read -r l; do r os \"$l\"; done </etc/os-release\n"
    "  read -r l </proc/sys/kernel/osrelease; r kernel \"$l\"\n"
    "  read -r l </proc/sys/kernel/hostname; r hostname \"$l\"\n"
    "  [ -r /etc/machine-id ] && read -r l </etc/machine-id && r machine_id \"$l\"\n"
    "  while read -r k u l; do case $k in Uid:) r uid \"$u\" ;; esac; done </proc/$$/status\n"
    "  [ -d /run/systemd/system ] && r systemd 1\n"
    "  l=; [ ! -e /etc/selinux/config ] || l=off\n"
    "  [ ! -r /sys/fs/selinux/enforce ] || read -r l </sys/fs/selinux/enforce || :; r selinux \"$l\"\n"
    "  for d in /sys/class/net/*; do [ -r \"$d/address\" ] && read -r l <\"$d/address\" &&\n"
    "    r link \"${d##*/} $l\"; done\n"
    "  ip -o addr show | while IFS= read -r l; do r addr \"$l\"; done\n"
    "  if [ -r " OWNED_FILE " ]; then\n"
    "    while IFS= read -r l; do r owned \"$l\"; done <" OWNED_FILE "\n"
    "    for l in " RUNS_DIR "/*.jsonl; do :; done; l=${l##*/}; r run \"${l%.jsonl}\"\n"
    "    [ -r " MEMBERS_FILE " ] &&\n"
    "      while IFS= read -r l; do r member \"$l\"; done <" MEMBERS_FILE "\n"
    "  elif grep -qs '^# BEGIN clusterctl$' /etc/hosts; then r unrecorded 1; fi\n"
    "}\n";

/* Thousands of real servers. A longer file is not written back: we would not have seen its end. */
enum { CONF_MAX = 2 << 20 };

/* From what the manager has of its repositories already, else from the repositories. */
static const char facts_keepalived_sh[] =
    "rpm_ask() {\n" /* MANAGER PACKAGE OPTION... */
    "  m=$1 p=$2; shift 2\n"
    "  case $m in\n"
    "  dnf) timeout 120 dnf -q \"$@\" repoquery --latest-limit 1 --qf '%{version}\\n' \"$p\" ;;\n"
    "  yum) timeout 120 yum -q \"$@\" list available \"$p\" | awk 'NF == 3 { print $2 }' ;;\n"
    "  esac 2>/dev/null | grep . | tail -n 1\n"
    "}\n"
    "rpm_candidate() {\n"
    "  m=dnf; command -v dnf >/dev/null || m=yum; command -v $m >/dev/null || return 0\n"
    "  v=$(rpm_ask $m \"$1\" -C | grep .) || v=$(rpm_ask $m \"$1\")\n"
    "  printf '%s' \"${v#*:}\"\n"
    "}\n"
    "facts_keepalived() {\n"
    "  if command -v keepalived >/dev/null; then\n"
    "    r keepalived \"$(keepalived -v 2>&1 | head -n 1)\"\n"
    "  elif command -v apt-cache >/dev/null; then\n"
    "    r keepalived_candidate \"$(apt-cache policy keepalived | grep Candidate:)\"\n"
    "  else r keepalived_candidate \"$(rpm_candidate keepalived)\"; fi\n"
    "  [ -r " DRAINED_FILE " ] && { r drains 1;\n"
    "    while read -r n b y; do r drained \"$n $y\"; done <" DRAINED_FILE "; }\n"
    "  l=; [ -r " HANDOVER_FILE " ] && read -r l <" HANDOVER_FILE "; r passive \"${l:-0}\"\n"
    "}\n"
    "facts_keepalived_conf() {\n" /* BYTES */
    "  [ -r " KEEPALIVED_CONF " ] &&\n"
    "    r keepalived_conf \"$(head -c \"$1\" " KEEPALIVED_CONF " | base64 -w 0)\"\n"
    "}\n";

/* In a shell of its own: what it sets is nobody else's. */
void facts_script(struct script *s, const struct cluster *c, const struct host *host,
                  const struct facts *f)
{
    char address[IPADDR_STRLEN];
    script_add(s, facts_sh);
    if (host->roles & ROLE_DIRECTOR)
        script_add(s, facts_keepalived_sh);
    if (c->network.managed)
        script_add(s, net_facts_functions);
    script_add(s, "( l=; facts\n");
    lock_look(s);
    if (host->roles & ROLE_DIRECTOR)
        script_add(s, "facts_keepalived\n"
                      "[ -r " RUNS_DIR "/good ] && read -r l <" RUNS_DIR "/good && r good \"$l\"\n");
    if (host->roles & ROLE_DIRECTOR && facts_wished(f, c, ROLE_REAL_SERVER))
        script_addf(s, "facts_keepalived_conf %d\n", CONF_MAX + 1);
    if (c->network.managed)
        script_addf(s, "facts_network %s\n", ipaddr_str(&host->address, address));
    script_add(s, ") </dev/null\n");
}

/* "ID=debian", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' (os-release(5)) */
static void os_line(struct facts *f, char *line)
{
    char *value = strchr(line, '=');
    if (!value)
        return;
    *value++ = '\0';
    size_t n = strlen(value);
    if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
        value[n - 1] = '\0';
        value++;
    }
    const char **field = !strcmp(line, "ID")            ? &f->said.id
                         : !strcmp(line, "VERSION_ID")  ? &f->said.version
                         : !strcmp(line, "ID_LIKE")     ? &f->said.like
                         : !strcmp(line, "PRETTY_NAME") ? &f->said.pretty
                                                        : NULL;
    if (field)
        *field = arena_strdup(&f->arena, value);
}

/* Each line is looked for in what there is: far beyond any host's, and still soon done. */
enum { MAX_INTERFACES = 4096, MAX_ADDRESSES = 4096, MAX_OWNED = 4096 };

static int too_many(const char *what, struct err *e)
{
    return err_set(e, ERR_PROTOCOL, "the host has more %s than makes sense", what);
}

/* NULL: too many. */
static struct iface *iface_named(struct facts *f, const char *name, struct err *e)
{
    for (size_t i = 0; i < f->ifaces.n; i++)
        if (!strcmp(f->ifaces.v[i].name, name))
            return &f->ifaces.v[i];
    if (f->ifaces.n >= MAX_INTERFACES) {
        too_many("network interfaces", e);
        return NULL;
    }
    struct iface *n = vec_push(&f->ifaces);
    n->name = arena_strdup(&f->arena, name);
    n->mac = "";
    return n;
}

/* "2: eth0    inet 10.1.1.130/24 brd 10.1.1.255 scope global eth0\ ..." */
static int addr_line(struct facts *f, char *line, struct err *e)
{
    const char *number = parse_word(&line), *ifname = parse_word(&line);
    const char *family = parse_word(&line);
    char *address = parse_word(&line);
    if (!number || !ifname || !family || !address || strncmp(family, "inet", 4) != 0)
        return 0;
    char *slash = strchr(address, '/');
    if (slash)
        *slash = '\0';
    struct iface_address a = {0};
    uint64_t prefix = 0;
    if (!ipaddr_parse(address, &a.address))
        return 0;
    if (!slash || !parse_u64(slash + 1, 0, ipaddr_bits(&a.address), &prefix))
        prefix = ipaddr_bits(&a.address);
    a.prefix = (unsigned)prefix;
    a.label = "";
    /* The label is the word before the first backslash: the last one of the address's own line. */
    for (char *w; (w = parse_word(&line)) && *w != '\\';) {
        size_t n = strcspn(w, "\\");
        if (strcmp(w, "secondary") && strcmp(w, "dynamic"))
            a.label = arena_strndup(&f->arena, w, n);
        if (w[n])
            break;
    }
    struct iface *holder = iface_named(f, ifname, e);
    if (!holder)
        return -1;
    if (holder->addresses.n >= MAX_ADDRESSES)
        return too_many("addresses", e);
    *vec_push(&holder->addresses) = a;
    return 0;
}

/* The first "N.N.N" of a text such as "Keepalived v2.2.7 (01/16,2022)" or "Candidate: 1:2.2.7-1". */
static bool version_find(const char *s, struct version *out)
{
    for (; *s; s++) {
        unsigned v[3] = {0};
        size_t k = 0;
        const char *p = s;
        if (*p < '0' || *p > '9')
            continue;
        for (; k < 3 && *p >= '0' && *p <= '9'; k++) {
            while (*p >= '0' && *p <= '9' && v[k] < 100000)
                v[k] = v[k] * 10 + (unsigned)(*p++ - '0');
            if (*p != '.')
                break;
            p++;
        }
        if (k == 2 || k == 3) {
            *out = (struct version){v[0], v[1], v[2]};
            return true;
        }
        s = p > s ? p - 1 : s;
    }
    return false;
}

/* "Web01-RS deploy" */
static void drained_line(struct facts *f, char *line)
{
    enum { MAX_DRAINED = 65536 };
    const char *name = parse_word(&line), *by = parse_word(&line);
    if (!name || f->drained.n >= MAX_DRAINED)
        return;
    *vec_push(&f->drained) =
        (struct drained){arena_strdup(&f->arena, name), by && !strcmp(by, "deploy")};
}

enum wish facts_wish(const struct facts *f, const struct host *rs)
{
    enum wish w = f->wishes ? f->wishes[rs->index_in_cluster] : WISH_NONE;
    if (w != WISH_NONE)
        return w == WISH_UNDRAIN ? WISH_NONE : w;
    for (size_t i = 0; i < f->drained.n; i++)
        if (!strcmp(f->drained.v[i].name, rs->name))
            return f->drained.v[i].for_now ? WISH_DRAIN_FOR_NOW : WISH_DRAIN;
    return WISH_NONE;
}

static void forget_drained(struct facts *f, const char *name)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->drained.n; i++)
        if (strcmp(f->drained.v[i].name, name) != 0)
            f->drained.v[kept++] = f->drained.v[i];
    f->drained.n = kept;
}

void facts_carried_out(struct facts *f, const struct cluster *c, const struct host *self)
{
    if (!f->wishes)
        return;
    for (const struct host *h = NULL; (h = cluster_next(c, h, ROLE_REAL_SERVER));) {
        enum wish w = f->wishes[h->index_in_cluster];
        if (w == WISH_NONE)
            continue;
        forget_drained(f, h->name);
        if (w != WISH_UNDRAIN)
            *vec_push(&f->drained) = (struct drained){h->name, w == WISH_DRAIN_FOR_NOW};
    }
    enum wish own = f->wishes[self->index_in_cluster];
    if (self->roles & ROLE_DIRECTOR && own != WISH_NONE)
        f->passive = own != WISH_UNDRAIN;
}

bool facts_wished(const struct facts *f, const struct cluster *c, unsigned roles)
{
    for (size_t i = 0; f->wishes && i < c->n_hosts; i++)
        if (f->wishes[i] != WISH_NONE && c->hosts[i].roles & roles)
            return true;
    return false;
}

/* "ethernet /etc/NetworkManager/system-connections/Wired connection 1.nmconnection" */
static void profile_line(struct facts *f, char *line)
{
    const char *device = parse_word(&line);
    f->net_device = device ? arena_strdup(&f->arena, device) : NULL;
    f->net_profile = device && *line ? arena_strdup(&f->arena, line) : NULL;
}

static int conf_record(struct facts *f, const char *value, struct err *e)
{
    const char *text;
    size_t len;
    if (putfile_parse_content(&f->arena, value, &text, &len, e) < 0)
        return -1;
    f->keepalived_conf_whole = len <= CONF_MAX && strlen(text) == len;
    f->keepalived_conf = text;
    return 0;
}

int facts_record(struct facts *f, char *value, struct err *e)
{
    char *what = parse_word(&value);
    if (!what)
        return 0;
    if (!strcmp(what, "os"))
        os_line(f, value);
    else if (!strcmp(what, "kernel"))
        f->kernel = arena_strdup(&f->arena, value);
    else if (!strcmp(what, "hostname"))
        f->hostname = arena_strdup(&f->arena, value);
    else if (!strcmp(what, "machine_id"))
        f->machine_id = arena_strdup(&f->arena, value);
    else if (!strcmp(what, "uid"))
        f->root = !strcmp(value, "0");
    else if (!strcmp(what, "systemd"))
        f->systemd = true;
    else if (!strcmp(what, "selinux"))
        f->selinux = !strcmp(value, "1") ? SELINUX_ENFORCING
                     : !strcmp(value, "0")   ? SELINUX_IS_PERMISSIVE
                     : !strcmp(value, "off") ? SELINUX_OFF
                                             : SELINUX_ABSENT;
    else if (!strcmp(what, "link")) {
        const char *name = parse_word(&value);
        struct iface *i = name ? iface_named(f, name, e) : NULL;
        if (i)
            i->mac = arena_strdup(&f->arena, value);
        return name && !i ? -1 : 0;
    } else if (!strcmp(what, "addr"))
        return addr_line(f, value, e);
    else if (!strcmp(what, "owned"))
        return f->owned.n >= MAX_OWNED ? too_many("records of what was before", e)
                                       : owned_parse(vec_push(&f->owned), &f->arena, value, e);
    else if (!strcmp(what, "member"))
        members_record(f, value);
    else if (!strcmp(what, "unrecorded"))
        f->unrecorded = true;
    else if (!strcmp(what, "net_stack"))
        f->net_stack = net_stack_named(value);
    else if (!strcmp(what, "net_profile"))
        profile_line(f, value);
    else if (!strcmp(what, "drains"))
        f->drains = true;
    else if (!strcmp(what, "drained"))
        drained_line(f, value);
    else if (!strcmp(what, "passive"))
        f->passive = strcmp(value, "0") != 0;
    else if (!strcmp(what, "keepalived_conf"))
        return conf_record(f, value, e);
    else if (!strcmp(what, "keepalived"))
        f->keepalived_installed = version_find(value, &f->keepalived);
    else if (!strcmp(what, "keepalived_candidate"))
        version_find(value, &f->keepalived);
    else if (!strcmp(what, "good"))
        f->good = arena_strdup(&f->arena, value);
    else if (!strcmp(what, "run"))
        f->newest_run = run_id_valid(value) ? arena_strdup(&f->arena, value) : NULL;
    else if (!strcmp(what, "holder"))
        f->holder = arena_strdup(&f->arena, value);
    return 0;
}

int facts_finish(struct facts *f, const struct host *host, struct err *e)
{
    if (!f->said.pretty)
        f->said.pretty = f->said.id ? f->said.id : "an unknown system (no /etc/os-release)";
    if (!f->root) {
        err_set(e, ERR_FAILED, "user %s is not root", host->ssh.user);
        return err_hint(e, "set ssh.user to root, or ssh.become to \"sudo\"");
    }
    f->release = os_find(&f->said, f->assume_family, e);
    if (!f->release)
        return -1;
    if (!f->systemd) {
        err_set(e, ERR_FAILED, "systemd is not running (no /run/systemd/system)");
        return err_hint(e, "clusterctl manages services through systemd");
    }
    f->interface = NULL;
    facts_has_address(f, &host->address, &f->interface);
    if (host->interface)
        f->interface = host->interface;
    return 0;
}

/* Keepalived as the release ships it, and a kernel as young as what we ask of it. */
int facts_give(struct facts *f, const struct cluster *c, const struct host *host,
               const struct facts_given *given, struct err *e)
{
    const char *ifname = given->interface    ? given->interface
                         : host->interface  ? host->interface
                         : c->vrrp.interface ? c->vrrp.interface
                                              : "eth0";
    f->said = given->os_id ? (struct os_said){given->os_id, given->os_version, NULL, NULL}
                           : (struct os_said){"debian", "12", NULL, NULL};
    f->release = os_find(&f->said, f->assume_family, e);
    if (!f->release)
        return -1;
    f->said.pretty = arena_printf(&f->arena, "%s %s (assumed)", f->said.id,
                                  f->said.version ? f->said.version : "");
    f->kernel = given->kernel ? given->kernel : given->os_id ? NULL : "6.1.0";
    f->hostname = "";
    f->root = f->systemd = true;
    f->selinux = given->selinux;
    f->net_stack = given->net_stack ? given->net_stack : NET_IFUPDOWN;
    f->keepalived = f->release->keepalived;
    if (given->keepalived && !version_find(given->keepalived, &f->keepalived)) {
        err_set(e, ERR_FAILED, "\"%s\" is no version of keepalived", given->keepalived);
        return err_hint(e, "write it as \"2.2.7\"");
    }
    struct iface *i = iface_named(f, ifname, e);
    if (!i)
        return -1;
    *vec_push(&i->addresses) = (struct iface_address){host->address, 24, ""};
    f->interface = i->name;
    return 0;
}

void facts_assume(struct facts *f, const struct cluster *c, const struct host *host)
{
    struct err none = {0};
    facts_give(f, c, host, &(struct facts_given){0}, &none); /* Debian 12 is in the table */
}

bool facts_has_address(const struct facts *f, const struct ipaddr *a, const char **ifname)
{
    for (size_t i = 0; i < f->ifaces.n; i++) {
        const struct iface *n = &f->ifaces.v[i];
        for (size_t k = 0; k < n->addresses.n; k++) {
            if (!ipaddr_eq(&n->addresses.v[k].address, a))
                continue;
            if (ifname)
                *ifname = n->name;
            return true;
        }
    }
    return false;
}

void facts_free(struct facts *f)
{
    for (size_t i = 0; i < f->ifaces.n; i++)
        vec_free(&f->ifaces.v[i].addresses);
    vec_free(&f->ifaces);
    vec_free(&f->drained);
    vec_free(&f->owned);
    vec_free(&f->members);
    arena_free(&f->arena);
    *f = (struct facts){0};
}

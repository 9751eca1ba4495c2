#include "engine/os.h"

#include <string.h>

#include "base/mem.h"

#define NAMES(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

/* Package and unit names from Debian 12's own packages; 11, 13 and Ubuntu call them the same. */
#define DEBIAN                                                                                     \
    .family = OS_DEBIAN, .manager = PACKAGES_APT, .director = NAMES("ipvsadm", "keepalived"),      \
    .director_pair = NAMES("nftables"), .real_server = NAMES("nginx"),                             \
    .nfs_client = NAMES("nfs-common"), .nfs_server = NAMES("nfs-kernel-server"),                   \
    /* dbus: its systemd collector */                                                              \
    .node_exporter = NAMES("dbus", "prometheus-node-exporter"),                                    \
    .nginx_exporter = NAMES("prometheus-nginx-exporter"), .prometheus = NAMES("prometheus"),       \
    /* nfs-kernel-server.service is a link to it */                                                \
    .nfs_service = "nfs-server.service", .moved = true, .sync_maxlen = true

static const struct os debian = {DEBIAN, .nfs_conf_d = true};
/* nfs.conf came with nfs-utils 2.1 and its directory later: Debian 11 has 1.3.4. */
static const struct os debian_11 = {DEBIAN};

/*
 * RHEL 8 to 10, what is made from them, and Fedora. Nginx is in AppStream; Prometheus' exporters are in
 * no repository of theirs.
 */
#define EL                                                                                         \
    .family = OS_EL, .manager = PACKAGES_DNF, .director = NAMES("ipvsadm", "keepalived"),          \
    .director_pair = NAMES("nftables"), .real_server = NAMES("nginx"),                             \
    .nfs_client = NAMES("nfs-utils"), .nfs_server = NAMES("nfs-utils"),                            \
    .nfs_service = "nfs-server.service", .nfs_conf_d = true, .moved = true, .sync_maxlen = true

static const struct os el = {EL, .selinux_arg = true};
static const struct os el_8 = {EL};

/* ipvsadm 1.27, nfs-utils 1.3.0, nginx from EPEL: the article's. Its kernel is 3.10. */
static const struct os el_7 = {
    .family = OS_EL,
    .manager = PACKAGES_YUM,
    .director = NAMES("ipvsadm", "keepalived"),
    .director_pair = (const char *const[]){NULL},
    .real_server = NAMES("nginx"),
    .nfs_client = NAMES("nfs-utils"),
    .nfs_server = NAMES("nfs-utils"),
    .repository = "epel-release",
    .nfs_service = "nfs-server.service",
};

/*
 * Keepalived's versions are those of the distributions' package lists. What a host has, or would
 * get, is asked there first.
 */
static const struct os_release table[] = {
    {"debian", 11, 11, &debian_11, {2, 1, 5}},
    {"debian", 12, 12, &debian, {2, 2, 7}},
    {"debian", 13, 13, &debian, {2, 3, 3}},
    {"ubuntu", 22, 22, &debian, {2, 2, 4}},
    {"ubuntu", 24, 24, &debian, {2, 2, 8}},
    {"centos rhel", 7, 7, &el_7, {1, 3, 5}},
    {"rocky almalinux rhel centos", 8, 8, &el_8, {2, 1, 5}},
    {"rocky almalinux rhel centos", 9, 9, &el, {2, 2, 8}},
    {"rocky almalinux rhel centos", 10, 10, &el, {2, 2, 8}},
    {"fedora", 41, 43, &el, {2, 2, 8}},
};

static const char known[] =
    "clusterctl knows Debian 11 to 13, Ubuntu 22.04 and 24.04, CentOS 7, RHEL, Rocky Linux, AlmaLinux "
    "and CentOS Stream 8 to 10, and Fedora 41 to 43";

/* Is `word` one of the words of `list`? */
static bool has_word(const char *list, const char *word)
{
    size_t n = word ? strlen(word) : 0;
    for (const char *p = list ? list : ""; n && *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strcspn(p, " ") == n && !strncmp(p, word, n))
            return true;
    return false;
}

/* VERSION_ID's number before the first point; 0: none. */
static unsigned major_of(const char *version)
{
    unsigned n = 0;
    for (; version && *version >= '0' && *version <= '9' && n < 100000; version++)
        n = n * 10 + (unsigned)(*version - '0');
    return n;
}

static unsigned distance(const struct os_release *r, unsigned major)
{
    return major < r->oldest ? r->oldest - major : major > r->newest ? major - r->newest : 0;
}

/*
 * Is one of the row's systems what the host says it is, or is like? Fedora is what many call
 * themselves like, and numbers its releases in its own way: "fedora" alone means RHEL there.
 */
static bool is_like(const struct os_release *r, const struct os_said *said)
{
    static const char *const el_words[] = {"rhel", "centos", "fedora", NULL};
    if (has_word(r->ids, said->id) || has_word(said->like, r->ids))
        return true;
    for (size_t i = 0; has_word(r->ids, "rhel") && el_words[i]; i++)
        if (has_word(said->like, el_words[i]))
            return true;
    return false;
}

/* A host without a number is taken for the newest: Debian's testing has none. */
static const struct os_release *nearest(const struct os_said *said)
{
    unsigned major = major_of(said->version);
    const struct os_release *best = NULL;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        const struct os_release *r = &table[i];
        if (!is_like(r, said) || (!strcmp(r->ids, "fedora") && !has_word("fedora", said->id)))
            continue;
        if (!best || !major || distance(r, major) < distance(best, major))
            best = r;
    }
    return best;
}

const struct os_release *os_find(const struct os_said *said, bool assume, struct err *e)
{
    unsigned major = major_of(said->version);
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (has_word(table[i].ids, said->id) && distance(&table[i], major) == 0)
            return &table[i];
    const struct os_release *like = nearest(said);
    if (like && assume)
        return like;
    err_set(e, ERR_FAILED, "%s is not supported (ID=%s VERSION_ID=%s ID_LIKE=\"%s\")",
            said->pretty ? said->pretty : "an unknown system", said->id ? said->id : "",
            said->version ? said->version : "", said->like ? said->like : "");
    if (like)
        err_hint(e, "%s; with --assume-family this one is treated as %.*s %u", known,
                 (int)strcspn(like->ids, " "), like->ids, like->newest);
    else
        err_hint(e, "%s", known);
    return NULL;
}

const char *manager_name(enum package_manager m)
{
    static const char *const names[] = {"apt", "dnf", "yum"};
    return names[m];
}

int version_cmp(struct version a, struct version b)
{
    if (a.major != b.major)
        return a.major < b.major ? -1 : 1;
    if (a.minor != b.minor)
        return a.minor < b.minor ? -1 : 1;
    return a.patch < b.patch ? -1 : a.patch > b.patch;
}

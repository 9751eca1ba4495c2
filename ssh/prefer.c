/* Which algorithms to offer. */
#include <string.h>

#include "base/mem.h"
#include "ssh/internal.h"

/*
 * What we offer, best first. libssh2's own lists still end in 3des, arcfour, MD5 and 1024-bit
 * groups. OpenSSH 7.4 (CentOS 7) and later know the first of each.
 */
static const struct {
    int method;
    const char *list;
} algorithms[] = {
    {LIBSSH2_METHOD_KEX,
     "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
     "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
     "diffie-hellman-group14-sha256,diffie-hellman-group-exchange-sha256"},
    {LIBSSH2_METHOD_CRYPT_CS, "aes128-ctr,aes192-ctr,aes256-ctr"},
    {LIBSSH2_METHOD_CRYPT_SC, "aes128-ctr,aes192-ctr,aes256-ctr"},
    {LIBSSH2_METHOD_MAC_CS, "hmac-sha2-256,hmac-sha2-512"},
    {LIBSSH2_METHOD_MAC_SC, "hmac-sha2-256,hmac-sha2-512"},
    {LIBSSH2_METHOD_COMP_CS, "none"},
    {LIBSSH2_METHOD_COMP_SC, "none"},
};

static bool is_supported(const char **names, int n, const char *name, size_t len)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == len && !memcmp(names[i], name, len))
            return true;
    return false;
}

/*
 * Set a preference list, without the names that this libssh2 does not know. It would leave those
 * out itself, but 1.10 does so with a memcpy() between overlapping strings.
 */
int ssh_prefer(struct ssh *s, int method, const char *list, struct err *e)
{
    const char **names = NULL;
    autosb struct strbuf known = {0};
    int n = libssh2_session_supported_algs(s->session, method, &names);
    if (n < 0)
        return ssh_fail(s, n, "choosing algorithms", e);
    for (size_t len; *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        if (!is_supported(names, n, list, len))
            continue;
        if (known.len)
            sb_addc(&known, ',');
        sb_addn(&known, list, len);
    }
    libssh2_free(s->session, names);
    int rc = libssh2_session_method_pref(s->session, method, sb_str(&known));
    return rc ? ssh_fail(s, rc, "choosing algorithms", e) : 0;
}

int ssh_prefer_algorithms(struct ssh *s, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++)
        if (ssh_prefer(s, algorithms[i].method, algorithms[i].list, e))
            return -1;
    return 0;
}

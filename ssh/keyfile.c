#include "ssh/keyfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parse.h"
#include "base/quote.h"
#include "base/strbuf.h"
#include "ssh/wire.h"

enum { KEYFILE_MAX = 64 * 1024 };

static const char openssh_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char openssh_end[] = "-----END OPENSSH PRIVATE KEY-----";
static const char openssh_magic[] = "openssh-key-v1"; /* with its NUL */

__attribute__((format(printf, 2, 3))) static void problem(struct keyfile *k, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(k->problem, sizeof k->problem, fmt, ap);
    va_end(ap);
}

__attribute__((format(printf, 2, 3))) static void remedy(struct keyfile *k, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(k->remedy, sizeof k->remedy, fmt, ap);
    va_end(ap);
}

/* The file's text. */
static int read_text(const char *path, const char *shell_path, struct strbuf *text,
                     struct keyfile *k)
{
    char chunk[4096];
    struct stat st;
    ssize_t n;
    autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        k->exists = errno != ENOENT && errno != ENOTDIR;
        problem(k, "%s", k->exists ? strerror(errno) : "does not exist");
        return -1;
    }
    k->exists = true;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        problem(k, "is not a regular file");
        return -1;
    }
    if (st.st_uid == getuid() && st.st_mode & 077) {
        problem(k, "its mode %04o lets others read it", st.st_mode & 07777u);
        remedy(k, "chmod 600 %s (and make a new key if others could have read it)", shell_path);
        return -1;
    }
    text->cap = KEYFILE_MAX;
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && !text->truncated)
        sb_addn(text, chunk, (size_t)n);
    explicit_bzero(chunk, sizeof chunk);
    if (n < 0 || text->truncated) {
        problem(k, "%s", n < 0 ? strerror(errno) : "is too large for a key");
        return -1;
    }
    return 0;
}

static void encrypted(struct keyfile *k, const char *shell_path)
{
    k->usable = false;
    k->encrypted = true;
    problem(k, "is encrypted");
    remedy(k,
           "Unlock it for this login session: ssh-add %s (with \"agent\" on in the inventory); or "
           "give its \"passphrase\" under \"ssh\" there",
           shell_path);
}

/* Judge by type: what libssh2 cannot sign with at all. RSA depends on the server: see auth.c. */
static void judge_type(struct keyfile *k)
{
    k->is_rsa = !strcmp(k->type, "ssh-rsa");
    if (strstr(k->type, "-cert-v01@"))
        problem(k, "is an OpenSSH certificate, which libssh2 cannot use");
    else if (!strncmp(k->type, "sk-", 3))
        problem(k, "is a FIDO (hardware) key, which libssh2 cannot use");
    else if (!strcmp(k->type, "ssh-dss"))
        problem(k, "is a DSA key, which servers no longer accept");
    else {
        k->usable = true;
        return;
    }
    remedy(k, "Use a plain ed25519 key: ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519%s",
           strcmp(k->type, "ssh-dss") ? "; or the system's ssh, which can: \"transport\": \"openssh\" "
                                        "under \"ssh\" in the inventory"
                                      : "");
}

/* The ciphers of key files that are among the transport's in libssh2 1.10 (crypt.c). */
static bool libssh2_reads(const char *cipher)
{
    static const char *const names[] = {"aes256-ctr", "aes192-ctr", "aes128-ctr",
                                        "aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(names[i], cipher))
            return true;
    return false;
}

static bool keep_public(struct keyfile *k, const struct wire *w)
{
    if (w->n > sizeof k->public)
        return false;
    memcpy(k->public, w->p, w->n);
    k->public_len = w->n;
    return true;
}

/* The unencrypted head of openssh-key-v1: cipher, kdf, kdf options, count, public key. */
static void judge_openssh(struct keyfile *k, const unsigned char *p, size_t n,
                          const char *shell_path, const char *passphrase)
{
    char cipher[64];
    struct wire w = {.p = p, .n = n}, kdf, options, public;
    uint32_t count;

    if (n < sizeof openssh_magic || memcmp(p, openssh_magic, sizeof openssh_magic)) {
        problem(k, "is damaged (no openssh-key-v1 mark)");
        return;
    }
    w.p += sizeof openssh_magic;
    w.n -= sizeof openssh_magic;
    if (!wire_name(&w, cipher, sizeof cipher) || !wire_string(&w, &kdf) ||
        !wire_string(&w, &options) || !wire_u32(&w, &count) || count != 1 ||
        !wire_string(&w, &public) || !keep_public(k, &public) ||
        !wire_name(&public, k->type, sizeof k->type)) {
        k->type[0] = '\0';
        problem(k, "is damaged (its head cannot be read)");
        return;
    }
    judge_type(k);
    if (!k->usable)
        return;
    if (!strcmp(cipher, "none"))
        return;
    k->usable = false;
    if (!libssh2_reads(cipher)) {
        problem(k, "is encrypted with %s, which libssh2 cannot read", cipher);
        remedy(k,
               "Encrypt it the usual way: ssh-keygen -p -Z aes256-ctr -f %s; or ssh-add %s; or "
               "use the system's ssh: \"transport\": \"openssh\" under \"ssh\" in the inventory",
               shell_path, shell_path);
    } else if (!wire_is(&kdf, "bcrypt")) {
        problem(k, "is damaged (encrypted, but not with a passphrase)");
    } else if (!passphrase) {
        encrypted(k, shell_path);
    } else {
        k->usable = true;
    }
}

static void inspect_openssh(struct keyfile *k, const char *text, const char *shell_path,
                            const char *passphrase)
{
    const char *body = text + strlen(openssh_begin), *end = strstr(body, openssh_end);
    autosb struct strbuf b64 = {0};
    if (!end) {
        problem(k, "is cut short (no END line)");
        return;
    }
    for (const char *p = body; p < end; p++)
        if (!isspace((unsigned char)*p))
            sb_addc(&b64, *p);
    autofree unsigned char *raw = xmalloc(b64.len + 3);
    long n = base64_decode(sb_str(&b64), b64.len, raw);
    if (n < 0)
        problem(k, "is damaged (not base64)");
    else
        judge_openssh(k, raw, (size_t)n, shell_path, passphrase);
}

/* OpenSSL would ask on the terminal. */
static int give_passphrase(char *buf, int size, int rw, void *ud)
{
    size_t n = ud ? strlen(ud) : 0;
    (void)rw;
    if (!ud || n > (size_t)size)
        return -1;
    memcpy(buf, ud, n);
    return (int)n;
}

/*
 * Is it the passphrase that keeps OpenSSL from reading the file? A wrong one shows as padding that is
 * not right; once in 256 times the padding is right by chance, and what comes out makes no sense.
 */
static bool is_wrong_passphrase(void)
{
    for (unsigned long code; (code = ERR_get_error());) {
        const char *why = ERR_reason_error_string(code);
        if (why && (strstr(why, "unsupported cipher") || strstr(why, "unsupported algorithm")))
            return false;
        if (ERR_GET_LIB(code) == ERR_LIB_EVP && ERR_GET_REASON(code) == ERR_R_UNSUPPORTED)
            return false;
    }
    return true;
}

static void not_opened(struct keyfile *k, const char *shell_path)
{
    k->wrong = is_wrong_passphrase();
    if (k->wrong) {
        encrypted(k, shell_path);
        return;
    }
    problem(k, "is encrypted in a way that OpenSSL no longer reads");
    remedy(k, "Write it in OpenSSH's own format: ssh-keygen -p -f %s", shell_path);
}

/* PKCS#1, SEC1 and PKCS#8 files, as ssh-keygen -m PEM and openssl write them. */
static void inspect_pem(struct keyfile *k, const struct strbuf *text, const char *shell_path,
                        const char *passphrase)
{
    bool locked = strstr(sb_str(text), "BEGIN ENCRYPTED PRIVATE KEY") ||
                  strstr(sb_str(text), "Proc-Type: 4,ENCRYPTED");
    if (locked && !passphrase) {
        encrypted(k, shell_path);
        return;
    }
    ERR_clear_error();
    BIO *bio = BIO_new_mem_buf(sb_str(text), (int)text->len);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase,
                                                  (void *)(uintptr_t)passphrase)
                        : NULL;
    int id = key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    EVP_PKEY_free(key);
    BIO_free(bio);
    if (id == EVP_PKEY_RSA || id == EVP_PKEY_EC || id == EVP_PKEY_DSA) {
        snprintf(k->type, sizeof k->type, "%s",
                 id == EVP_PKEY_RSA  ? "ssh-rsa"
                 : id == EVP_PKEY_EC ? "ecdsa"
                                     : "ssh-dss");
        judge_type(k);
    } else if (locked && id == EVP_PKEY_NONE) {
        not_opened(k, shell_path);
    } else {
        problem(k, id == EVP_PKEY_NONE ? "cannot be read as a private key"
                                       : "is a key in PEM form of a type that libssh2 cannot read");
        remedy(k, "Write it in OpenSSH's own format: ssh-keygen -p -f %s", shell_path);
    }
    ERR_clear_error();
}

void keyfile_inspect(const char *path, const char *passphrase, struct keyfile *k)
{
    autosb struct strbuf text = {0};
    autosb struct strbuf shell_path = {0};

    memset(k, 0, sizeof *k);
    quote_sh(&shell_path, path);
    if (read_text(path, sb_str(&shell_path), &text, k))
        return;
    const char *s = sb_str(&text) + strspn(sb_str(&text), " \t\r\n");
    if (!strncmp(s, openssh_begin, strlen(openssh_begin))) {
        inspect_openssh(k, s, sb_str(&shell_path), passphrase);
    } else if (strstr(s, "PRIVATE KEY-----")) {
        inspect_pem(k, &text, sb_str(&shell_path), passphrase);
    } else if (!strncmp(s, "ssh-", 4) || !strncmp(s, "ecdsa-", 6) || !strncmp(s, "sk-", 3)) {
        problem(k, strstr(s, "-cert-v01@") ? "is an OpenSSH certificate, which libssh2 cannot use"
                                           : "is a public key");
        remedy(k, "Name the private key file in the inventory: the one without .pub");
    } else {
        problem(k, "is not a private key file");
    }
}

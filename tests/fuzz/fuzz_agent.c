/*
 * What ssh-agent answers: the first byte says whether it is asked for its keys (k) or to sign (s),
 * the rest is its reply.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "fuzz.h"
#include "ssh/agent.h"
#include "ssh/wire.h"

static void keys_of(struct agent *a)
{
    enum { MAX = 3 };
    struct agent_key keys[MAX] = {0};
    struct err e = {0};
    long n = agent_keys(a, keys, MAX, &e);
    HOLDS(n <= MAX && (n >= 0 || *e.msg));
    for (long i = 0; i < n; i++) {
        const struct agent_key *k = &keys[i];
        const unsigned char *reply = (unsigned char *)a->reply.s;
        HOLDS(*k->type && fuzz_is_safe(k->type) && fuzz_is_safe(k->comment));
        HOLDS(k->blob > reply && k->blob + k->blob_len <= reply + a->reply.len);
    }
}

static void sign(struct agent *a)
{
    static const struct agent_key key = {
        .blob = (const unsigned char *)"blob", .blob_len = 4, .type = "ssh-ed25519"};
    unsigned char *signature = NULL;
    size_t n = 0;
    struct err e = {0};
    if (agent_sign(a, &key, (const unsigned char *)"data", 4, &signature, &n, &e) == 0)
        HOLDS(signature && n < 65536);
    free(signature);
}

/* The length is in front of the reply, but where the first byte is a capital: that has its own. */
static void answer(int fd, const uint8_t *data, size_t size)
{
    autosb struct strbuf reply = {0};
    if (!size)
        return;
    if (data[0] >= 'a')
        wire_put_string(&reply, data + 1, size - 1);
    else
        sb_addn(&reply, (const char *)data + 1, size - 1);
    HOLDS(send(fd, sb_str(&reply), reply.len, 0) == (ssize_t)reply.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 4096 }; /* fits into the socket */
    int fds[2];
    if (size > MOST || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
        return 0;
    answer(fds[1], data, size);
    shutdown(fds[1], SHUT_WR);
    struct agent a = {.fd = fds[0], .cancel_fd = -1, .deadline = DEADLINE_NEVER};
    if (size && (data[0] == 'S' || data[0] == 's'))
        sign(&a);
    else
        keys_of(&a);
    agent_close(&a);
    close(fds[1]);
    return 0;
}

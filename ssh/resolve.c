/* Names to addresses, never longer than the deadline: the resolver's own limits are far beyond it. */
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ssh/internal.h"

enum { LOOK_MS = 50 }; /* gai_suspend() cannot wait for a descriptor, too */

struct lookup {
    struct gaicb request;
    struct addrinfo hints;
    char name[256];
};

static void free_lookup(struct lookup *l)
{
    if (l->request.ar_result)
        freeaddrinfo(l->request.ar_result);
    xfree(l);
}

static int cannot(const struct ssh *s, int rc, struct err *e)
{
    err_set(e, ERR_UNREACHABLE, "%s: cannot find the address of %s: %s", s->peer, s->address,
            rc == EAI_INPROGRESS ? "no answer in time" : gai_strerror(rc));
    return err_hint(e, "The name is HostName in ssh_config; try: getent ahosts %s", s->address);
}

/* Wait for the answer. A request that cannot be called back is left to its own end. */
static int await(const struct ssh *s, struct lookup *l, int64_t deadline, struct err *e)
{
    const struct gaicb *list[] = {&l->request};
    const struct timespec nap = {.tv_nsec = LOOK_MS * 1000000L};
    int rc;
    while ((rc = gai_error(&l->request)) == EAI_INPROGRESS) {
        enum wait_result r = wait_pause(s->cancel_fd, 0);
        if (r != WAIT_CANCELLED && deadline_left(deadline) != 0) {
            gai_suspend(list, 1, &nap);
            continue;
        }
        if (gai_cancel(&l->request) == EAI_CANCELED)
            free_lookup(l);
        return r == WAIT_CANCELLED
                   ? err_set(e, ERR_INTERRUPTED, "%s: interrupted while connecting", s->peer)
                   : cannot(s, EAI_INPROGRESS, e);
    }
    if (!rc)
        return 0;
    free_lookup(l);
    return cannot(s, rc, e);
}

long ssh_resolve(const struct ssh *s, struct sockaddr_storage *out, size_t max, int64_t deadline,
                 struct err *e)
{
    size_t n = 0;
    struct lookup *l = xcalloc(1, sizeof *l);
    struct gaicb *list[] = {&l->request};
    struct sigevent none = {.sigev_notify = SIGEV_NONE};

    memcpy(l->name, s->address, sizeof l->name);
    l->hints.ai_socktype = SOCK_STREAM;
    l->request.ar_name = l->name;
    l->request.ar_request = &l->hints;
    int rc = getaddrinfo_a(GAI_NOWAIT, list, 1, &none);
    if (rc) {
        free_lookup(l);
        return cannot(s, rc, e);
    }
    if (await(s, l, deadline, e))
        return -1;
    for (const struct addrinfo *a = l->request.ar_result; a && n < max; a = a->ai_next)
        if (a->ai_addrlen <= sizeof *out)
            memcpy(&out[n++], a->ai_addr, a->ai_addrlen);
    free_lookup(l);
    return n ? (long)n : cannot(s, EAI_NONAME, e);
}

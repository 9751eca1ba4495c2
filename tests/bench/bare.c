/*
 * What libssh2 itself costs: bare THREADS PORT KEY ADDRESS... opens a session to each, runs `true` in it, keeps it, and
 * ends. The threads take one host after the other. For tests/bench/many and slow, which measure the process.
 */
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static _Noreturn void give_up(const char *what, const char *address)
{
    fprintf(stderr, "bare: %s: %s\n", address, what);
    exit(1);
}

static LIBSSH2_SESSION *open_session(const char *address, int port, const char *key)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        give_up("cannot connect", address);
    LIBSSH2_SESSION *s = libssh2_session_init();
    if (!s || libssh2_session_handshake(s, fd))
        give_up("no handshake", address);
    if (libssh2_userauth_publickey_fromfile(s, "root", NULL, key, NULL))
        give_up("cannot log in", address);
    return s;
}

static void run_true(LIBSSH2_SESSION *s, const char *address)
{
    LIBSSH2_CHANNEL *c = libssh2_channel_open_session(s);
    char byte;
    if (!c || libssh2_channel_exec(c, "true"))
        give_up("cannot run a command", address);
    while (libssh2_channel_read(c, &byte, 1) > 0)
        ;
    libssh2_channel_wait_closed(c);
    if (libssh2_channel_get_exit_status(c))
        give_up("true is not", address);
    libssh2_channel_free(c);
}

static struct {
    int port;
    const char *key;
    char **addresses;
    LIBSSH2_SESSION **sessions;
    atomic_int next;
    int n;
} work;

static void *take_hosts(void *unused)
{
    int i;
    while ((i = atomic_fetch_add(&work.next, 1)) < work.n) {
        work.sessions[i] = open_session(work.addresses[i], work.port, work.key);
        run_true(work.sessions[i], work.addresses[i]);
    }
    return unused;
}

int main(int argc, char **argv)
{
    if (argc < 5 || libssh2_init(0))
        return 64;
    int n_threads = atoi(argv[1]);
    work.port = atoi(argv[2]);
    work.key = argv[3];
    work.addresses = argv + 4;
    work.n = argc - 4;
    work.sessions = calloc((size_t)work.n, sizeof *work.sessions);
    pthread_t *threads = calloc((size_t)n_threads, sizeof *threads);
    for (int i = 1; i < n_threads; i++)
        pthread_create(&threads[i], NULL, take_hosts, NULL);
    take_hosts(NULL);
    for (int i = 1; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < work.n; i++) {
        libssh2_session_disconnect(work.sessions[i], "done");
        libssh2_session_free(work.sessions[i]);
    }
    free(threads);
    free(work.sessions);
    return 0;
}

/*
 * What libssh2 itself costs: bare PORT KEY ADDRESS... opens a session to each, one after the other, keeps them all,
 * runs `true` in each, and ends. For tests/bench/many, which measures the process.
 */
#include <arpa/inet.h>
#include <libssh2.h>
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
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
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

int main(int argc, char **argv)
{
    if (argc < 4 || libssh2_init(0))
        return 64;
    LIBSSH2_SESSION **all = calloc((size_t)argc, sizeof *all);
    for (int i = 3; i < argc; i++)
        all[i] = open_session(argv[i], atoi(argv[1]), argv[2]);
    for (int i = 3; i < argc; i++)
        run_true(all[i], argv[i]);
    for (int i = 3; i < argc; i++) {
        libssh2_session_disconnect(all[i], "done");
        libssh2_session_free(all[i]);
    }
    free(all);
    return 0;
}

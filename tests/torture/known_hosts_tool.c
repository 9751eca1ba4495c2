/* known_hosts_tool FILE: what accept-new does with a host's key. */
#include <stdio.h>

#include "ssh/known_hosts.h"

int main(int argc, char **argv)
{
    static const unsigned char key[51] = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5', '5', '1', '9'};
    struct err e = {0};
    if (argc != 2)
        return 64;
    if (known_hosts_add(argv[1], "10.1.1.130", 2222, "ssh-ed25519", key, sizeof key, &e) == 0)
        return 0;
    fprintf(stderr, "%s\n", e.msg);
    return 1;
}

/* Packets off the wire: VRRP adverts with their IP headers; two bytes of length before each. */
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "probe/vrrp.h"

static void send_all(int fd, const uint8_t *data, size_t size)
{
    while (size >= 2) {
        size_t n = (size_t)data[0] << 8 | data[1];
        data += 2;
        size -= 2;
        if (n > size)
            n = size;
        if (send(fd, data, n, 0) < 0)
            return; /* there is no room for more */
        data += n;
        size -= n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vrrp_advert heard[VRRP_MAX_HEARD];
    static int fds[2] = {-1, -1};
    if (fds[0] < 0)
        HOLDS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
    send_all(fds[1], data, size);
    size_t n = vrrp_heard(fds[0], heard);
    HOLDS(n <= VRRP_MAX_HEARD);
    for (size_t i = 0; i < n; i++) {
        const struct vrrp_advert *a = &heard[i];
        HOLDS(a->version == 2 || a->version == 3);
        HOLDS(a->router_id >= 1 && a->router_id <= 255 && a->priority <= 255);
        HOLDS(a->source.family == AF_INET && (!a->vip.family || a->vip.family == AF_INET));
        for (size_t k = 0; k < i; k++)
            HOLDS(heard[k].router_id != a->router_id || !ipaddr_eq(&heard[k].source, &a->source));
    }
    return 0;
}

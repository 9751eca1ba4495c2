/*
 * A host's packet filters, as nft and iptables-save list them: the first byte picks a packet,
 * then come lines "TAG LINE" (doctor/firewall.c).
 */
#include "doctor/firewall.h"
#include "fuzz.h"
#include "fuzz_cluster.h"

static const struct {
    bool leaving;
    const char *protocol;
    unsigned port;
    const char *source, *destination;
} packets[] = {
    {false, "tcp", 80, "10.1.1.1", "10.1.1.140"},
    {false, "vrrp", 0, "10.1.1.131", "224.0.0.18"},
    {true, "tcp", 2049, "10.1.1.132", "10.1.1.134"},
    {false, "udp", 53, "fd00::1", "fd00::2"},
    {false, "tcp", 22, NULL, NULL},
};

static bool is_evidence(const struct exam_host *h, const char *line)
{
    for (size_t i = 0; i < h->lines.n; i++)
        if (h->lines.v[i].text == line)
            return true;
    return false;
}

static void follow(struct exam *x, const struct exam_host *h, const struct packet *p)
{
    struct fw_drop d = {0};
    if (!firewall_drops(x, h, p, &d))
        return;
    HOLDS(d.table && d.chain && is_evidence(h, d.line));
    HOLDS(!strcmp(d.program, "nft") || !strncmp(d.program, "iptables", 8));
    HOLDS(p->source.family != AF_INET6 || !strcmp(d.program, "nft"));
    struct finding *f = found(x, "fuzz", h->host, REMEDY_MANUAL);
    firewall_evidence(x, f, h, &d);
    HOLDS(f->evidence.n >= 1);
    for (size_t i = 0; i < f->evidence.n; i++)
        HOLDS(fuzz_is_safe(f->evidence.v[i]));
    HOLDS(*firewall_undo(x, h, &d, p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cluster *c = fuzz_cluster();
    struct host_result hr = {.host = &c->hosts[F_LVS1], .facts = {.interface = "eth0"}};
    struct exam_host h = {.host = hr.host, .result = &hr};
    struct doctor_report report = {0};
    struct exam x = {.cluster = c, .hosts = &h, .n_hosts = 1, .report = &report};
    if (!size)
        return 0;
    size_t i = data[0] % ARRAY_LEN(packets);
    autofree char *text = fuzz_text(data + 1, size - 1);
    const char *rest = text;
    for (char *line; (line = fuzz_line(&rest)); free(line))
        exam_record(&h, line);
    struct packet p = {packets[i].leaving, packets[i].protocol, packets[i].port, {0}, {0}};
    if (packets[i].source) {
        ipaddr_parse(packets[i].source, &p.source);
        ipaddr_parse(packets[i].destination, &p.destination);
    }
    follow(&x, &h, &p);
    doctor_free(&report);
    vec_free(&h.lines);
    arena_free(&h.arena);
    return 0;
}

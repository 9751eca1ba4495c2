#include "inventory/schema.h"

#include <string.h>

#include "base/mem.h"
#include "inventory/text.h"

#define AT(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define TABLE(f) .fields = (f), .n_fields = ARRAY_LEN(f)

static const struct choice protocols[] = {{"tcp", PROTO_TCP}, {"udp", PROTO_UDP}, {0}};
static const struct choice check_types[] = {{"http", CHECK_HTTP}, {"tcp", CHECK_TCP}, {0}};
static const struct choice becomes[] = {{"none", BECOME_NONE}, {"sudo", BECOME_SUDO}, {0}};
static const struct choice transports[] = {
    {"libssh2", TRANSPORT_LIBSSH2}, {"openssh", TRANSPORT_OPENSSH}, {0}};
static const struct choice host_keys[] = {
    {"strict", HOST_KEY_STRICT}, {"accept-new", HOST_KEY_ACCEPT_NEW}, {0}};
static const struct choice profiles[] = {
    {"fast", PROFILE_FAST}, {"article", PROFILE_ARTICLE}, {0}};
static const struct choice web_servers_policies[] = {
    {"refuse", WEB_SERVERS_REFUSE},
    {"stop", WEB_SERVERS_STOP},
    {0},
};
static const struct choice firewall_policies[] = {
    {"open", FIREWALL_OPEN}, {"disable", FIREWALL_DISABLE}, {"leave", FIREWALL_LEAVE}, {0}};
static const struct choice selinux_policies[] = {
    {"manage", SELINUX_MANAGE}, {"permissive", SELINUX_PERMISSIVE},
    {"disabled", SELINUX_DISABLED}, {"leave", SELINUX_LEAVE}, {0}};
static const struct choice roles[] = {{"director", ROLE_DIRECTOR},
                                      {"real_server", ROLE_REAL_SERVER},
                                      {"nfs", ROLE_NFS},
                                      {0}};

/* The schedulers that keepalived 2.2 knows (lvs_schedulers[] in its check_parser.c). */
static const struct choice schedulers[] = {{"rr", 0},   {"wrr", 0}, {"lc", 0},    {"wlc", 0},
                                           {"lblc", 0}, {"sh", 0},  {"mh", 0},    {"dh", 0},
                                           {"fo", 0},   {"ovf", 0}, {"lblcr", 0}, {"sed", 0},
                                           {"nq", 0},   {0}};

static const struct field service_fields[SERVICE_N] = {
    [SERVICE_VIP] = {"vip", TYPE_ADDRESS, AT(struct service, vip),
        .doc = "The virtual IP of this service; default: the same service on every virtual IP."},
    [SERVICE_PORT] = {"port", TYPE_INT, .required = true, AT(struct service, port),
        .min = 1, .max = 65535,
        .doc = "The port, on the virtual IP and on the real servers alike (direct routing cannot "
               "change it)."},
    [SERVICE_PROTOCOL] = {"protocol", TYPE_CHOICE, AT(struct service, protocol),
        .choices = protocols, .def = "\"tcp\"", .doc = "The transport protocol."},
    [SERVICE_SCHEDULER] = {"scheduler", TYPE_STRING, AT(struct service, scheduler),
        .choices = schedulers, .def = "\"rr\"",
        .doc = "The IPVS scheduler: how the director spreads connections."},
    /* ip_vs and keepalived both stop at 31 days (LVS_MAX_TIMEOUT). */
    [SERVICE_PERSISTENCE] = {"persistence", TYPE_TIME, AT(struct service, persistence_s),
        .unit = 1, .min = 0, .max = 86400L * 31, .def = "0",
        .doc = "For how many seconds a client stays with its real server; 0: it does not."},
    [SERVICE_CHECK] = {"check", TYPE_OBJECT, .object = &health_table,
        .doc = "How the directors find out whether a real server serves."},
};

/*
 * Times of checks: keepalived takes any; below a tenth of a second the checks load the servers
 * more than the clients do, above an hour nobody means it.
 *
 * The defaults: a server is out of the table after interval + (retries + 1) * timeout + retries *
 * retry_delay at the latest, 1.4 s when it has fallen silent, 0.6 s when its machine still refuses
 * connections. A try shorter than the kernel's first SYN retransmission (1 s: RFC 6298, 2.1) gains
 * nothing from it, so that one lost packet fails a try; two in a row must fail.
 */
static const struct field health_fields[HEALTH_N] = {
    [HEALTH_TYPE] = {"type", TYPE_CHOICE, AT(struct health_check, type), .choices = check_types,
        .doc = "\"http\": a GET must give the expected status; \"tcp\": the port must accept a "
               "connection. Default: http for port 80/tcp, tcp for others; profile \"article\": tcp."},
    [HEALTH_PATH] = {"path", TYPE_STRING, AT(struct health_check, path), .text = &check_path_rule,
        .def = "\"/\"", .doc = "http: the path that is fetched."},
    [HEALTH_HOST] = {"host", TYPE_STRING, AT(struct health_check, host), .text = &check_host_rule,
        .doc = "http: the Host header; default: the virtual IP."},
    /* RFC 9110, 15: three digits; 1xx is never the last answer. */
    [HEALTH_STATUS] = {"status", TYPE_INT, AT(struct health_check, status), .min = 200, .max = 599,
        .def = "200", .doc = "http: the status that means the server is well."},
    [HEALTH_INTERVAL] = {"interval", TYPE_TIME, AT(struct health_check, interval_ms), .unit = 1000,
        .min = 100, .max = 3600 * 1000L, .def = "0.3", .article = "15",
        .doc = "Seconds between two checks. Profile \"article\": 15."},
    [HEALTH_TIMEOUT] = {"timeout", TYPE_TIME, AT(struct health_check, timeout_ms), .unit = 1000,
        .min = 100, .max = 600 * 1000L, .def = "0.5", .article = "3",
        .doc = "Seconds after which a check that has no answer has failed. Profile \"article\": 3."},
    [HEALTH_RETRIES] = {"retries", TYPE_INT, AT(struct health_check, retries), .min = 0, .max = 100,
        .def = "1", .article = "3",
        .doc = "Further failed tries before the server leaves the table. Profile \"article\": 3."},
    [HEALTH_RETRY_DELAY] = {"retry_delay", TYPE_TIME, AT(struct health_check, retry_delay_ms),
        .unit = 1000, .min = 100, .max = 600 * 1000L, .def = "0.1", .article = "4",
        .doc = "Seconds between a failed try and the next. Profile \"article\": 4."},
};

static const struct field vrrp_fields[VRRP_N] = {
    /* RFC 9568, 5.2.3: one byte, 0 is not allowed. */
    [VRRP_ROUTER_ID] = {"virtual_router_id", TYPE_INT, AT(struct vrrp, virtual_router_id), .min = 1,
        .max = 255, .def = "51",
        .doc = "The VRRP group; must be unique among all VRRP users of the network."},
    [VRRP_VERSION] = {"version", TYPE_INT, AT(struct vrrp, version), .min = 2, .max = 3, .def = "3",
        .article = "2",
        .doc = "3: fractions of a second, no authentication; 2: for peers that know no better. "
               "Profile \"article\": 2."},
    /* v3: 12 bits of hundredths (RFC 9568, 5.2.7); v2: a byte of seconds (RFC 3768, 5.3.7).
     * The limit here is the wider of the two; check.c knows which applies. */
    [VRRP_ADVERT_INTERVAL] = {"advert_interval", TYPE_TIME, AT(struct vrrp, advert_interval_cs),
        .unit = 100, .min = 1, .max = 25500, .def = "0.1", .article = "1",
        .doc = "Seconds between two adverts; a dead director is noticed after three. Version 3: "
               "0.01 to 40.95, default 0.1; version 2 and profile \"article\": default 1; version 2: "
               "whole seconds, 1 to 255."},
    [VRRP_INTERFACE] = {"interface", TYPE_STRING, AT(struct vrrp, interface),
        .text = &interface_rule,
        .doc = "The directors' network interface; default: the one that holds the host's address."},
    [VRRP_AUTH_PASS] = {"auth_pass", TYPE_SECRET, .secret = true, AT(struct vrrp, auth_pass),
        .text = &auth_pass_rule,
        .doc = "The simple password of VRRP version 2, sent in clear; version 3 has none."},
    [VRRP_UNICAST] = {"unicast", TYPE_BOOL, AT(struct vrrp, unicast), .def = "true",
        .article = "false",
        .doc = "Send adverts to the other director's address instead of multicast 224.0.0.18. "
               "Profile \"article\": false."},
    [VRRP_PREEMPT] = {"preempt", TYPE_BOOL, AT(struct vrrp, preempt), .def = "false",
        .article = "true",
        .doc = "Whether the director with the higher priority takes the virtual IPs back when it "
               "returns; each move is a short interruption. Profile \"article\": true."},
    [VRRP_MIXED_VERSIONS] = {"mixed_versions", TYPE_BOOL, AT(struct vrrp, mixed_versions),
        .def = "false",
        .doc = "The directors' keepalived may be of different major versions, 1.x and 2.x: adverts "
               "are of whole seconds then, with the checksum that both understand. Without it such "
               "directors are refused."},
};

static const struct field nfs_fields[NFS_N] = {
    [NFS_EXPORT] = {"export", TYPE_STRING, AT(struct nfs, export_path), .text = &directory_rule,
        .def = "\"/nfs/web\"", .doc = "The directory that the NFS host exports."},
    [NFS_MOUNT] = {"mount", TYPE_STRING, AT(struct nfs, mount_path), .text = &directory_rule,
        .def = "\"/var/www/html/shared\"",
        .doc = "Where the real servers mount it and serve from."},
    /*
     * nfsvers=4: one port, no portmapper, and the highest minor version both ends know. hard: a
     * write is never lost silently; timeo and retrans make the client look for a restarted server
     * every few seconds instead of minutes. bg, nofail: a real server boots without its NFS server
     * and mounts when that comes (systemd.mount(5) retries a bg mount without end).
     */
    [NFS_MOUNT_OPTIONS] = {"mount_options", TYPE_STRING, AT(struct nfs, mount_options),
        .text = &options_rule,
        .def = "\"rw,hard,bg,timeo=50,retrans=2,noatime,nfsvers=4,_netdev,nofail\"",
        .doc = "Mount options, as in fstab(5) and nfs(5)."},
    [NFS_EXPORT_OPTIONS] = {"export_options", TYPE_STRING, AT(struct nfs, export_options),
        .text = &options_rule, .def = "\"rw,sync,no_subtree_check,root_squash\"",
        .doc = "Export options for each real server, as in exports(5)."},
    [NFS_OWNER] = {"owner", TYPE_STRING, AT(struct nfs, owner), .text = &account_rule,
        .def = "\"root\"", .doc = "Owner of the exported directory."},
    [NFS_GROUP] = {"group", TYPE_STRING, AT(struct nfs, group), .text = &account_rule,
        .def = "\"root\"", .doc = "Group of the exported directory."},
    [NFS_MODE] = {"mode", TYPE_MODE, AT(struct nfs, mode), .def = "\"0755\"",
        .doc = "Mode of the exported directory: a string of octal digits."},
    /* The kernel takes 10 to 3600 (__nfsd4_write_time() in fs/nfsd/nfsctl.c); its default is 90. */
    [NFS_LEASE_TIME] = {"lease_time", TYPE_TIME, AT(struct nfs, lease_s), .unit = 1, .min = 10,
        .max = 3600, .def = "10", .article = "90",
        .doc = "Seconds after which the NFS server forgets a silent client, and for which pages "
               "may wait after its restart. Profile \"article\": 90, the kernel's own."},
};

static const struct field network_fields[NETWORK_N] = {
    [NETWORK_PREFIX] = {"prefix", TYPE_INT, .required = true, AT(struct network, prefix), .min = 1,
        .max = 32, .doc = "The prefix length of every host's address: 24 is 255.255.255.0."},
    [NETWORK_GATEWAY] = {"gateway", TYPE_ADDRESS, AT(struct network, gateway),
        .doc = "The default gateway; without it the hosts have no default route through this "
               "interface."},
    [NETWORK_DNS] = {"dns", TYPE_ADDRESSES, AT(struct network, dns), .min = 1,
        .max = NETWORK_MAX_DNS,
        .doc = "Name servers, for resolvconf or systemd-resolved where the host has one of them."},
};

/*
 * Seconds between scrapes: a scrape of every exporter costs a host some tenths of a second of a slow
 * processor, and an alert waits for two of them; Prometheus forgets a series after 5 minutes (its
 * lookback delta), so that 2 must fit.
 */
static const struct field monitoring_fields[MONITORING_N] = {
    [MONITORING_HOST] = {"host", TYPE_STRING, AT(struct monitoring, host), .text = &name_rule,
        .doc = "The name of the host that Prometheus runs on, any of the cluster; default: the NFS "
               "host, without one the last real server."},
    [MONITORING_INTERVAL] = {"interval", TYPE_TIME, AT(struct monitoring, interval_s), .unit = 1,
        .min = 2, .max = 120, .def = "10",
        .doc = "Seconds between two scrapes; what is wrong for three of them is an alert."},
    [MONITORING_RETENTION] = {"retention", TYPE_INT, AT(struct monitoring, retention_days), .min = 1,
        .max = 3650, .def = "15", .doc = "For how many days Prometheus keeps what it has scraped."},
};

static const struct field ssh_fields[SSH_N] = {
    [SSH_TRANSPORT] = {"transport", TYPE_CHOICE, AT(struct ssh_settings, transport),
        .choices = transports, .def = "\"libssh2\"",
        .doc = "\"libssh2\": SSH in this process; \"openssh\": the system's ssh, for what libssh2 "
               "cannot do: RSA keys, certificates, FIDO keys, GSSAPI, everything of ssh_config."},
    [SSH_CONFIG] = {"config", TYPE_PATH, AT(struct ssh_settings, config),
        .doc = "The ssh_config file that completes these settings where they are not given here, or "
               "false for none; default: ~/.ssh/config where it exists."},
    [SSH_ALIAS] = {"alias", TYPE_STRING, AT(struct ssh_settings, alias), .text = &name_rule,
        .doc = "Only of a host: what it is called in ssh_config, whose HostName is then where SSH "
               "connects; default: its address."},
    [SSH_JUMP] = {"jump", TYPE_STRINGS, AT(struct ssh_settings, jump), .text = &jump_rule,
        .doc = "Host, or array of hosts in the order of the way, to go through: "
               "\"[USER@]HOST[:PORT]\", or \"none\"; the system's ssh speaks to them. Default: "
               "ProxyJump of ssh_config."},
    [SSH_USER] = {"user", TYPE_STRING, AT(struct ssh_settings, user), .text = &login_rule,
        .def = "\"root\"", .doc = "The user to log in as."},
    [SSH_PORT] = {"port", TYPE_INT, AT(struct ssh_settings, port), .min = 1, .max = 65535,
        .def = "22", .doc = "The port of sshd."},
    [SSH_IDENTITY] = {"identity", TYPE_PATHS, AT(struct ssh_settings, identities),
        .def = "[\"~/.ssh/id_ed25519\", \"~/.ssh/id_ecdsa\"]",
        .doc = "Private key file, or an array of them. A relative path is relative to the "
               "inventory file. Of the defaults those that exist are tried."},
    [SSH_AGENT] = {"agent", TYPE_BOOL, AT(struct ssh_settings, agent), .def = "true",
        .doc = "Also try the keys of a running ssh-agent."},
    [SSH_KNOWN_HOSTS] = {"known_hosts", TYPE_PATHS, AT(struct ssh_settings, known_hosts),
        .def = "[\"~/.ssh/known_hosts\", \"/etc/ssh/ssh_known_hosts\"]",
        .doc = "File, or array of files, with the known host keys."},
    [SSH_HOST_KEY] = {"host_key", TYPE_CHOICE, AT(struct ssh_settings, host_key),
        .choices = host_keys, .def = "\"strict\"",
        .doc = "What to do about a host of which no key is known: \"strict\" refuses it; "
               "\"accept-new\" puts its key into the first file of known_hosts and says so. A key "
               "that has changed is refused in any case."},
    [SSH_PINNED_KEYS] = {"pinned_keys", TYPE_STRINGS, AT(struct ssh_settings, pinned_keys),
        .text = &host_key_rule,
        .doc = "Host key, or array of host keys, as \"TYPE BASE64\" or \"SHA256:...\": the host "
               "must show one of these, whatever known_hosts holds; only @revoked lines still "
               "count."},
    [SSH_BECOME] = {"become", TYPE_CHOICE, AT(struct ssh_settings, become), .choices = becomes,
        .def = "\"none\"",
        .doc = "How the user becomes root: \"sudo\", or \"none\" for a user who is root."},
    [SSH_PASSWORD] = {"password", TYPE_SECRET, .secret = true, AT(struct ssh_settings, password),
        .text = &secret_rule,
        .doc = "The user's password, tried after the keys; default: CLUSTERCTL_SSH_PASSWORD, else "
               "it is asked for."},
    [SSH_PASSPHRASE] = {"passphrase", TYPE_SECRET, .secret = true,
        AT(struct ssh_settings, passphrase), .text = &secret_rule,
        .doc = "The passphrase of the private key files; default: CLUSTERCTL_PASSPHRASE, else it is "
               "asked for."},
    [SSH_BECOME_PASSWORD] = {"become_password", TYPE_SECRET, .secret = true,
        AT(struct ssh_settings, become_password), .text = &secret_rule,
        .doc = "What sudo asks the user for; default: CLUSTERCTL_SUDO_PASSWORD, else it is asked "
               "for where sudo wants it."},
    [SSH_CONNECT_TIMEOUT] = {"connect_timeout", TYPE_TIME,
        AT(struct ssh_settings, connect_timeout_ms), .unit = 1000, .min = 100, .max = 600 * 1000L,
        .def = "20",
        .doc = "Seconds that the TCP connection and the SSH handshake may take, each."},
    /* TCP_USER_TIMEOUT; below a few seconds one lost packet ends a run. */
    [SSH_DEAD_AFTER] = {"dead_after", TYPE_TIME, AT(struct ssh_settings, dead_after_ms),
        .unit = 1000, .min = 3000, .max = 3600 * 1000L, .def = "30",
        .doc = "Seconds without a sign of life after which a connection counts as lost."},
};

static const struct field host_fields[HOST_N] = {
    [HOST_NAME] = {"name", TYPE_STRING, .required = true, AT(struct host, name), .text = &name_rule,
        .doc = "What clusterctl calls the host; unique."},
    [HOST_HOSTNAME] = {"hostname", TYPE_STRING, AT(struct host, hostname), .text = &hostname_rule,
        .doc = "The host name that the machine gets; default: its name."},
    [HOST_ADDRESS] = {"address", TYPE_ADDRESS, .required = true, AT(struct host, address),
        .doc = "The host's own IPv4 address: for SSH, VRRP, the real servers' table and NFS."},
    [HOST_ROLE] = {"role", TYPE_CHOICES, .required = true, AT(struct host, roles), .choices = roles,
        .doc = "\"director\" (one or two), \"real_server\" (any number), \"nfs\" (at most one); or "
               "an array of them."},
    /* ip_vs and keepalived: 0 to 65535; 0 takes no new connections. */
    [HOST_WEIGHT] = {"weight", TYPE_INT, AT(struct host, weight), .min = 0, .max = 65535,
        .def = "1", .roles = ROLE_REAL_SERVER,
        .doc = "Share of the connections under a weighted scheduler; 0: no new connections."},
    /* RFC 9568, 5.2.4: 255 is for the owner of the address, 0 says goodbye. */
    [HOST_PRIORITY] = {"priority", TYPE_INT, AT(struct host, priority), .min = 1, .max = 254,
        .roles = ROLE_DIRECTOR,
        .doc = "VRRP priority: the higher one is preferred. Default: 254 for the first director, "
               "253 for the second; a low one takes over more slowly. Profile \"article\": 100 and 50."},
    /* Of hosts that are no director only where the network is managed: check_network.c. */
    [HOST_INTERFACE] = {"interface", TYPE_STRING, AT(struct host, interface),
        .text = &interface_rule,
        .doc = "The director's network interface, or with network that of any host; default: that "
               "of vrrp, else the one that holds the host's address."},
    [HOST_INDEX] = {"index", TYPE_STRING, AT(struct host, index), .text = &file_name_rule,
        .def = "\"index.html\"", .roles = ROLE_REAL_SERVER,
        .doc = "The file under the share that this real server serves for a directory."},
    [HOST_PAGE] = {"page", TYPE_STRING, AT(struct host, page), .text = &page_rule,
        .roles = ROLE_REAL_SERVER,
        .doc = "Text that the index file is made with when it does not exist."},
    [HOST_SSH] = {"ssh", TYPE_OBJECT, .object = &ssh_table,
        .doc = "SSH settings of this host; default for each key: the cluster's."},
};

static const struct field top_fields[TOP_N] = {
    [TOP_SCHEMA] = {"$schema", TYPE_STRING, .text = &any_text_rule,
        .doc = "Where the JSON Schema is, for editors; clusterctl ignores it."},
    [TOP_CLUSTER] = {"cluster", TYPE_STRING, .required = true, AT(struct top, name),
        .text = &name_rule, .doc = "The cluster's name."},
    [TOP_PROFILE] = {"profile", TYPE_CHOICE, AT(struct top, profile), .choices = profiles,
        .def = "\"fast\"",
        .doc = "Where defaults come from. \"fast\": fail over in tenths of a second, hand over "
               "without loss; \"article\": the timers of the walk-through that this tool started "
               "from, whose failover takes seconds, to compare with."},
    [TOP_VIP] = {"vip", TYPE_ADDRESS, AT(struct top, vip),
        .doc = "The virtual IPv4 address. Exactly one of vip and vips must be given."},
    /* keepalived puts 20 addresses into an advert (VRRP_MAX_VIP) and old releases drop the rest. */
    [TOP_VIPS] = {"vips", TYPE_ADDRESSES, AT(struct top, vips), .min = 1, .max = 20,
        .doc = "Several virtual IPv4 addresses, which move together."},
    [TOP_SERVICES] = {"services", TYPE_LIST, .object = &service_table,
        .doc = "What is balanced; default: port 80/tcp on every virtual IP, scheduler rr, with an "
               "http check."},
    [TOP_VRRP] = {"vrrp", TYPE_OBJECT, .object = &vrrp_table,
        .doc = "How the directors agree on who holds the virtual IPs."},
    [TOP_NFS] = {"nfs", TYPE_OBJECT, .object = &nfs_table, .doc = "The shared content."},
    [TOP_SSH] = {"ssh", TYPE_OBJECT, .object = &ssh_table, .doc = "How to reach the hosts."},
    [TOP_NETWORK] = {"network", TYPE_OBJECT, .object = &network_table,
        .doc = "Make every host's address static on its interface; default: the network is left "
               "as it is."},
    [TOP_MONITORING] = {"monitoring", TYPE_OBJECT, .object = &monitoring_table,
        .doc = "Watch the cluster with Prometheus, its alerts and exporters; default: nothing of it "
               "is installed."},
    [TOP_WEB_SERVERS] = {"web_servers", TYPE_CHOICE, AT(struct top, web_servers),
        .choices = web_servers_policies, .def = "\"refuse\"",
        .doc = "Another web server (httpd, apache2, lighttpd) that holds a port of nginx' on a real "
               "server: \"refuse\": say so and change nothing there; \"stop\": stop and disable it."},
    [TOP_FIREWALL] = {"firewall", TYPE_CHOICE, AT(struct top, firewall),
        .choices = firewall_policies, .def = "\"open\"",
        .doc = "\"open\": let VRRP, the services and NFS through the firewall that is active; "
               "\"disable\": stop and disable it, and what a boot would start; \"leave\": do not "
               "look at it."},
    [TOP_SELINUX] = {"selinux", TYPE_CHOICE, AT(struct top, selinux), .choices = selinux_policies,
        .def = "\"manage\"",
        .doc = "\"manage\": set the booleans that the cluster needs; \"permissive\": turn "
               "enforcement off, now and at boot; \"disabled\": the same, and no SELinux from the next "
               "boot on; \"leave\": do not look at it."},
    [TOP_HOSTS] = {"hosts", TYPE_LIST, .required = true, .object = &host_table,
        .doc = "The machines, in order: the first director is the preferred one."},
};

const struct table service_table = {"service", "A balanced service.", TABLE(service_fields)};
const struct table health_table = {"check", "A health check.", TABLE(health_fields)};
const struct table vrrp_table = {"vrrp", "VRRP settings.", TABLE(vrrp_fields)};
const struct table nfs_table = {"nfs", "NFS settings.", TABLE(nfs_fields)};
const struct table network_table = {"network", "Static addresses.", TABLE(network_fields)};
const struct table monitoring_table = {"monitoring", "Prometheus and what it asks.",
                                       TABLE(monitoring_fields)};
const struct table ssh_table = {"ssh", "SSH settings.", TABLE(ssh_fields)};
const struct table host_table = {"host", "A machine of the cluster.", TABLE(host_fields)};
const struct table top_table = {"inventory", "A highly available LVS-DR web cluster.",
                                TABLE(top_fields)};

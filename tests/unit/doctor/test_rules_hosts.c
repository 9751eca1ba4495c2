/* The rules of real servers, the share and hosts in general, on canned answers. */
#include <unistd.h>

#include "bed.h"
#include "engine/script.h"

static const struct rule_set *const sets[] = {&rule_set_vip,     &rule_set_http, &rule_set_nfs,
                                              &rule_set_selinux, &rule_set_host, NULL};

static void all_is_well(void **state)
{
    (void)state;
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 0);
}

static void say_live(unsigned host, const char *line)
{
    char *copy = xstrdup(line);
    live_record(&bed.exam.live.hosts[host], copy);
    free(copy);
}

static void vip_not_on_lo(void **state)
{
    (void)state;
    say_live(WEB1, "addr 1: lo inet 127.0.0.1/8 scope host lo");
    say_live(WEB1, "complete");
    bed_step(WEB1, RES_ADDRESS, "10.1.1.140/32");
    bed_examine(sets);
    const struct finding *f = bed_only("vip.not-on-lo", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_true(bed_sees(f, "to do: 10.1.1.140/32"));
}

static void vip_elsewhere(void **state)
{
    (void)state;
    say_live(LVS1, "addr 2: eth0 inet 10.1.1.140/32 scope global eth0");
    say_live(LVS1, "complete");
    say_live(NFS, "addr 2: eth0 inet 10.1.1.140/32 scope global eth0");
    say_live(NFS, "complete");
    bed_say(NFS, "vip.addr 2: eth0    inet 10.1.1.140/32 scope global eth0");
    bed_examine(sets);
    const struct finding *f = bed_only("vip.elsewhere", "NFS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_true(bed_shows(f, "eth0    inet 10.1.1.140/32"));
    assert_non_null(strstr(f->fix, "ip address del 10.1.1.140/32 dev eth0"));
}

static void arp_of(const char *all, const char *lo, const char *eth0)
{
    char text[100];
    bed_instead(WEB1, "vip.arp", "all arp_announce 2");
    bed_say(WEB1, "vip.arp eth0 arp_announce 0");
    snprintf(text, sizeof text, "vip.arp all arp_ignore %s", all);
    bed_say(WEB1, text);
    snprintf(text, sizeof text, "vip.arp lo arp_ignore %s", lo);
    bed_say(WEB1, text);
    snprintf(text, sizeof text, "vip.arp eth0 arp_ignore %s", eth0);
    bed_say(WEB1, text);
}

static void arp_all_by_hand(void **state)
{
    (void)state;
    arp_of("0", "1", "0");
    bed_say(WEB1,
            "vip.sysctl /etc/sysctl.d/99-zz-clusterctl.conf:3:net.ipv4.conf.all.arp_ignore = 1");
    bed_step(WEB1, RES_SYSCTL, "net.ipv4.conf.all.arp_ignore");
    bed_examine(sets);
    const struct finding *f = bed_only("arp.sysctl", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_non_null(strstr(f->cause, "changed by hand"));
    assert_non_null(strstr(f->cause, "it answers ARP for the VIP"));
}

/* A file that is not ours would set it again at the next boot. */
static void arp_all_by_file(void **state)
{
    (void)state;
    arp_of("0", "1", "0");
    bed_say(WEB1, "vip.sysctl /etc/sysctl.d/99-zzz.conf:12:-net/ipv4/conf/all/arp_ignore=0");
    bed_step(WEB1, RES_SYSCTL, "net.ipv4.conf.all.arp_ignore");
    bed_examine(sets);
    const struct finding *f = bed_only("arp.sysctl", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_non_null(strstr(f->cause, "set by /etc/sysctl.d/99-zzz.conf line 12"));
}

static void arp_lo_harmless(void **state)
{
    (void)state;
    arp_of("1", "0", "0");
    bed_step(WEB1, RES_SYSCTL, "net.ipv4.conf.lo.arp_ignore");
    bed_examine(sets);
    assert_non_null(strstr(bed_only("arp.sysctl", "Web01-RS")->cause, "does no harm"));
}

/* What the larger value of the two means, as net/ipv4/arp.c has it; NULL: well. */
static void arp_of_the_interface(void **state)
{
    static const struct {
        const char *eth0, *harm;
    } values[] = {
        {"0", NULL},
        {"1", NULL},
        {"2", NULL},
        {"3", "answers ARP for the VIP"},
        {"5", "answers ARP for the VIP"},
        {"8", "answers no ARP request at all"},
        {"9", "answers ARP for the VIP"},
        {"-1", NULL},
        {"99999999999999999999", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        bed_teardown(NULL); /* the fixture's, or that of the value before */
        bed_setup(NULL);
        arp_of("1", "1", values[i].eth0);
        bed_examine(sets);
        if (values[i].harm) {
            const struct finding *f = bed_only("arp.sysctl", "Web01-RS");
            assert_non_null(strstr(f->cause, values[i].harm));
            assert_int_equal(f->remedy, REMEDY_MANUAL);
            assert_non_null(strstr(f->fix, "sysctl -w net.ipv4.conf.eth0.arp_ignore=0"));
        } else {
            assert_int_equal(bed.report.findings.n, 0);
        }
    }
}

static void default_site(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.whoami", "80 HTTP/1.1 404 Not Found | <html>");
    bed_say(WEB1, "http.vhost 1 /etc/nginx/sites-enabled/default:22: listen 80 default_server;");
    bed_say(WEB1, "http.vhost 1 /etc/nginx/sites-enabled/default:46: server_name _;");
    bed_step(WEB1, RES_FILE, "/etc/nginx/conf.d/clusterctl.conf");
    bed_examine(sets);
    const struct finding *f = bed_only("http.default-site", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_non_null(strstr(f->cause, "that of /etc/nginx/sites-enabled/default"));
    assert_true(bed_shows(f, "default:22: listen 80 default_server;"));
    assert_true(bed_shows(f, "clusterctl.conf does not exist"));
}

/* Nothing of ours is missing, and yet somebody else's file comes first. */
static void another_vhost(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.whoami", "80 HTTP/1.1 200 OK | hi");
    bed_say(WEB1, "http.vhost 1 /etc/nginx/conf.d/aaa.conf:1: listen 10.1.1.140:80;");
    bed_say(
        WEB1,
        "http.vhost 2 /etc/nginx/conf.d/clusterctl.conf:9: listen 10.1.1.140:80 default_server;");
    bed_say(WEB1, "http.vhost 3 /etc/nginx/sites-enabled/default:22: listen 80 default_server;");
    bed_examine(sets);
    const struct finding *f = bed_only("http.default-site", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_non_null(strstr(f->cause, "/etc/nginx/conf.d/aaa.conf"));
    assert_false(bed_shows(f, "clusterctl.conf:9"));
}

/* The program that has the port is the cause; that nginx does not run comes from it. */
static void port_taken(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.unit", "Id=nginx.service ActiveState=failed Result=exit-code");
    bed_instead(WEB1, "http.listen", "LISTEN 0 511 *:80 *:* users:((\"apache2\",pid=7,fd=4))");
    bed_say(WEB1, "http.owner apache2 apache2.service");
    bed_instead(WEB1, "http.test",
                "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address in use)");
    bed_instead(WEB1, "http.whoami", "80 HTTP/1.1 404 Not Found | <html>");
    bed_step(WEB1, RES_SERVICE, "nginx.service");
    bed_examine(sets);
    const struct finding *f = bed_only("http.port-taken", "Web01-RS");
    assert_non_null(strstr(f->cause, "apache2 (apache2.service)"));
    assert_true(bed_sees(f, "nginx does not run"));
    assert_int_equal(f->remedy, REMEDY_MANUAL);
}

static void port_of_loopback_is_nobodys_business(void **state)
{
    (void)state;
    bed_say(WEB1, "http.listen LISTEN 0 5 127.0.0.1:80 0.0.0.0:* users:((\"python3\",pid=7,fd=4))");
    bed_say(WEB1, "http.listen LISTEN");
    bed_say(WEB1, "http.listen");
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 0);
}

static void config_broken(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.test",
                "nginx: [emerg] unknown directive \"oops\" in /etc/nginx/conf.d/zz.conf:1");
    bed_examine(sets);
    const struct finding *f = bed_only("http.config-broken", "Web01-RS");
    assert_true(bed_shows(f, "zz.conf:1"));
    assert_non_null(strstr(f->cause, "the next reload"));
}

/* One directory, all real servers: one cause, on the host where it is mended. */
static void share_unreadable(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_instead(WEB2, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_say(WEB1, "http.error open() \"/srv/web/index1.html\" failed (13: Permission denied)");
    bed_step(NFS, RES_DIR, "/nfs/web");
    bed_examine(sets);
    const struct finding *f = bed_only("http.forbidden", "NFS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_true(bed_shows(f, "Web01-RS: /var/log/nginx/error.log"));
    assert_true(bed_shows(f, "Web02-RS: GET /"));
}

/* The same before nginx notices: its pages are still in the real servers' caches. */
static void share_closed_but_cached(void **state)
{
    struct verify_report checks = {0};
    (void)state;
    *vec_push(&checks.results) =
        (struct check_result){.id = "nfs.shared",
                              .subject = "Web01-RS",
                              .status = CHECK_FAIL,
                              .reason = "head: cannot open 'x' for reading: Permission denied"};
    bed.exam.checks = &checks;
    bed_step(NFS, RES_DIR, "/nfs/web");
    bed_examine(sets);
    const struct finding *f = bed_only("http.forbidden", "NFS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_true(bed_shows(f, "Permission denied"));
    bed.exam.checks = NULL;
    vec_free(&checks.results);
}

static void page_alone_forbidden(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_examine(sets);
    assert_int_equal(bed_only("http.forbidden", "Web01-RS")->remedy, REMEDY_MANUAL);
}

/* A dead server is the cause of all that its clients show. */
static void nfs_server_down(void **state)
{
    (void)state;
    bed_instead(NFS, "nfs.unit", "Id=nfs-server.service ActiveState=inactive SubState=dead");
    bed_instead(NFS, "nfs.listen", "");
    bed_instead(NFS, "nfs.etab", "");
    bed_step(NFS, RES_SERVICE, "nfs-server.service");
    for (unsigned h = WEB1; h <= WEB2; h++) {
        bed_instead(h, "nfs.tcp", "Connection refused");
        bed_instead(h, "nfs.stat", "no answer within 5 s");
        bed_instead(h, "http.page", "80 no answer");
        struct wanted s = bed_step(h, RES_MOUNT, "/srv/web");
        s.have->mount =
            (struct res_mount){.source = "10.1.1.134:/nfs/web", .fstype = "nfs4", .stale = true};
        s.want->mount.source = "10.1.1.134:/nfs/web";
    }
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.server-down", "NFS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_true(bed_sees(f, "Web01-RS: the mount of Web01-RS does not answer"));
    assert_true(bed_sees(f, "Web02-RS: nginx on Web02-RS does not answer"));
}

static void not_exported(void **state)
{
    (void)state;
    bed_instead(NFS, "nfs.etab", "/nfs/web 10.1.1.133(rw,sync)");
    bed_say(NFS, "nfs.etab /nfs/web2 10.1.1.132(rw,sync)");
    bed_instead(WEB1, "nfs.stat", "stat: cannot stat '/srv/web': Stale file handle");
    bed_step(NFS, RES_EXPORT, "/nfs/web");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.not-exported", "NFS");
    assert_non_null(strstr(f->cause, "to Web01-RS"));
    assert_true(bed_sees(f, "stale (ESTALE)"));
}

static void nfs_exported_wide(void **state)
{
    (void)state;
    bed_say(NFS, "nfs.etab /nfs/web 10.1.1.0/24(rw,sync,no_root_squash)");
    bed_say(NFS, "nfs.etab /nfs/web 10.1.1.13(rw,sync)");
    bed_say(NFS, "nfs.etab /nfs/web2 *(rw,sync)");
    bed_say(NFS, "nfs.exports /etc/exports:9:/nfs/web 10.1.1.0/24(rw,no_root_squash)");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.exported-wide", "NFS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_true(bed_shows(f, "10.1.1.0/24(rw,sync,no_root_squash)"));
    assert_true(bed_shows(f, "10.1.1.13(rw,sync)"));
    assert_true(bed_shows(f, "/etc/exports:9:"));
    assert_false(bed_shows(f, "web2"));
}

static void nfs_firewalled(void **state)
{
    (void)state;
    bed_instead(WEB1, "nfs.tcp", "timed out");
    bed_instead(WEB1, "nfs.stat", "no answer within 5 s");
    bed_instead(WEB2, "nfs.tcp", "timed out");
    bed_say(NFS, "fw.iptables *filter");
    bed_say(NFS, "fw.iptables :INPUT ACCEPT [0:0]");
    bed_say(NFS, "fw.iptables -A INPUT -p tcp -m tcp --dport 2049 -j DROP");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.firewalled", "NFS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_true(bed_shows(f, "-A INPUT -p tcp -m tcp --dport 2049 -j DROP"));
    assert_true(bed_shows(f, "Web02-RS: connect to NFS tcp/2049: timed out"));
}

static void nfs_lost_on_the_way(void **state)
{
    (void)state;
    bed_instead(WEB1, "nfs.tcp", "timed out");
    bed_examine(sets);
    assert_non_null(strstr(bed_only("nfs.firewalled", "Web01-RS")->cause, "no rule of either"));
}

static void read_only(void **state)
{
    (void)state;
    bed_instead(WEB1, "nfs.mount", "95 28 0:42 / /srv/web ro,relatime shared:1 - nfs4 x rw");
    bed_examine(sets);
    assert_non_null(strstr(bed_only("nfs.read-only", "Web01-RS")->fix, "remount,rw"));
}

static void read_only_as_wanted(void **state)
{
    (void)state;
    fake.cluster.nfs.mount_options = "hard,ro";
    bed_instead(WEB1, "nfs.mount", "95 28 0:42 / /srv/web ro,relatime shared:1 - nfs4 x rw");
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 0);
}

static void exported_read_only(void **state)
{
    (void)state;
    bed_instead(NFS, "nfs.etab", "/nfs/web 10.1.1.132(ro,sync)");
    bed_say(NFS, "nfs.etab /nfs/web 10.1.1.133(sync,rw,root_squash)");
    bed_step(NFS, RES_EXPORT, "/nfs/web");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.read-only", "NFS");
    assert_true(bed_shows(f, "10.1.1.132(ro"));
    assert_false(bed_shows(f, "10.1.1.133(sync"));
}

static void mount_is(const char *source, const char *fstype)
{
    struct wanted s = bed_step(WEB1, RES_MOUNT, "/srv/web");
    s.have->mount = (struct res_mount){.source = source, .fstype = fstype};
    s.want->mount.source = "10.1.1.134:/nfs/web";
}

static void mounted_elsewhere(void **state)
{
    (void)state;
    mount_is("10.1.1.9:/nfs/web", "nfs4");
    bed_instead(WEB1, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_say(WEB1, "nfs.fstab 10://10.1.1.9/web /srv/web/own cifs ro,password=hush 0 0");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.mounted-elsewhere", "Web01-RS");
    assert_non_null(strstr(f->cause, "10.1.1.9:/nfs/web"));
    assert_true(bed_shows(f, "/srv/web/own cifs ro,password=******** 0 0"));
}

static void not_mounted(void **state)
{
    (void)state;
    mount_is(NULL, NULL);
    bed_instead(WEB1, "nfs.mount", "");
    bed_instead(WEB1, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_examine(sets);
    const struct finding *f = bed_only("nfs.not-mounted", "Web01-RS");
    assert_true(bed_shows(f, "grep -n /etc/fstab: 9:10.1.1.134"));
    assert_true(bed_sees(f, "status 403"));
}

static void not_in_fstab(void **state)
{
    (void)state;
    bed_instead(WEB1, "nfs.fstab", "9:#10.1.1.134:/nfs/web /srv/web nfs rw 0 0");
    bed_say(WEB1, "nfs.fstab 10:10.1.1.134:/nfs/web /srv/web2 nfs rw 0 0");
    bed_step(WEB1, RES_BLOCK, "/etc/fstab");
    bed_examine(sets);
    assert_int_equal(bed_only("nfs.not-in-fstab", "Web01-RS")->remedy, REMEDY_DEPLOY);
}

/* As auditd writes them on CentOS Stream 9: nginx on NFS, a port without a label, a permissive one.
 */
#define AVC_NFS                                                                                    \
    "selinux.avc type=AVC msg=audit(1717423571.214:391): avc:  denied  { read } for  pid=2716 "    \
    "comm=\"nginx\" name=\"index1.html\" dev=\"0:46\" ino=131075 "                                 \
    "scontext=system_u:system_r:httpd_t:s0 tcontext=system_u:object_r:nfs_t:s0 tclass=file "       \
    "permissive=0"
#define AVC_PORT                                                                                   \
    "selinux.avc type=AVC msg=audit(1717423902.008:402): avc:  denied  { name_bind } for  "        \
    "pid=2801 "                                                                                    \
    "comm=\"nginx\" src=8099 scontext=system_u:system_r:httpd_t:s0 "                               \
    "tcontext=system_u:object_r:unreserved_port_t:s0 tclass=tcp_socket permissive=0"
#define AVC_PERMISSIVE                                                                             \
    "selinux.avc type=AVC msg=audit(1717423902.009:403): avc:  denied  { open } for  pid=2801 "    \
    "comm=\"keepalived\" path=\"/x\" scontext=system_u:system_r:keepalived_t:s0 "                  \
    "tcontext=system_u:object_r:default_t:s0 tclass=file permissive=1"

static void selinux_nfs(void **state)
{
    (void)state;
    bed_say(WEB1, AVC_NFS);
    bed_say(WEB1, AVC_NFS);
    bed_step(WEB1, RES_SEBOOL, "httpd_use_nfs");
    bed_instead(WEB1, "http.page", "80 HTTP/1.1 403 Forbidden | <html>");
    bed_examine(sets);
    const struct finding *f = bed_only("selinux.denial", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_DEPLOY);
    assert_non_null(strstr(f->fix, "setsebool -P httpd_use_nfs on"));
    assert_true(bed_shows(f, "denied  { read }"));
    assert_true(bed_sees(f, "status 403"));
}

static void selinux_port(void **state)
{
    (void)state;
    bed_say(WEB2, AVC_PORT);
    bed_say(WEB2, AVC_PERMISSIVE);
    bed_examine(sets);
    const struct finding *f = bed_only("selinux.denial", "Web02-RS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_non_null(strstr(f->cause, "unreserved_port_t"));
    assert_non_null(strstr(f->fix, "semanage port"));
}

/* Debian's policy: the boolean is on, and nginx is denied NFS all the same. */
static void selinux_nfs_whatever_the_boolean(void **state)
{
    (void)state;
    bed_say(WEB1, AVC_NFS);
    bed_say(WEB1, "selinux.use-nfs 1 1");
    bed_examine(sets);
    const struct finding *f = bed_only("selinux.denial", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_non_null(strstr(f->cause, "though the boolean httpd_use_nfs is on"));
    assert_non_null(strstr(f->fix, "semodule -i"));
}

/* The inventory leaves SELinux alone: so does a deploy. */
static void selinux_nfs_left_alone(void **state)
{
    (void)state;
    bed_say(WEB1, AVC_NFS);
    bed_say(WEB1, "selinux.use-nfs 0 0");
    bed_examine(sets);
    const struct finding *f = bed_only("selinux.denial", "Web01-RS");
    assert_int_equal(f->remedy, REMEDY_MANUAL);
    assert_string_equal(f->fix, "on Web01-RS: setsebool -P httpd_use_nfs on");
}

static void selinux_nonsense(void **state)
{
    (void)state;
    bed_say(WEB1, "selinux.avc avc: denied { } comm= scontext=a:b tcontext= tclass=");
    bed_say(WEB1, "selinux.avc avc: denied comm=\"nginx\" scontext=a:b:c tcontext=::: tclass=file");
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 0);
}

static void clocks(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e)
{
    const int64_t seconds[FAKE_HOSTS] = {a, b, c, d, e};
    for (size_t i = 0; i < FAKE_HOSTS; i++) {
        bed.exam.hosts[i].clock_known = true;
        bed.exam.hosts[i].clock_offset_us = seconds[i] * 1000000;
        bed.exam.hosts[i].clock_error_us = 400000;
    }
}

static void clock_of_one(void **state)
{
    (void)state;
    clocks(0, -3600, 1, -1, 5);
    bed_examine(sets);
    const struct finding *f = bed_only("host.clock-skew", "LVS-node01");
    assert_non_null(strstr(f->cause, "3600.0 s behind"));
    assert_non_null(strstr(f->cause, "no time daemon"));
}

static void clock_of_the_operator(void **state)
{
    (void)state;
    clocks(90, 90, 91, 89, 90);
    bed_examine(sets);
    assert_non_null(strstr(bed_only("host.clock-skew", NULL)->cause, "this machine's"));
}

static void clock_badly_known(void **state)
{
    (void)state;
    clocks(0, 0, 8, 0, 0);
    bed.exam.hosts[WEB1].clock_error_us = 4000000;
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 0);
}

static void disk_full(void **state)
{
    (void)state;
    bed_say(WEB1, "host.df /dev/vda 2030396 2013628 0 100% /");
    bed_say(WEB1, "host.df /dev/vda 2030396 2013628 0 100% /");
    bed_say(WEB1, "host.df tmpfs 100 98 2 98% /tmp");
    bed_say(WEB1, "host.dfi tmpfs - - - - /tmp");
    bed_say(WEB1, "host.df what");
    bed_examine(sets);
    assert_non_null(strstr(bed_only("host.disk-full", "Web01-RS")->cause, "no space left on /"));
}

static void inodes_gone(void **state)
{
    (void)state;
    bed_say(NFS, "host.dfi /dev/vdb 1000 1000 0 100% /nfs/web");
    bed_examine(sets);
    assert_non_null(strstr(bed_only("host.disk-full", "NFS")->cause, "no inodes left on /nfs/web"));
}

static void unit_not_enabled(void **state)
{
    (void)state;
    struct wanted s = bed_step(LVS1, RES_SERVICE, "keepalived.service");
    s.have->service = (struct res_service){.exists = true, .active = true};
    bed_say(LVS1, "host.unit Id=keepalived.service ActiveState=active UnitFileState=disabled");
    bed_examine(sets);
    assert_true(
        bed_shows(bed_only("host.unit-not-enabled", "LVS-master"), "UnitFileState=disabled"));
}

static void half_installed(void **state)
{
    (void)state;
    bed_say(NFS, "host.dpkg tcpdump: Status: install ok half-configured");
    bed_examine(sets);
    bed_only("host.packages-broken", "NFS");
}

/* Nothing that a host says gets through as a control character, whichever rule shows it. */
static void hostile(void **state)
{
    (void)state;
    bed_instead(WEB1, "http.unit", "Id=nginx.service ActiveState=failed \033[2J");
    bed_instead(WEB1, "http.listen", "LISTEN 0 0 *:80 *:* users:((\"\033]0;x\a%s%n\",pid=1,fd=1))");
    bed_say(WEB1, "host.dpkg \033[31m: Status: \302\233 half-configured");
    bed_say(WEB2, "host.df \033 1 1 0 100% /\033[2J");
    bed_instead(WEB2, "nfs.stat", "\033[H Stale file handle");
    bed_examine(sets);
    assert_int_equal(bed.report.findings.n, 4);
    for (size_t i = 0; i < bed.report.findings.n; i++) {
        const struct finding *f = bed.report.findings.v[i];
        assert_null(strpbrk(f->cause, "\033\a"));
        assert_null(strpbrk(f->fix, "\033\a"));
        for (size_t k = 0; k < f->evidence.n; k++)
            assert_null(strpbrk(f->evidence.v[k], "\033\a"));
    }
}

/* nginx -T as Debian's prints it: what it complains of begins with a date, where its log is stderr.
 */
#define NGINX_SAYS                                                                                 \
    "2026/11/22 16:45:33 [warn] 7#7: conflicting server name, ignored\n"                           \
    "nginx: configuration file /etc/nginx/nginx.conf test is successful\n"                         \
    "# configuration file /etc/nginx/nginx.conf:\n"                                                \
    "http { # listen 99;\n"                                                                        \
    "    include conf.d/*;\n"                                                                      \
    "}\n"                                                                                          \
    "# configuration file /etc/nginx/conf.d/aaa.conf:\n"                                           \
    "server { listen 10.1.1.140:80; server_name a; return 200 hi; }\n"                             \
    "server {\n"                                                                                   \
    "    listen 80 default_server;\n"                                                              \
    "}\n"

/* The shell itself, with that nginx in the place of the host's and nothing else of it. */
static void reading_nginx(void **state)
{
    static const char *const want[] = {
        "http.test 2026/11/22 16:45:33 [warn] 7#7: conflicting server name, ignored\n",
        "http.test nginx: configuration file /etc/nginx/nginx.conf test is successful\n",
        "http.vhost 1 /etc/nginx/conf.d/aaa.conf:1: listen 10.1.1.140:80;\n",
        "http.vhost 1 /etc/nginx/conf.d/aaa.conf:1: server_name a;\n",
        "http.vhost 2 /etc/nginx/conf.d/aaa.conf:3: listen 80 default_server;\n",
    };
    struct script s = {0};
    char line[300];
    size_t n = 0;
    (void)state;
    fake.hosts[WEB1].index = "index1.html";
    fake.cluster.n_services = 0;
    script_add(&s,
               "r() { printf '%s\\n' \"$*\"; }\n"
               "each() { cat >/dev/null; }\n"
               "timeout() { while [ \"$1\" != nginx ] && [ $# -gt 1 ]; do shift; done; \"$@\"; }\n"
               "for c in systemctl journalctl tail ss; do eval \"$c() { :; }\"; done\n"
               "nginx() { printf '%s' ");
    script_arg(&s, NGINX_SAYS);
    script_add(&s, " >&2; }\n{\n");
    rule_set_http.gather(&s, &fake.results[WEB1]);
    script_add(&s, "\n} </dev/null 2>/dev/null\n");
    char path[] = "/tmp/test-doctor.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, s.text.s, s.text.len), s.text.len);
    close(fd);
    autosb struct strbuf command = {0};
    sb_addf(&command, "sh %s", path);
    FILE *f = popen(sb_str(&command), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, "http.test", 9) || !strncmp(line, "http.vhost", 10)) {
            assert_true(n < ARRAY_LEN(want));
            assert_string_equal(line, want[n++]);
        }
    pclose(f);
    unlink(path);
    script_free(&s);
    assert_int_equal(n, ARRAY_LEN(want));
}

#define ON_BED(test) cmocka_unit_test_setup_teardown(test, bed_setup, bed_teardown)

/* What an inventory gives away by its share. */
static void laxer_shares(void **state)
{
#define DEFAULT "rw,sync,no_subtree_check,root_squash"
    static const struct {
        const char *options;
        unsigned mode;
        const char *ids;
    } cases[] = {
        {DEFAULT, 0755, ""},
        {"rw,no_root_squash", 0755, " nfs.no-root-squash"},
        {DEFAULT ",anonuid=0", 0755, " nfs.anonuid"},
        {DEFAULT ",anonuid=0,anongid=0", 0755, " nfs.anonuid nfs.anongid"},
        {DEFAULT ",anonuid=65534,anongid=33", 0755, ""},
        {DEFAULT ",insecure", 0755, " nfs.insecure"},
        {DEFAULT, 02775, " nfs.group-mode"},
        {DEFAULT, 0757, " nfs.mode"},
        {DEFAULT, 0777, " nfs.mode"},
    };
#undef DEFAULT
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        autosb struct strbuf ids = {0};
        fake.cluster.nfs.export_options = cases[i].options;
        fake.cluster.nfs.mode = cases[i].mode;
        bed.report.laxer.n = 0;
        exam_laxer(&bed.exam);
        for (size_t k = 0; k < bed.report.laxer.n; k++)
            sb_addf(&ids, " %s", bed.report.laxer.v[k].id);
        assert_string_equal(sb_str(&ids), cases[i].ids);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BED(all_is_well),
        ON_BED(vip_not_on_lo),
        ON_BED(vip_elsewhere),
        ON_BED(arp_all_by_hand),
        ON_BED(arp_all_by_file),
        ON_BED(arp_lo_harmless),
        ON_BED(arp_of_the_interface),
        ON_BED(default_site),
        ON_BED(another_vhost),
        ON_BED(port_taken),
        ON_BED(port_of_loopback_is_nobodys_business),
        ON_BED(config_broken),
        ON_BED(share_unreadable),
        ON_BED(share_closed_but_cached),
        ON_BED(page_alone_forbidden),
        ON_BED(nfs_server_down),
        ON_BED(not_exported),
        ON_BED(nfs_exported_wide),
        ON_BED(nfs_firewalled),
        ON_BED(nfs_lost_on_the_way),
        ON_BED(read_only),
        ON_BED(read_only_as_wanted),
        ON_BED(exported_read_only),
        ON_BED(mounted_elsewhere),
        ON_BED(not_mounted),
        ON_BED(not_in_fstab),
        ON_BED(laxer_shares),
        ON_BED(selinux_nfs),
        ON_BED(selinux_port),
        ON_BED(selinux_nfs_whatever_the_boolean),
        ON_BED(selinux_nfs_left_alone),
        ON_BED(selinux_nonsense),
        ON_BED(clock_of_one),
        ON_BED(clock_of_the_operator),
        ON_BED(clock_badly_known),
        ON_BED(disk_full),
        ON_BED(inodes_gone),
        ON_BED(unit_not_enabled),
        ON_BED(half_installed),
        ON_BED(reading_nginx),
        ON_BED(hostile),
    };
    return cmocka_run_group_tests_name("doctor-hosts", tests, NULL, NULL);
}

/* The checks of a way through the cluster: DSR, the share, nginx' sites, VRRP, the next boot. */
#include "test.h"

#include "report.h"

static void through_each_real_server(void **state)
{
    (void)state;
    verify(0);
    assert_contains(result("dsr.path", "Web02-RS")->evidence,
                    "10.1.1.140 port 80: 3 of 3 requests through it answered by it");
    assert_int_equal(fake.ways, 0);
    fake.through[WEB2] = WEB1;
    verify(0);
    assert_only("dsr.path");
    assert_fails("dsr.path", "Web02-RS", "answered by Web01-RS: it passes the VIP's packets on");
    fake.through[WEB2] = FAKE_HOSTS;
    fake.through_error = "Connection timed out after 3000 ms";
    verify(0);
    assert_only("dsr.path");
    assert_fails("dsr.path", "Web02-RS", "a firewall or reverse path filter");
    fake.through_error = "cannot connect: Connection refused";
    verify(0);
    assert_fails("dsr.path", "Web02-RS", "nothing listens there");
    fake.records[WEB2] = "link eth0 52:54:00:00:00:04\ncomplete";
    verify(0);
    assert_fails("dsr.path", "Web02-RS", "it does not have the VIP on lo");
    assert_int_equal(fake.ways, 0);
}

static void ways_that_cannot_be_had(void **state)
{
    (void)state;
    fake.via_error = "cannot add a policy rule of our own: Operation not permitted";
    verify(0);
    assert_only("~dsr.path ~dsr.path");
    assert_contains(result("dsr.path", NULL)->reason, "Operation not permitted");
    assert_contains(result("dsr.path", NULL)->hint, "CAP_NET_ADMIN");
    fake_reset();
    fake.route.local = true;
    verify(0);
    assert_contains(result("dsr.path", NULL)->reason, "this machine's own address");
}

/* One that serves nothing has http.real-server to say so. */
static void silent_server_is_told_once(void **state)
{
    (void)state;
    fake.pages[WEB1] = NULL;
    verify(0);
    assert_int_equal(result("http.real-server", "Web01-RS")->status, CHECK_FAIL);
    assert_int_equal(result("dsr.path", "Web01-RS")->status, CHECK_SKIP);
    assert_int_equal(result("nginx.vhost", "Web01-RS")->status, CHECK_SKIP);
    assert_contains(result("nfs.shared", "Web01-RS")->evidence, "HTTP was not asked");
}

static void another_site(void **state)
{
    (void)state;
    fake.foreign[WEB1] = "10.1.1.140";
    fake.through[WEB1] = WEB2; /* not what is tested here */
    verify(0);
    assert_fails("nginx.vhost", "Web01-RS",
                 "requests for 10.1.1.140 on port 80 get another site, \"Welcome to nginx!\"");
    assert_int_equal(result("nginx.vhost", "Web02-RS")->status, CHECK_PASS);
    fake_reset();
    fake.service.check.host = "www.example.com";
    fake.foreign[WEB2] = "www.example.com";
    verify(0);
    assert_fails("nginx.vhost", "Web02-RS", "requests for www.example.com on port 80");
    assert_contains(result("nginx.vhost", "Web01-RS")->evidence,
                    "Host: 10.1.1.140 on port 80, Host: www.example.com on port 80");
}

#define FSTAB "mount_fstab 10.1.1.134:/nfs/web /srv/web nfs nfsvers=4 0 0\n"
#define MOUNT(source, options)                                                                     \
    "mount 163 23 0:39 / /srv/web rw,noatime shared:88 - nfs4 " source " " options "\n"
#define BOOT_OK                                                                                    \
    "boot_line 3 /etc/sysctl.d/99-zz-clusterctl.conf\tnet.ipv4.conf.all.arp_ignore = "             \
    "1\nboot_end\n"

static void assert_mount(const char *records, const char *reason)
{
    fake.extra[WEB1] = records;
    verify(0);
    assert_fails("nfs.mount", "Web01-RS", reason);
}

static void mounts(void **state)
{
    (void)state;
    verify(0);
    assert_string_equal(result("nfs.mount", "Web01-RS")->evidence,
                        "10.1.1.134:/nfs/web on /srv/web, NFS 4.2, answers; at boot by /etc/fstab");
    assert_mount(FSTAB "mount_end\n" BOOT_OK, "nothing is mounted on /srv/web");
    assert_only("nfs.mount ~nfs.shared");
    assert_mount(MOUNT("10.1.1.9:/other", "rw,vers=4.2") FSTAB "mount_end\n" BOOT_OK,
                 "10.1.1.9:/other is mounted on /srv/web instead of 10.1.1.134:/nfs/web");
    assert_mount(MOUNT("10.1.1.134:/nfs/web", "rw,vers=3") FSTAB "mount_end\n" BOOT_OK,
                 "NFS version 3 instead of 4");
    assert_mount(MOUNT("10.1.1.134:/nfs/web", "ro,vers=4.1") FSTAB "mount_end\n" BOOT_OK,
                 "mounted read-only");
    assert_mount(MOUNT("10.1.1.134:/nfs/web", "rw,vers=4.1") FSTAB
                 "mount_dead 137 \nmount_end\n" BOOT_OK,
                 "did not answer a stat");
    assert_only("nfs.mount ~nfs.shared");
}

static void mounts_at_boot(void **state)
{
#define GOOD MOUNT("10.1.1.134:/nfs/web", "rw,vers=4.2")
    (void)state;
    assert_mount(GOOD "mount_end\n" BOOT_OK, "no line of /etc/fstab");
    assert_only("nfs.mount");
    assert_mount(GOOD FSTAB
                 "mount_fstab 10.1.1.9:/x /srv/web nfs defaults 0 0\nmount_end\n" BOOT_OK,
                 "/etc/fstab would mount 10.1.1.9:/x instead");
    assert_mount(GOOD
                 "mount_fstab 10.1.1.134:/nfs/web /srv/web nfs noauto 0 0\nmount_end\n" BOOT_OK,
                 "noauto");
    assert_mount(GOOD FSTAB "mount_masked /etc/systemd/system/srv-web.mount\nmount_end\n" BOOT_OK,
                 "(masked)");
    /* What config.converged reports is not reported again. */
    fake.extra[WEB1] = GOOD "mount_end\n" BOOT_OK;
    fake_pending(WEB1, fake_resource(WEB1, RES_BLOCK), "write /etc/fstab");
    verify(0);
    assert_only("config.converged ~boot.persistent");
}

static void the_token(void **state)
{
    (void)state;
    verify(0);
    assert_string_equal(result("nfs.shared", "Web01-RS")->evidence,
                        "a file written on NFS was read through the mount and by HTTP");
    assert_contains(fake.token_path, "/nfs/web/.clusterctl-verify-");
    assert_true(fake.token_removed);
    fake.token_read[WEB2] = "token_error head: cannot open: No such file or directory";
    verify(0);
    assert_only("nfs.shared");
    assert_fails("nfs.shared", "Web02-RS", "cannot be read through the mount: head: cannot open");
    assert_true(fake.token_removed);
    fake.token_read[WEB2] = "token \033[31mother";
    verify(0);
    assert_fails("nfs.shared", "Web02-RS", "reads as \"\\x1b[31mother\"");
    fake.token_read[WEB2] = NULL;
    fake.token_page[WEB2] = "";
    verify(0);
    assert_only("nfs.shared");
    assert_fails("nfs.shared", "Web02-RS", "HTTP answers status 404");
    fake.token_page[WEB2] = "else";
    verify(0);
    assert_fails("nfs.shared", "Web02-RS", "HTTP serves something else");
}

static void the_token_is_not_written(void **state)
{
    (void)state;
    fake.token_error = "No space left on device";
    verify(0);
    assert_only("nfs.shared nfs.shared");
    assert_fails("nfs.shared", "Web01-RS", "cannot write in the exported directory: No space left");
    assert_true(fake.token_removed); /* half of it may be there */
    fake_reset();
    fake.results[NFS].reached = fake.results[NFS].ok = false;
    verify(0);
    assert_only("config.converged ~boot.persistent ~nfs.shared ~nfs.shared");
    fake_reset();
    fake.hosts[NFS].roles = 0;
    verify(0);
    assert_contains(result("nfs.mount", NULL)->reason, "there is no NFS host");
    assert_contains(result("nfs.shared", NULL)->reason, "there is no NFS host");
}

#define INSTANCE(state, id, priority, advert, vip)                                                 \
    "vrrp  VRRP Instance = VI_1\nvrrp    VRRP Version = 3\nvrrp    State = " state                 \
    "\nvrrp    Virtual Router ID = " id "\nvrrp    Priority = " priority                           \
    "\nvrrp    Advert interval = " advert "\nvrrp      " vip " dev eth0\nvrrp_end\nboot_end\n"

static void assert_asymmetry(const char *records, const char *reason)
{
    fake.extra[LVS2] = records;
    verify(0);
    assert_only("vrrp.symmetry");
    assert_fails("vrrp.symmetry", "web", reason);
}

static void symmetry(void **state)
{
    (void)state;
    verify(0);
    assert_string_equal(result("vrrp.symmetry", "web")->evidence,
                        "VI_1: virtual_router_id 10, VRRP version 3, adverts every 100 ms, 1 VIP; "
                        "priority 254 on LVS-master, 253 on LVS-node01");
    assert_asymmetry(INSTANCE("BACKUP", "51", "253", "0.1 sec", "10.1.1.140"),
                     "virtual_router_id is 10 on LVS-master and 51 on LVS-node01");
    assert_asymmetry(INSTANCE("BACKUP", "10", "254", "0.1 sec", "10.1.1.140"),
                     "both have priority 254");
    assert_asymmetry(INSTANCE("BACKUP", "10", "253", "1 sec", "10.1.1.140"),
                     "the advert interval in ms is 100 on LVS-master and 1000 on LVS-node01");
    fake.extra[LVS2] = INSTANCE("BACKUP", "10", "253", "0.1 sec", "10.1.1.141");
    verify(0);
    assert_fails("vrrp.symmetry", NULL,
                 "VIP 10.1.1.140 is not on LVS-node01, VIP 10.1.1.141 is not on LVS-master");
    fake_reset();
    fake.results[LVS2].facts.keepalived.major = 1;
    verify(0);
    assert_fails("vrrp.symmetry", NULL, "keepalived's major version is 2 on LVS-master and 1 on");
    fake_reset();
    fake.extra[LVS2] = "vrrp_error keepalived is not running\nboot_end";
    verify(0);
    assert_only("~vrrp.state ~vrrp.symmetry");
    assert_contains(result("vrrp.symmetry", NULL)->reason,
                    "LVS-node01 (keepalived is not running)");
}

static void states(void **state)
{
    (void)state;
    verify(0);
    assert_string_equal(result("vrrp.state", NULL)->evidence,
                        "LVS-master MASTER, LVS-node01 BACKUP");
    fake.extra[LVS2] = INSTANCE("MASTER", "10", "253", "0.1 sec", "10.1.1.140");
    verify(0);
    assert_only("vrrp.state");
    assert_fails("vrrp.state", "10.1.1.140", "2 directors are in state MASTER");
    fake.extra[LVS1] = INSTANCE("BACKUP", "10", "254", "0.1 sec", "10.1.1.140");
    verify(0);
    assert_fails("vrrp.state", NULL, "LVS-node01 is in state MASTER, but the VIP is on LVS-master");
    fake.extra[LVS2] = INSTANCE("FAULT", "10", "253", "0.1 sec", "10.1.1.140");
    verify(0);
    assert_fails("vrrp.state", NULL, "no director is in state MASTER");
}

static void boot(void **state)
{
    (void)state;
    verify(0);
    assert_contains(result("boot.persistent", "Web01-RS")->evidence, "sysctls 1");
    fake.extra[NFS] = "";
    fake.extra[LVS1] = "vrrp_end\nboot_line 7 /etc/modprobe.d/x.conf\tblacklist ip-vs\nboot_end\n";
    verify(0);
    assert_fails("boot.persistent", "LVS-master",
                 "/etc/modprobe.d/x.conf line 7 keeps the module ip_vs from being loaded");
    fake_reset();
    autosb struct strbuf later = {0};
    sb_addf(&later, "%sboot_line 2 /etc/sysctl.d/zz.conf\tnet/ipv4/conf/all/arp_ignore=0",
            fake.extra[WEB1]);
    fake.extra[WEB1] = sb_str(&later);
    verify(0);
    assert_only("boot.persistent");
    assert_fails("boot.persistent", "Web01-RS",
                 "/etc/sysctl.d/zz.conf line 2 sets net.ipv4.conf.all.arp_ignore = 0");
    fake_reset();
    fake_pending(WEB2, fake_resource(WEB2, RES_FILE), "write /etc/sysctl.d/99-zz-clusterctl.conf");
    fake.extra[WEB2] = "mount_end\nboot_end";
    verify(0);
    assert_int_equal(result("boot.persistent", "Web02-RS")->status, CHECK_SKIP);
    assert_contains(result("boot.persistent", "Web02-RS")->reason, "see config.converged");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(through_each_real_server),
        TEST(ways_that_cannot_be_had),
        TEST(silent_server_is_told_once),
        TEST(another_site),
        TEST(mounts),
        TEST(mounts_at_boot),
        TEST(the_token),
        TEST(the_token_is_not_written),
        TEST(symmetry),
        TEST(states),
        TEST(boot),
    };
    return cmocka_run_group_tests_name("paths", tests, NULL, NULL);
}

/*
 * Prints the shell that hosts get for their packages:
 *
 *   el_tool observe|install|purge MANAGER REPOSITORY|- PACKAGE...
 *   el_tool candidate             what a director is asked of keepalived
 *
 *   el_tool pre-port|undo-port    what is remembered of port 80's holder, and its way back by $1
 *
 *   el_tool firewall-observe|firewall-off|firewall-apply|firewall-undo RULE...
 *   el_tool selinux-observe|selinux-apply|selinux-pre|selinux-undo permissive|disabled|argument
 *
 * where a rule is "tcp/80" or "vrrp/0 10.1.1.131", of a host with iptables-services; and says whether a
 * version of keepalived knows what a configuration says:
 *
 *   el_tool lint VERSION <keepalived.conf
 */
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/strlist.h"
#include "engine/catalog.h"
#include "engine/restype.h"
#include "modules/keepalived_grammar.h"

static int usage(void)
{
    fputs("usage: el_tool observe|install|purge MANAGER REPOSITORY|- PACKAGE...\n", stderr);
    return 64;
}

static int packages(struct script *s, char **argv)
{
    struct catalog cat = {.module = "test"};
    const struct res_ops *ops = res_ops(RES_PACKAGES);
    enum package_manager m = PACKAGES_APT;
    while (m <= PACKAGES_YUM && strcmp(manager_name(m), argv[2]) != 0)
        m++;
    if (m > PACKAGES_YUM)
        return usage();
    const char *repository = strcmp(argv[3], "-") ? argv[3] : NULL;
    const struct resource *r =
        want_packages(&cat, m, repository, (const char *const *)(void *)(argv + 4));
    struct step step = {.want = r};
    script_add(s, ops->functions);
    if (!strcmp(argv[1], "observe")) {
        ops->observe(s, &r, 1);
    } else if (!strcmp(argv[1], "install")) {
        script_add(s, "set -e\n");
        ops->apply(s, &step);
    } else {
        autosb struct strbuf arg = {0};
        ops->own_arg(&arg, r);
        script_add(s, ops->undo);
        script_add(s, "set -e\nundo_packages packages");
        script_arg(s, sb_str(&arg));
        script_add(s, " -\n");
    }
    catalog_free(&cat);
    return 0;
}

static int candidate(struct script *s)
{
    struct cluster c = {0};
    struct host h = {.name = "d1", .roles = ROLE_DIRECTOR};
    struct facts f = {0};
    facts_script(s, &c, &h, &f);
    return 0;
}

static int port(struct script *s, bool back)
{
    script_add(s, res_ops(RES_PORT)->undo);
    script_add(s, "adopt=\n");
    script_add(s, back ? "undo_port tcp/80 80 \"$BEFORE\"\n" : "pre_port tcp/80 80\n");
    return 0;
}

/* "tcp/80" or "vrrp/0 10.1.1.131" */
static bool parse_rule(struct fw_rule *r, char *text)
{
    char *source = text, *port;
    char *what = parse_word(&source);
    uint64_t n;
    *r = (struct fw_rule){.protocol = what};
    if (!what || !(port = strchr(what, '/')) || !parse_u64(port + 1, 0, 65535, &n))
        return false;
    *port = '\0';
    r->port = (unsigned)n;
    return !source || !*source || ipaddr_parse(source, &r->source);
}

static int firewall(struct script *s, char **argv)
{
    struct catalog cat = {.module = "test"};
    const struct res_ops *ops = res_ops(RES_FIREWALL);
    const char *verb = argv[1] + strlen("firewall-");
    struct fw_rule rules[16];
    size_t n = 0;
    for (char **a = argv + 2; *a && n < ARRAY_LEN(rules); a++)
        if (!parse_rule(&rules[n++], *a))
            return usage();
    struct res_firewall want = {.rules = rules, .n_rules = n, .disabled = !strcmp(verb, "off")};
    const struct resource *r = want_firewall(&cat, want);
    struct resource have = {.firewall.backend = FW_IPTABLES};
    struct step step = {.want = r, .have = &have};
    script_add(s, ops->functions);
    script_add(s, ops->undo);
    script_add(s, res_ops(RES_BLOCK)->undo);
    script_add(s, "set -e\nmkdir -p /run/clusterctl\n");
    if (!strcmp(verb, "apply"))
        ops->apply(s, &step);
    else if (!strcmp(verb, "undo"))
        script_add(s, "undo_firewall firewall - -\n");
    else
        ops->observe(s, &r, 1);
    catalog_free(&cat);
    return 0;
}

/* Of an enforcing host; selinux-undo takes what selinux-pre said as $BEFORE. */
static int selinux(struct script *s, char **argv)
{
    struct catalog cat = {.module = "test"};
    const struct res_ops *ops = res_ops(RES_SELINUX);
    const char *verb = argv[1] + strlen("selinux-"), *mode = argv[2] ? argv[2] : "";
    const struct resource *r =
        want_selinux(&cat, strcmp(mode, "permissive") ? SELINUX_DISABLED : SELINUX_PERMISSIVE,
                     !strcmp(mode, "argument"));
    struct resource have = {.selinux = {.live = true, .enforcing = true, .can_argue = true,
                                        .config = "enforcing"}};
    struct step step = {.want = r, .have = &have};
    script_add(s, ops->functions);
    script_add(s, ops->undo);
    script_add(s, "set -e\nadopt=\n");
    if (!strcmp(verb, "apply"))
        ops->apply(s, &step);
    else if (!strcmp(verb, "pre"))
        script_add(s, "pre_selinux selinux -\n");
    else if (!strcmp(verb, "undo"))
        script_add(s, "undo_selinux selinux - \"$BEFORE\"\n");
    else
        ops->observe(s, &r, 1);
    catalog_free(&cat);
    return 0;
}

static int lint(const char *version)
{
    static char text[1 << 20];
    struct version v = {0};
    struct err e = {0};
    size_t n = fread(text, 1, sizeof text - 1, stdin);
    text[n] = '\0';
    if (sscanf(version, "%u.%u.%u", &v.major, &v.minor, &v.patch) != 3)
        return usage();
    if (keepalived_lint(text, v, &e) == 0)
        return 0;
    printf("%s\n", e.msg);
    return 1;
}

static bool is(const char *a, const char *b)
{
    return !strcmp(a, b);
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "lint"))
        return lint(argv[2]);
    struct script s;
    struct err e = {0};
    int rc;
    if (argc < 2 || (argc < 5 && !is(argv[1], "candidate") && !is(argv[1], "pre-port") &&
                     !is(argv[1], "undo-port") && strncmp(argv[1], "firewall-", 9) != 0 &&
                     strncmp(argv[1], "selinux-", 8) != 0))
        return usage();
    if (script_init(&s, &e) < 0)
        return 1;
    script_prelude(&s);
    rc = is(argv[1], "candidate")    ? candidate(&s)
         : is(argv[1], "pre-port")  ? port(&s, false)
         : is(argv[1], "undo-port") ? port(&s, true)
         : !strncmp(argv[1], "firewall-", 9) ? firewall(&s, argv)
         : !strncmp(argv[1], "selinux-", 8) ? selinux(&s, argv)
                                     : packages(&s, argv);
    fputs(sb_str(&s.text), stdout);
    script_free(&s);
    return rc;
}

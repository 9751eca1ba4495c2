#include "verify/vrrp_running.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/quote.h"

/*
 * keepalived can be told to write its state (SIGUSR1), but the process that does so sends and
 * awaits the adverts meanwhile, and with adverts every 0.1 s a busy machine loses its VIP by that.
 * So it is left alone: what it has read is in a file in memory that it keeps open, and each change
 * of state is in the journal, under the invocation that the unit is in.
 *
 * awk prints the few lines that matter in the order of the file, by the defaults of
 * keepalived.conf(5); secrets stay on the host.
 */
static const char functions[] =
    "kd_tell() {\n"
    "  p= c=\n"
    "  { read -r p </run/keepalived.pid; read -r c </proc/$p/comm; } 2>/dev/null\n"
    "  [ \"$c\" = keepalived ] || { r vrrp_error keepalived is not running; return; }\n"
    "  f=$(ls -l /proc/$p/fd 2>/dev/null | awk '/memfd:.*consolidated/ { print $9; exit }')\n"
    "  [ -n \"$f\" ] || { r vrrp_error this keepalived does not keep what it has read; return; }\n"
    "  i=$(systemctl show -p InvocationID --value keepalived.service)\n"
    "  S=$(journalctl -q -o cat -r -n 50 -g 'Entering .* STATE' _SYSTEMD_INVOCATION_ID=$i \\\n"
    "    2>/dev/null | sed -n 's/^(\\([^ ]*\\)) Entering \\([A-Z]*\\) STATE.*/\\1 \\2/p') \\\n"
    "  awk '\n"
    "    BEGIN { ver = 2; k = split(ENVIRON[\"S\"], s, \"\\n\")\n"
    "      for (j = k; j > 0; j--) { split(s[j], w, \" \"); state[w[1]] = w[2] } }\n"
    "    function say(t) { print \"@\" N \" r vrrp \" t }\n"
    "    { sub(/[#!].*/, \"\"); gsub(/[{}]/, \" & \"); $0 = $0\n"
    "      for (i = 1; i <= NF; i++) { t = $i\n"
    "        if (t == \"{\") d++\n"
    "        else if (t == \"}\") { d--; if (d < 2) v = 0; if (d < 1) on = 0 }\n"
    "        else if (d == 1 && t == \"vrrp_version\") ver = $(++i)\n"
    "        else if (d == 0 && t == \"vrrp_instance\") {\n"
    "          on = 1; n++; name[n] = $(++i); val[n, \"priority\"] = 100\n"
    "          val[n, \"advert_int\"] = 1 }\n"
    "        else if (on && d == 1 && t ~ /^virtual_ipaddress/) v = 1\n"
    "        else if (on && d == 1 && t ~ /^(version|virtual_router_id|priority|advert_int)$/)\n"
    "          val[n, t] = $(++i)\n"
    "        else if (v && (i == 1 || $(i - 1) == \"{\")) { c[n]++; vip[n, c[n]] = t } } }\n"
    "    END { for (m = 1; m <= n; m++) {\n"
    "      say(\" VRRP Instance = \" name[m])\n"
    "      say(\" VRRP Version = \" ((m, \"version\") in val ? val[m, \"version\"] : ver))\n"
    "      say(\" State = \" state[name[m]])\n"
    "      say(\" Virtual Router ID = \" val[m, \"virtual_router_id\"])\n"
    "      say(\" Priority = \" val[m, \"priority\"])\n"
    "      say(\" Advert interval = \" val[m, \"advert_int\"] \" sec\")\n"
    "      for (j = 1; j <= c[m]; j++) say(\"  \" vip[m, j]) } }' N=\"$N\" /proc/$p/fd/$f &&\n"
    "  r vrrp_end\n"
    "}\n";

void vrrp_running_ask(struct script *s)
{
    script_add(s, functions);
    script_add(s, "kd_tell\n");
}

static const char *shown(struct arena *a, const char *s)
{
    enum { SHOWN_MAX = 64 };
    autosb struct strbuf sb = {0};
    quote_terminal(&sb, s, strnlen(s, SHOWN_MAX), false);
    return arena_strdup(a, sb_str(&sb));
}

static unsigned number(const char *s)
{
    uint64_t n;
    return parse_u64(s, 0, 1000000, &n) ? (unsigned)n : 0;
}

/* "1 sec", "0.1 sec" */
static unsigned milliseconds(char *value)
{
    const char *n = parse_word(&value);
    double x = n ? strtod(n, NULL) : 0;
    if (!(x > 0 && x < 256)) /* VRRP's longest is 255 s */
        return 0;
    return (unsigned)(x * 1000 + 0.5);
}

/* "10.1.1.140", "10.1.1.140/32" */
static void add_vip(struct vrrp_instance *in, char *line)
{
    struct ipaddr a;
    char *word = parse_word(&line);
    if (!word || in->vips.n >= VRRP_MAX_VIPS)
        return;
    word[strcspn(word, "/")] = '\0';
    if (ipaddr_parse(word, &a))
        *vec_push(&in->vips) = a;
}

void vrrp_running_line(struct vrrp_running *d, struct arena *a, char *line)
{
    struct vrrp_instance *in = d->instances.n ? d->instances.v[d->instances.n - 1] : NULL;
    char *equals = strstr(line, " = "), *name = line + strspn(line, " ");
    char *value = equals ? equals + strlen(" = ") : NULL;
    if (equals)
        *equals = '\0';
    if (value && !strcmp(name, "VRRP Instance")) {
        if (d->instances.n >= VRRP_MAX_INSTANCES)
            return;
        in = arena_new(a, struct vrrp_instance);
        in->name = shown(a, value);
        in->state = "";
        *vec_push(&d->instances) = in;
    } else if (!in) {
        return;
    } else if (!value) {
        add_vip(in, name);
    } else if (!strcmp(name, "VRRP Version")) {
        in->version = number(value);
    } else if (!strcmp(name, "State")) {
        in->state = shown(a, value);
    } else if (!strcmp(name, "Virtual Router ID")) {
        in->router_id = number(value);
    } else if (!strcmp(name, "Priority")) {
        in->priority = number(value);
    } else if (!strcmp(name, "Advert interval")) {
        in->advert_ms = milliseconds(value);
    }
}

const struct vrrp_instance *vrrp_running_of(const struct vrrp_running *d, const struct ipaddr *vip)
{
    for (size_t i = 0; i < d->instances.n; i++)
        for (size_t k = 0; k < d->instances.v[i]->vips.n; k++)
            if (ipaddr_eq(&d->instances.v[i]->vips.v[k], vip))
                return d->instances.v[i];
    return NULL;
}

void vrrp_running_free(struct vrrp_running *d)
{
    for (size_t i = 0; i < d->instances.n; i++)
        vec_free(&d->instances.v[i]->vips);
    vec_free(&d->instances);
}

/* What a real server says of its nginx: the shell that asks. */
#include "doctor/http_evidence.h"

#include "base/quote.h"
#include "engine/script.h"

/*
 * Of the whole configuration (nginx -T) each directive that says who serves what, with its place.
 * What nginx says of it begins with "nginx: ", or with the date where its log is stderr (Debian).
 */
static const char nginx_sh[] =
    "systemctl show -p Id -p LoadState -p ActiveState -p SubState -p Result nginx.service |\n"
    "  paste -sd ' ' - | each http.unit\n"
    "systemctl is-active -q nginx.service ||\n"
    "  timeout 10 journalctl -q --no-pager -o cat -n 4 -u nginx.service | each http.journal\n"
    "tail -n 300 /var/log/nginx/error.log | grep -E '\\((2|5|13|30|116): |forbidden' | tail -n 4 "
    "|\n"
    "  each http.error\n"
    "command -v nginx >/dev/null && timeout 10 nginx -T 2>&1 | awk '\n"
    "  /^nginx: / || /^[0-9\\/]+ [0-9:]+ \\[[a-z]+\\]/ { print \"http.test \" $0; next }\n"
    "  /^# configuration file / { f = $4; sub(/:$/, \"\", f); n = 0; next }\n"
    "  { n++; sub(/(^|[ \\t])#.*/, \"\"); m = split($0, d, /[;{}]/)\n"
    "    for (i = 1; i <= m; i++) {\n"
    "      gsub(/^[ \\t]+|[ \\t]+$/, \"\", d[i])\n"
    "      if (d[i] == \"server\") s++\n"
    "      if (d[i] ~ /^(listen|server_name|root)[ \\t]/)\n"
    "        print \"http.vhost \" s + 0 \" \" f \":\" n \": \" d[i] \";\"\n"
    "    } }' |\n"
    "  while IFS= read -r l; do r \"$l\"; done\n";

/*
 * ask TAG HOST PORT PATH: what nginx answers on the VIP, asked on the real server itself, where the
 * VIP on lo leads to its own nginx. bash, because nothing else that speaks TCP is on every host.
 */
static const char ask_sh[] =
    "ask() {\n"
    "  a=$(timeout -s KILL 6 bash -c 'exec 3<>\"/dev/tcp/$0/$1\" &&\n"
    "    printf \"GET %s HTTP/1.0\\r\\nHost: %s\\r\\n\\r\\n\" \"$2\" \"$0\" >&3 && head -c 4000 "
    "<&3' \\\n"
    "    \"$2\" \"$3\" \"$4\" | tr -d '\\000\\r' |\n"
    "    awk 'NR == 1 { s = $0 } b { print s \" | \" $0; s = \"\"; exit } /^$/ { b = 1 }\n"
    "      END { if (s) print s \" |\" }')\n"
    "  r \"$1\" \"$3 ${a:-no answer}\"\n"
    "}\n";

void http_gather(struct script *s, const struct host_result *hr)
{
    const struct cluster *c = hr->catalog.cluster;
    char buf[IPADDR_STRLEN];
    if (!(hr->host->roles & ROLE_REAL_SERVER))
        return;
    script_add(s, nginx_sh);
    script_add(s, ask_sh);
    script_add(s, "p=");
    quote_sh(&s->text, c->nfs.mount_path);
    script_add(s, " i=");
    quote_sh(&s->text, hr->host->index);
    script_add(s, "\ntimeout -s KILL 5 ls -ldn \"$p\" \"$p/$i\" 2>&1 | each http.files\n");
    for (size_t i = 0; i < c->n_services; i++) {
        const struct service *v = &c->services[i];
        if (v->protocol != PROTO_TCP)
            continue;
        ipaddr_str(&v->vip, buf);
        script_addf(s, "ss -H -ltnp 'sport = :%u' | each http.listen\n", v->port);
        script_addf(s, "[ -n \"$(ip -o addr show dev lo to %s)\" ] && {\n", buf);
        script_addf(s, "ask http.whoami %s %u /.clusterctl/whoami\n", buf, v->port);
        script_addf(s, "ask http.page %s %u /\n}\n", buf, v->port);
    }
    /* Whose are the processes that hold the ports: "apache2 /system.slice/apache2.service". */
    script_add(s, "for d in $(ss -H -ltnp | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p' | sort -u); do\n"
                  "  read -r l <\"/proc/$d/comm\" && read -r g <\"/proc/$d/cgroup\" &&\n"
                  "    r http.owner \"$l ${g##*/}\"\n"
                  "done\n");
}

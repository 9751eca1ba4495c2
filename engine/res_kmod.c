#include <string.h>

#include "engine/restype.h"

static const char functions[] =
    "ob_kmod() { [ -d \"/sys/module/$2\" ] && r \"$1\" loaded 1; :; }\n"
    "load_module() { modprobe \"$1\"; [ -d \"/sys/module/$1\" ]; }\n";

static void observe(struct script *s, const struct resource *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        script_addf(s, "ob_kmod %zu", list[i]->index);
        script_arg(s, list[i]->key);
        script_add(s, "\n");
    }
}

static int parse(struct resource *have, const struct resource *want, struct arena *a,
                 const char *field, char *value, struct err *e)
{
    (void)want, (void)a, (void)value, (void)e;
    have->kmod.loaded = !strcmp(field, "loaded");
    return 0;
}

static void diff(struct plan *p, const struct resource *want, const struct resource *have)
{
    if (!have->kmod.loaded)
        plan_step(p, want, have, IMPACT_NONE, "load kernel module %s", want->key);
}

static void apply(struct script *s, const struct step *step)
{
    script_add(s, "load_module");
    script_arg(s, step->want->key);
    script_add(s, "\n");
}

/*
 * With what came along: nf_conntrack of ip_vs, and what nft(8) loads for the rules of our units; not
 * where there are rules of others, which would go with their module.
 */
static const char undo[] =
    "pre_kmod() {\n"
    /* A kernel that has it all built in has no list. */
    "  [ -e " OWNED_DIR "/modules ] || [ ! -r /proc/modules ] ||\n"
    "    cut -d ' ' -f 1 /proc/modules >" OWNED_DIR "/modules\n"
    "  if [ -z \"$adopt\" ] && [ -d \"/sys/module/$1\" ]; then echo loaded; else echo absent; fi\n"
    "}\n"
    "unload() {\n"
    "  n=0\n"
    "  while [ -d \"/sys/module/$1\" ] && [ \"$n\" -lt 5 ] && ! modprobe -r \"$1\"; do\n"
    "    sleep 1; n=$((n + 1)); done\n"
    "}\n"
    "undo_kmod() {\n"
    "  unload \"$1\"; f=" OWNED_DIR "/modules\n"
    "  [ -s \"$f\" ] && [ -z \"$(nft list tables 2>/dev/null)\" ] || return 0\n"
    "  for i in 1 2 3 4; do while read -r m s n l; do case $m,$n in\n"
    "    nf_*,0 | nft_*,0 | nfnetlink,0 | libcrc32c,0)\n"
    "      grep -qx \"$m\" \"$f\" || modprobe -r \"$m\" || : ;; esac; done </proc/modules; done\n"
    "}\n";

static bool gone(struct strbuf *words, const struct owned *o, enum impact *impact)
{
    (void)impact;
    sb_addf(words, "unload kernel module %s, when nothing uses it", o->key);
    return strcmp(o->before, "loaded") != 0;
}

const struct res_ops res_kmod_ops = {"kmod", functions, observe, parse, diff, apply,
    undo, NULL, gone};

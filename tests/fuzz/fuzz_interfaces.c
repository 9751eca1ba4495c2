/* A host's interfaces(5): an edit comments lines out and does nothing else, once and for all. */
#include "base/ipaddr.h"
#include "engine/interfaces.h"
#include "fuzz.h"

#define COMMENT "#clusterctl# "

static void only_comments(const char *old, const char *new)
{
    while (*old) {
        size_t n = strcspn(old, "\n");
        if (!strncmp(new, COMMENT, strlen(COMMENT)) && strncmp(old, new, n + (old[n] == '\n')) != 0)
            new += strlen(COMMENT);
        n += old[n] == '\n';
        HOLDS(!strncmp(old, new, n));
        old += n;
        new += n;
    }
    HOLDS(!*new);
}

static void sources(const char *text)
{
    struct arena a = {0};
    struct interfaces_found f = {0};
    interfaces_sources(text, &a, &f);
    HOLDS(!f.foreign || strstr(text, f.foreign));
    HOLDS((!f.foreign && !f.sources_d) || strstr(text, "source"));
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipaddr own;
    autofree char *text = fuzz_text(data, size);
    autosb struct strbuf once = {0}, twice = {0}, shown = {0};
    ipaddr_parse("10.1.1.130", &own);
    interfaces_edit(&once, text, "eth0", &own);
    only_comments(text, sb_str(&once));
    interfaces_edit(&twice, sb_str(&once), "eth0", &own);
    HOLDS(!strcmp(sb_str(&once), sb_str(&twice)));
    sources(text);
    interfaces_mask(&shown, sb_str(&once));
    HOLDS(!strstr(sb_str(&shown), "wpa-psk a"));
    return 0;
}

/* An ifcfg file: ours is what it says, once and for all; every line that says nothing of ours stays. */
#include "base/ipaddr.h"
#include "engine/ifcfg.h"
#include "fuzz.h"

static const char ours[] = "TYPE=Ethernet\nDEVICE=eth0\nBOOTPROTO=none\nIPADDR=10.1.1.130\nPREFIX=24\nGATEWAY=10.1.1.1\n";

static bool is_ours(const char *line)
{
    static const char *const names[] = {"DEVICE", "BOOTPROTO", "IPADDR", "PREFIX", "NETMASK",
                                        "GATEWAY", "NETWORK", "BROADCAST", "DEFROUTE"};
    line += strspn(line, " \t");
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!strncmp(line, names[i], strlen(names[i])))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipaddr own;
    struct arena a = {0};
    autofree char *text = fuzz_text(data, size);
    autosb struct strbuf once = {0}, twice = {0}, shown = {0};
    const char *rest = text;
    ipaddr_parse("10.1.1.130", &own);
    ifcfg_edit(&once, text, ours);
    HOLDS(strstr(sb_str(&once), "IPADDR=10.1.1.130\nPREFIX=24\nGATEWAY=10.1.1.1\n"));
    for (char *line; (line = fuzz_line(&rest)); free(line))
        HOLDS(is_ours(line) || strstr(sb_str(&once), line));
    ifcfg_edit(&twice, sb_str(&once), ours);
    HOLDS(!strcmp(sb_str(&once), sb_str(&twice)));
    const char *again = ifcfg_again(&a, text, &own);
    HOLDS(!again || (strstr(text, again) && strstr(again, "10.1.1.130")));
    ifcfg_mask(&shown, text);
    arena_free(&a);
    return 0;
}

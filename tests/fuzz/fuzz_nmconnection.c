/* A profile of NetworkManager: ours is what it says, once and for all; what it is stays. */
#include "base/ipaddr.h"
#include "engine/nmconnection.h"
#include "fuzz.h"

static const char ours[] = "[connection]\nid=x\ntype=ethernet\ninterface-name=eth0\nautoconnect=true\n\n"
                           "[ipv4]\nmethod=manual\naddress1=10.1.1.130/24,10.1.1.1\n";

/* Every line of theirs that stands in a section of its own is still there. */
static void others_stay(const char *old, const char *new)
{
    bool ours_too = false;
    while (*old) {
        size_t n = strcspn(old, "\n");
        autofree char *line = fuzz_text((const uint8_t *)old, n);
        const char *first = line + strspn(line, " \t\r"), *end = strrchr(first, ']');
        if (*first == '[' && end && !end[1 + strspn(end + 1, " \t\r")])
            ours_too = strstr(first, "connection") || strstr(first, "ipv4");
        if (!ours_too)
            HOLDS(strstr(new, line));
        old += n + (old[n] == '\n');
    }
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ipaddr own;
    autofree char *text = fuzz_text(data, size);
    autosb struct strbuf once = {0}, twice = {0}, shown = {0};
    ipaddr_parse("10.1.1.130", &own);
    nmconnection_edit(&once, text, ours, &own);
    HOLDS(count(sb_str(&once), "\naddress1=10.1.1.130/24,10.1.1.1\n") >= 1);
    HOLDS(count(sb_str(&once), "\nmethod=manual\n") >= 1);
    others_stay(text, sb_str(&once));
    nmconnection_edit(&twice, sb_str(&once), ours, &own);
    HOLDS(!strcmp(sb_str(&once), sb_str(&twice)));
    nmconnection_mask(&shown, sb_str(&once));
    HOLDS(!strstr(sb_str(&shown), "\npsk=a"));
    return 0;
}

#include "base/who.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

void who_text(struct strbuf *out)
{
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *pw = sudo && *sudo ? NULL : getpwuid(getuid());
    char host[256] = "?";
    gethostname(host, sizeof host - 1);
    sb_addf(out, "%s@%s", pw ? pw->pw_name : sudo && *sudo ? sudo : "?", host);
}

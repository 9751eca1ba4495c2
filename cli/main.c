/* The process: limits, locale, signals. What it is asked to do is app_main()'s. */
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/app.h"

/*
 * Secrets never reach a core dump. A limit of 0 stops files but not a core_pattern that is a pipe;
 * a limit of 1 stops both (the kernel refuses to pipe with it, and no file can be that small).
 */
static void no_core_dumps(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max = limit.rlim_max == 0 ? 0 : 1;
    setrlimit(RLIMIT_CORE, &limit);
}

int main(int argc, char **argv)
{
    umask(077);
    no_core_dumps();
    json_set_alloc_funcs(xmalloc, xfree);
    setlocale(LC_CTYPE, "");
    /* A closed pipe or connection is an error to handle where it is written to, not a death. */
    signal(SIGPIPE, SIG_IGN);
    return app_main(argc, argv);
}

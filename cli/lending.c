#include "cli/lending.h"

#include <stdatomic.h>
#include <time.h>

enum { WAIT_MS = 2000, STEP_MS = 10 };

static atomic_bool display, wanted, lent;

void lending_display(bool on)
{
    display = on;
}

bool lending_wanted(void)
{
    return wanted;
}

bool lending_lent(void)
{
    return lent;
}

void lending_lend(void)
{
    lent = true;
}

void lending_borrow(void)
{
    wanted = true;
    for (int ms = 0; display && !lent && ms < WAIT_MS; ms += STEP_MS)
        nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

void lending_return(void)
{
    wanted = false;
    lent = false;
}

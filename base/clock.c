#include "base/clock.h"

#include <limits.h>
#include <time.h>

int64_t clock_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

const char *clock_wall(char buf[static CLOCK_WALL_LEN])
{
    time_t now = time(NULL);
    struct tm tm;
    strftime(buf, CLOCK_WALL_LEN, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    return buf;
}

int64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int deadline_left(int64_t deadline)
{
    if (deadline == DEADLINE_NEVER)
        return -1;
    int64_t left = deadline - clock_ms();
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

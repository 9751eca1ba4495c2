#pragma once

/*
 * $HOME where that is an absolute path, else what the user database says, else "/". Before the first
 * thread: neither may be read among threads.
 */
const char *home_directory(void);

#pragma once
/* Everything main() does once the process is set up: parse, dispatch, report. The exit status. */
int app_main(int argc, char **argv);

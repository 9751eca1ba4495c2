#pragma once
/*
 * Who has the terminal: a display that redraws its own lines, or a question, which a session's thread may
 * have at any time. The display is told, takes its lines away and stays quiet until the question is answered.
 */
#include <stdbool.h>

/* The display's part; its thread's. */
void lending_display(bool on);
/* Nothing is to be drawn: somebody has the screen, or wants it and waits for lending_lend(). */
bool lending_wanted(void);
bool lending_lent(void);
void lending_lend(void);

/* The question's part; one at a time. A display that does not answer for long is drawn over. */
void lending_borrow(void);
void lending_return(void);

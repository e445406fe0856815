/* The signals of td_catch. */
#ifndef TD_CATCH_H
#define TD_CATCH_H

/* Node.js has got the event of this signal: the next one is reported again. */
void catch_taken(int number);

#endif

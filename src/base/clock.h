/* Time. Durations come from the monotonic clock and never go backwards. */
#ifndef ES_BASE_CLOCK_H
#define ES_BASE_CLOCK_H
#include <stddef.h>
#include <stdint.h>

double clock_now(void);      /* monotonic seconds */
double clock_utc(void);      /* seconds since 1970 */
double clock_thread_cpu(void); /* CPU seconds of the calling thread */
void clock_sleep(double seconds);
/* "2026-11-23T19:00:25Z"; size >= 21. */
void clock_iso(double utc, char *out, size_t size);
#endif

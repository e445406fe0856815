/* For tests: where a program without standard error says what the sanitizers found. A killed tracer or monitor is no leak. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:log_path=" REPORT; }

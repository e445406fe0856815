/* For tests: a program without standard error writes what the sanitizers find to a file. Leaks are not looked for. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:log_path=" REPORT; }

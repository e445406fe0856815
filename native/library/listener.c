#include "listener.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catch.h"
#include "shim.h"
#include "thread.h"

/* Then the pipe fills, and writers wait. */
#define WAITING_MAX 1024

static napi_threadsafe_function listener;
/* Held while it is called: it is freed when Node's thread ends. */
static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER;
static int freed;
/* Which listener is open: one after a failure, such as for lack of descriptors, is another one. */
static uintptr_t number;

/* On Node's thread; env is NULL when that ends. */
static void hand_over(napi_env env, napi_value function, void *context, void *data) {
    (void)context;
    struct td_event *event = data;
    napi_value self, bytes;
    if (event->kind == TD_EVENT_SIGNAL)
        catch_taken(event->status);
    if (env && napi_get_undefined(env, &self) == 0 &&
        napi_create_buffer_copy(env, sizeof *event, event, NULL, &bytes) == 0)
        (void)napi_call_function(env, self, function, 1, &bytes, NULL); /* it throws nothing */
    free(event);
}

/* On Node's thread, which by now lets no call wait. */
static void forget_listener(napi_env env, void *data, void *hint) {
    (void)env, (void)hint;
    pthread_mutex_lock(&calling);
    if ((uintptr_t)data == number)
        freed = 1;
    pthread_mutex_unlock(&calling);
}

/* Returns whether it was taken. */
static int pass(struct td_event *event) {
    pthread_mutex_lock(&calling);
    int passed = !freed && napi_call_threadsafe_function(listener, event, NAPI_TSFN_BLOCKING) == 0;
    pthread_mutex_unlock(&calling);
    return passed;
}

/* Until Node's thread ends. */
static void *read_events(void *argument) {
    int events = (int)(intptr_t)argument;
    for (;;) {
        struct td_event *event = malloc(sizeof *event);
        if (event && read(events, event, sizeof *event) == sizeof *event && pass(event))
            continue;
        free(event);
        close(events);
        return NULL;
    }
}

int listener_open(napi_env env, napi_value function) {
    napi_value name;
    pthread_mutex_lock(&calling);
    number++;
    freed = 0;
    pthread_mutex_unlock(&calling);
    if (napi_create_string_utf8(env, "tinydocker", strlen("tinydocker"), &name) != 0 ||
        napi_create_threadsafe_function(env, function, NULL, name, WAITING_MAX, 1, (void *)number, forget_listener,
                                        NULL, hand_over, &listener) != 0)
        return -EINVAL;
    listener_keep_running(env, 0);
    return 0;
}

void listener_close(void) { (void)napi_release_threadsafe_function(listener, NAPI_TSFN_RELEASE); }

int listener_start(int events) { return -thread_start("td-events", read_events, (void *)(intptr_t)events); }

void listener_keep_running(napi_env env, int keep) {
    (void)(keep ? napi_ref_threadsafe_function : napi_unref_threadsafe_function)(env, listener);
}

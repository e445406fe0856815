/* What the process needs once, before its first container. */
#include "open.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "events.h"
#include "life.h"
#include "shim.h"
#include "sys.h"
#include "watch.h"

struct opened opened = {.init = -1, .self = -1};

/* Node unloads the libraries of its add-ons when it exits, while our threads still run. */
static int stay_loaded(void) {
    Dl_info info;
    return dladdr((void *)(uintptr_t)td_open, &info) && dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE) ? 0 : -ELIBACC;
}

static int sealed_copy(const uint8_t *bytes, size_t length) {
    enum { MFD_EXEC_FLAG = 0x10 }; /* Linux 6.3; EINVAL before */
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("tinydocker-init", flags | MFD_EXEC_FLAG);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("tinydocker-init", flags);
    if (fd < 0)
        return -errno;
    ssize_t written = write(fd, bytes, length);
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (written == (ssize_t)length && fcntl(fd, F_ADD_SEALS, seals) == 0)
        return fd;
    int error = written < 0 ? errno : EIO;
    close(fd);
    return -error;
}

static int open_watched(void) {
    int events = events_open();
    if (events < 0)
        return events;
    int error = watch_open();
    if (!error)
        return events;
    events_close(events);
    return -error;
}

static int open_all(const uint8_t *init, size_t length) {
    opened.self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (opened.self < 0)
        return -errno;
    opened.init = sealed_copy(init, length);
    return opened.init < 0 ? opened.init : open_watched();
}

/* After a failure, such as for lack of descriptors, it can be called again. */
static void close_all(void) {
    if (opened.self >= 0)
        close(opened.self);
    if (opened.init >= 0)
        close(opened.init);
    opened = (struct opened){.init = -1, .self = -1};
}

int td_open(const uint8_t *init, size_t length) {
    if (opened.init >= 0)
        return -EALREADY;
    if (stay_loaded() != 0)
        return -ELIBACC;
    int events = open_all(init, length);
    if (events < 0)
        close_all();
    return events;
}

static uint64_t options_layout(void) {
    const uint32_t layout[] = {
        sizeof(struct td_spawn_options),
        offsetof(struct td_spawn_options, namespaces),
        offsetof(struct td_spawn_options, stdio),
        offsetof(struct td_spawn_options, lock),
        offsetof(struct td_spawn_options, cgroup),
        offsetof(struct td_spawn_options, terminal),
        offsetof(struct td_spawn_options, uid_map),
        offsetof(struct td_spawn_options, gid_map),
        offsetof(struct td_spawn_options, extra_count),
        offsetof(struct td_spawn_options, extra),
        TD_EXTRA_MAX,
        offsetof(struct td_spawn_options, joins_count),
        offsetof(struct td_spawn_options, joins),
        TD_JOINS_MAX,
        offsetof(struct td_spawn_options, relayed),
        sizeof(struct td_life),
        offsetof(struct td_life, log_bytes_max),
        offsetof(struct td_life, boot),
        offsetof(struct td_life, interval_ms),
    };
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof layout / sizeof *layout; i++)
        hash = hash * 31 + layout[i];
    return hash;
}

uint64_t td_abi(void) {
    uint64_t events = sizeof(struct td_event) ^ (uint64_t)sizeof(struct td_spawned) << 32;
    return td_layout() ^ events ^ options_layout() ^ (uint64_t)TD_FUNCTIONS << 48;
}

/* Extended attributes: xattr(7). */
#include <errno.h>
#include <sys/xattr.h>

#include "shim.h"

int td_set_attribute(const char *path, const char *name, const uint8_t *value, size_t length) {
    return lsetxattr(path, name, value, length, 0) == 0 ? 0 : -errno;
}

int td_list_attributes(const char *path, char *names, size_t room) {
    ssize_t length = llistxattr(path, names, room);
    return length < 0 ? -errno : (int)length;
}

int td_get_attribute(const char *path, const char *name, uint8_t *value, size_t room) {
    ssize_t length = lgetxattr(path, name, value, room);
    return length < 0 ? -errno : (int)length;
}

/* Device nodes in the layers of images, and overlayfs's whiteouts, which are nodes of device 0. */
#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "shim.h"

int td_make_node(const char *path, unsigned mode, unsigned major, unsigned minor) {
    return mknod(path, mode, makedev(major, minor)) == 0 ? 0 : -errno;
}
